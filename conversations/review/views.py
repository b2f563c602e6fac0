"""The reviewers' pages: a transcript, the requests behind one answer, and marking as reviewed.

All are reached through `ConversationAdmin`, which lets in only staff; each asks for the permission
itself. Whatever shows something of a conversation writes an `Opening` first; it is also what lets the
reader see the files in it (`grants`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from conversations.models import Conversation, Message
from conversations.sharing import links
from conversations.toolbox.models import PERMISSION as MANAGE_TOOLS

from . import transcripts
from .grants import PERMISSION as PERMISSION
from .models import NOTE_CHARACTERS, Opening, Review
from .openings import record

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

may_review = permission_required(PERMISSION, raise_exception=True)


class ReviewForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note for colleagues"),
        required=False,
        max_length=NOTE_CHARACTERS,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )


@may_review
@require_safe
def transcript(request: HttpRequest, conversation: UUID) -> HttpResponse:
    opened = conversation_by(conversation)
    through = message_of(opened, request.GET.get("leaf"))
    before = message_of(opened, request.GET.get("before"))
    record(request, opened, Opening.What.TRANSCRIPT)
    return page(request, opened, ReviewForm(), through=through, before=before)


def page(
    request: HttpRequest,
    opened: Conversation,
    form: ReviewForm,
    *,
    through: Message | None = None,
    before: Message | None = None,
) -> HttpResponse:
    leaf = transcripts.leaf_of(opened, through)
    context = {
        "conversation": opened,
        "title": opened.title or _("New chat"),
        "page": transcripts.page_of(opened, leaf, before),
        "facts": transcripts.facts_of(opened),
        "reviews": list(opened.reviews.all()),
        "openings": transcripts.openings_of(opened),
        "shares": transcripts.shares_of(opened),
        "form": form,
        **frame(request),
    }
    return render(request, "admin/review/transcript.html", context)


@may_review
@require_safe
def requests(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    """The exact requests that made one answer."""
    opened = conversation_by(conversation)
    answer = get_object_or_404(Message, id=message, conversation=opened)
    record(request, opened, Opening.What.REQUESTS, answer.id)
    context = {
        "conversation": opened,
        "title": opened.title or _("New chat"),
        "answer": answer,
        "requests": transcripts.requests_of(answer),
        **frame(request),
    }
    return render(request, "admin/review/requests.html", context)


@may_review
@require_POST
def review(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Marks the conversation as reviewed, with the note."""
    reviewed = conversation_by(conversation)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        record(request, reviewed, Opening.What.TRANSCRIPT)
        response = page(request, reviewed, form)
        response.status_code = 422
        return response
    Review.objects.create(
        conversation=reviewed,
        reviewer_id=request.user.pk,
        reviewer_name=request.user.get_username(),
        messages=reviewed.next_number - 1,
        note=form.cleaned_data["note"],
    )
    logger.info(
        "conversation reviewed",
        extra={"reviewer": request.user.pk, "conversation": str(reviewed.id)},
    )
    messages.success(request, _("Marked as reviewed."))
    return redirect("admin:conversations_conversation_change", reviewed.id)


@may_review
@require_POST
def end_share(request: HttpRequest, conversation: UUID, share: UUID) -> HttpResponse:
    """Ends a link that should not be read any more; who did it is written down first."""
    of = conversation_by(conversation)
    found = get_object_or_404(links.of(of), id=share)
    record(request, of, Opening.What.SHARE_ENDED)
    links.end(found)
    messages.success(request, _("The link has ended."))
    return redirect("admin:conversations_conversation_change", of.id)


def conversation_by(id_: UUID) -> Conversation:
    return get_object_or_404(Conversation.objects.select_related("owner"), id=id_)


def message_of(conversation: Conversation, id_: str | None) -> Message | None:
    """The message of this conversation that a query names, None if it names none, or `Http404`."""
    if not id_:
        return None
    try:
        wanted = UUID(id_)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Message, id=wanted, conversation=conversation)


def frame(request: HttpRequest) -> dict[str, Any]:
    """The staff's sidebar: the pages that this person may open."""
    user = request.user
    links = [
        (True, "admin:conversations_conversation_changelist", "search", _("All transcripts")),
        (
            user.has_perm("conversations.view_opening"),
            "admin:conversations_opening_changelist",
            "history",
            _("Audit log"),
        ),
        (
            user.has_perm(MANAGE_TOOLS),
            "admin:conversations_toolserver_changelist",
            "tool",
            _("Tool servers"),
        ),
        (user.has_perm("auth.view_user"), "admin:auth_user_changelist", "users", _("People")),
        (True, "admin:index", "sliders", _("Administration")),
    ]
    return {
        "links": [
            {"url": reverse(name), "icon": icon, "words": words}
            for allowed, name, icon, words in links
            if allowed
        ]
    }
