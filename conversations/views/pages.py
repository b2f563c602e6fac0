"""The chat's page: a new chat, a conversation with a page of its branch, and the branch alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import access, branches, presenting
from conversations.models import Message, Role
from conversations.toolbox import catalogue as toolcatalogue
from qwenchat.doors import page

from . import frame, options, picker, sidebar, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse

    from conversations.models import Conversation
    from qwenchat.doors import MemberRequest


@dataclass(frozen=True, slots=True)
class BranchPage:
    """A stretch of a branch, and where the messages before and after it are (empty: nowhere)."""

    messages: list[presenting.ShownMessage]
    leaf: UUID | None
    older: str = ""
    newer: str = ""


@require_safe
@page
def new_chat(request: MemberRequest) -> HttpResponse:
    return new_chat_with(request, sidebar.listed(request.user, current=None))


@require_safe
@page
def conversations(request: MemberRequest) -> HttpResponse:
    """A page of the list as a fragment; without script, a new chat with that page beside it."""
    listed = sidebar.asked(request)
    if request.htmx:
        return render(request, "conversations/_conversations.html", {"list": listed})
    return new_chat_with(request, listed)


def new_chat_with(request: MemberRequest, listed: sidebar.Listed) -> HttpResponse:
    context = {"page": BranchPage([], None), "heading": _("New chat"), "list": listed}
    return shown(request, None, context)


@require_safe
@page
def conversation(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """The conversation with the end of a branch: the current one, or the one through `?leaf=`.

    `?before=` asks for what comes before a message; htmx gets it as a fragment.
    """
    found = access.conversation_for(request.user, conversation)
    if "before" in request.GET:
        shown_page = page_before(found, message_in(found, request.GET["before"]))
        if request.htmx:
            return render(request, "conversations/_messages.html", {"page": shown_page})
    else:
        shown_page = branch_page(found, leaf_asked(request, found))
    context = {
        "page": shown_page,
        "heading": sidebar.title_of(found),
        "list": sidebar.listed(request.user, current=found.id),
    }
    return shown(request, found, context)


@require_safe
@page
def thread(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """The current branch alone, for a page that was away."""
    found = access.conversation_for(request.user, conversation)
    context = {"conversation": found, "page": branch_page(found, leaf_asked(request, found))}
    return render(request, "conversations/_thread.html", context)


def shown(
    request: MemberRequest, conversation: Conversation | None, context: dict[str, Any]
) -> HttpResponse:
    everywhere = {
        "conversation": conversation,
        "picker": picker.picker(conversation.model if conversation else ""),
        "option_fields": options.fields(),
        "person": frame.person(request.user),
        "themes": frame.themes(request.COOKIES.get("theme", "")),
        "languages": frame.languages(),
        "shortcuts": frame.shortcuts(),
        "suggestions": frame.suggestions(),
        "text_characters": settings.LIMITS.text_characters,
        "words": words.words(),
        "upload_limits": frame.upload_limits(),
        "tool_entries": toolcatalogue.catalogue(request.user),
    }
    return render(request, "conversations/show.html", everywhere | context)


def leaf_asked(request: MemberRequest, conversation: Conversation) -> UUID | None:
    if "leaf" not in request.GET:
        return conversation.leaf_id
    return branches.leaf_below(message_in(conversation, request.GET["leaf"]))


def message_in(conversation: Conversation, message: str) -> Message:
    found = conversation.messages.filter(id=access.parsed(message)).first()
    if found is None:
        raise access.NotFound
    return found


def branch_page(conversation: Conversation, leaf: UUID | None) -> BranchPage:
    """The last page of the branch that ends in `leaf`."""
    messages, older = last_page(conversation, leaf)
    return BranchPage(messages, leaf, older=older)


def page_before(conversation: Conversation, message: Message) -> BranchPage:
    """The page of the branch that ends right before `message`."""
    messages, older = last_page(conversation, message.parent_id)
    newer = f"{conversation.get_absolute_url()}?leaf={message.id}"
    return BranchPage(messages, conversation.leaf_id, older=older, newer=newer)


def last_page(
    conversation: Conversation, leaf: UUID | None
) -> tuple[list[presenting.ShownMessage], str]:
    size = settings.LIMITS.messages_per_page
    messages = branches.last_messages(conversation, leaf, size + 1)
    older = ""
    if len(messages) > size:
        messages = messages[1:]
        older = f"{reverse('conversation', args=[conversation.id])}?before={messages[0].id}"
    lanes = lanes_beside(messages)
    everyone = {message.id: message for message in messages}
    everyone |= {member.id: member for family in lanes.values() for member in family}
    places = branches.places(everyone.values())
    return presenting.thread(messages, places, lanes=lanes), older


def lanes_beside(messages: Sequence[Message]) -> dict[UUID, list[Message]]:
    """For each answer that was asked of several models at once: all of that asking, in order.

    Those of one asking carry the same `models` and were numbered one after the other.
    """
    chosen = [message for message in messages if presenting.lanes_of(message)]
    if not chosen:
        return {}
    parents = {message.parent_id for message in chosen}
    beside = Message.objects.filter(parent_id__in=parents, role=Role.ASSISTANT).order_by("number")
    families: dict[tuple[UUID | None, tuple[str, ...]], list[Message]] = {}
    for answer in beside:
        if presenting.lanes_of(answer):
            key = (answer.parent_id, tuple(answer.options["models"]))
            families.setdefault(key, []).append(answer)
    return {
        message.id: asked_with(
            message, families.get((message.parent_id, tuple(message.options["models"])), [])
        )
        for message in chosen
    }


def asked_with(message: Message, family: Sequence[Message]) -> list[Message]:
    """The run of `family` stored with `message`: its model's place says where the run begins."""
    models = message.options["models"]
    position = models.index(message.model) if message.model in models else 0
    first = message.number - position
    run = [member for member in family if first <= member.number < first + len(models)]
    return run or [message]
