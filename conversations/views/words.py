"""Every word the page's scripts say, in the page's language; `{name}` is filled in by the script.

The keys are listed in static/js/words.js, and a test compares the two.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from attachments.sentences import trouble


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
        # ---- files beside the message ----
        "fileWaiting": _("Waiting"),
        "uploadingPercent": _("Uploading {percent} %"),
        "uploadingFile": _("Uploading {name}"),
        "fetchingFile": _("Fetching from the web"),
        "fileChecking": _("Checking"),
        "filePreparing": _("Preparing"),
        "fileReady": _("{name} is ready."),
        "fileFailed": _("{name}: {reason}"),
        "fileRemoved": _("{name} removed"),
        "removeFile": _("Remove {name}"),
        "cancelFile": _("Cancel {name}"),
        "retryFile": _("Try again with {name}"),
        "waysOf": _("How {name} is sent"),
        "wayAutomatic": _("Automatic"),
        "unnamedFile": _("file"),
        "tooManyFiles": _("A message takes {limit} files; {count} were left out."),
        "uploadBroke": _("The connection broke. Try again."),
        "uploadFailed": _("The file did not arrive. Try again."),
        "uploadRefused": _("The server refused this file: it is too large."),
        "fileGone": _("This file is not there any more."),
        "draftFileGone": _("{name} is not there any more and was taken out of your draft."),
        "failedFileFirst": _("{name} could not be added. Remove it or try again, then send."),
        "sendNeedsFiles": _("A file failed: remove it or try again first"),
        "sendWaits": _("Files are still on their way; Enter sends when they are ready"),
        "sendByEnter": _("Send (Enter)"),
        "sendsWhenReady": _("Sends when the files are ready"),
        "notSentYet": _("Not sent: a file failed."),
        "noFolders": _("Folders cannot be attached. Choose the files within."),
        "pastedAsFile": _("The long text was attached as {name}."),
        "undo": _("Undo"),
        "filesOfQuestion": _("Files of this question"),
        "framesOf": _("Frames from {name}"),
        "everySeconds": _("{seconds} s"),
        "framesRange": _("Choose times between 0:00.0 and {end}, the end after the start."),
        "frameNumber": _("Frame {number}"),
        "frameAt": _("Frame at {time}"),
        "frameCount": _("{count} frames"),
        "oneFrame": _("1 frame"),
        "useFrames": _("Use {count} frames"),
        "useOneFrame": _("Use 1 frame"),
        "aboutTokens": _("about {tokens} tokens"),
        "cropSize": _("{width} × {height} pixels are sent, or fewer if the model takes fewer."),
        "ocrNotThisModel": _(
            "{model} does not read texts in pictures. Choose Auto or an OCR model."
        ),
        "pagesOf": _("Pages of {name} (1 to {count})"),
        "pagesWrong": _("Write pages like 1-3,5, up to {last}."),
        "schemaNotJson": _("This is not valid JSON."),
        "schemaNotObject": _("Each field is a hint in quotes, or an object with more fields."),
        "schemaTooDeep": _("Fields can lie within each other up to three levels."),
        "schemaRowsTooDeep": _("These fields lie too deep for the list; they can be changed here."),
        "schemaNameMissing": _("Every field needs a name."),
        "schemaNameTwice": _("“{name}” is there twice."),
        # The server's own sentences, so that a check here and one there read alike.
        "emptyFile": trouble("empty").message,
        "unsupportedType": trouble("unsupported_type").message,
        "fileTooLarge": trouble("too_large", {"limit": "{limit}"}).message,
    }
