"""Every word the page's scripts say, in the page's language; `{name}` is filled in by the script.

The keys are listed in static/js/words.js, and a test compares the two.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def words() -> dict[str, str]:
    return {
        # ---- an answer, as it comes ----
        "answering": _("{model} is answering"),
        "answerComplete": _("Answer complete, {count} words"),
        "answerCompleteOne": _("Answer complete, one word"),
        "answerStopped": _("Answer stopped. What came so far is kept."),
        "answerInterrupted": _("Answer interrupted. What came so far is saved."),
        "answerFailed": _("The answer failed."),
        "thinkingFor": _("Thinking, {seconds} s"),
        "thoughtFor": _("Thought for {seconds} s"),
        "writing": _("Writing"),
        "waitingFor": _("Busy, next try in {seconds} s"),
        # ---- the connection ----
        "reconnectingIn": _("Reconnecting in {seconds} s… Your draft is kept."),
        "reconnecting": _("Reconnecting… Your draft is kept."),
        "connectionLost": _("Connection lost. Reconnecting…"),
        "connectionBack": _("Connected again"),
        "signedOut": _("You are signed out. Your draft is kept."),
        "signIn": _("Sign in"),
        "newVersion": _("A new version of this page is ready. Your draft is kept."),
        "reload": _("Reload"),
        # ---- actions ----
        "copied": _("Copied"),
        "copyFailed": _("Copying did not work. Select the text and press Ctrl C."),
        "copy": _("Copy"),
        "wrap": _("Wrap lines"),
        "retry": _("Retry"),
        "retryIn": _("Retry in {seconds} s"),
        "tryAgainIn": _("You can try again in {seconds} s."),
        "failed": _("That did not work. Try again."),
        "tooLong": _("This text is too long to send."),
        "editQuestion": _("Edit the question"),
        "saveAndAsk": _("Save and ask"),
        "cancel": _("Cancel"),
        # ---- lists and controls ----
        "conversationGone": _("This conversation was deleted."),
        "newAnswer": _(", new answer"),
        "generating": _(", still answering"),
        "rowActions": _("Actions for “{title}”"),
        "queued": _("Queued: it is sent when this answer ends"),
        "unqueued": _("Removed from the queue"),
        "jump": pgettext("button", "Latest"),
        "jumpNew": _("Latest: new text below"),
        "modelButton": _("Model: {model}. Change model"),
        "thinkingNever": _("{model} cannot think before it answers"),
        "thinkingAlways": _("{model} always thinks before it answers"),
    }
