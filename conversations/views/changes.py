"""What a person changes about a conversation by hand: its branch, its title, its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from conversations import access, actions, news
from conversations.generation.runner import runner
from conversations.models import RUNNING, TITLE_CHARACTERS
from conversations.sharing import links
from qwenchat.doors import page
from qwenchat.refusals import Refusal

from . import pages, sidebar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any
    from uuid import UUID

    from conversations.models import Conversation
    from qwenchat.doors import MemberRequest

logger = logging.getLogger(__name__)


@require_POST
@page
def branch(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """Shows the branch through the posted `message` from now on; answers with the thread."""
    found = access.conversation_for(request.user, conversation)
    message = pages.message_in(found, request.POST.get("message", ""))
    leaf = actions.choose_branch(found, message)
    told_of(found)
    context = {"conversation": found, "page": pages.branch_page(found, leaf)}
    return render(request, "conversations/_thread.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rename(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """Asks for a title, or takes it. A dialog for htmx, else a page of its own."""
    found = access.conversation_for(request.user, conversation)
    if request.method != "POST":
        return asked_for_title(request, found, found.title)
    title = request.POST.get("title", "")
    try:
        actions.rename(found, title)
    except Refusal as refusal:
        return asked_for_title(request, found, title, error=refusal.message)
    told_of(found)
    if not request.htmx:
        return HttpResponseRedirect(found.get_absolute_url())
    # The page does with it what it does with the same news from the socket, which may be down.
    row = news.row_of(found, generating=found.is_generating)
    return trigger_client_event(HttpResponse(), "renamed", row)


def asked_for_title(
    request: MemberRequest, conversation: Conversation, title: str, error: str = ""
) -> HttpResponse:
    context = {
        "title": title,
        "error": error,
        "title_characters": TITLE_CHARACTERS,
        "cancel": _("Cancel"),
    }
    heading = _("Rename conversation")
    return dialog(request, conversation, "conversations/_rename.html", heading, context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """Asks whether to delete the conversation, or does it."""
    found = access.conversation_for(request.user, conversation)
    if request.method != "POST":
        context = {
            "title": sidebar.title_of(found),
            "cancel": _("Keep"),
            "is_shared": links.of(found).exists(),
        }
        heading = _("Delete this conversation?")
        return dialog(request, found, "conversations/_delete.html", heading, context)
    here = shows(request, found)
    id_ = found.id
    running = list(found.messages.filter(status__in=RUNNING).values_list("id", flat=True))
    actions.delete(found)
    told(ended, request.user.id, id_, running)
    if not request.htmx:
        return HttpResponseRedirect(reverse("new_chat"))
    if here:
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("new_chat")})
    return render(request, "conversations/_deleted.html", {"id": id_})


async def ended(user: int, conversation: UUID, running: list[UUID]) -> None:
    """Stops what still writes into a conversation that is gone, and tells the pages."""
    for answer in running:
        if not runner.stop(answer):
            await news.stop_asked(user, answer)
    await news.conversation_deleted(user, conversation)


def told_of(conversation: Conversation) -> None:
    row = news.row_of(conversation, generating=conversation.is_generating)
    told(news.conversation_changed, conversation.owner_id, row)


def told(tell: Callable[..., Awaitable[None]], *facts: Any) -> None:
    """Tells the person's pages; what was done stands, whether or not the news gets through."""
    try:
        async_to_sync(tell)(*facts)
    except Exception:
        logger.warning("news could not be told", exc_info=True)


def dialog(
    request: MemberRequest,
    conversation: Conversation,
    template: str,
    heading: str,
    context: dict[str, Any],
) -> HttpResponse:
    """The same fragment as a dialog over the page, or as a page where there is no script."""
    context |= {"conversation": conversation, "heading": heading, "dialog": template}
    return render(request, template if request.htmx else "conversations/dialog.html", context)


def shows(request: MemberRequest, conversation: Conversation) -> bool:
    """Whether the page that asks shows this conversation."""
    here = urlsplit(request.headers.get("HX-Current-URL", "")).path
    return here == conversation.get_absolute_url()
