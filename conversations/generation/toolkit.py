"""The tools of one answer: which are offered to the model, and what they may reach of the application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from attachments import deliver
from attachments.addresses import allowed
from attachments.models import Attachment, Kind
from conversations.database import in_database
from conversations.models import Conversation, Message
from conversations.toolbox import weather
from conversations.toolbox.offer import Connections
from conversations.toolbox.offer import offered as offered_by_servers
from qwenchat.tools import builtin
from qwenchat.tools.context import Context, Excerpt, FoundConversation, ToolError
from qwenchat.tools.fetching import fetch
from qwenchat.tools.known import KnownAddresses

from . import addresses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from typing import Any
    from uuid import UUID

    from qwenchat.tools.declaring import Tool

    from .store import Begun

EXCERPT_CHARACTERS = 300
WORDS = 8
LOOKED_AT = 200  # messages that hold a word, newest first


def offered(names: Iterable[str]) -> list[Tool]:
    """The tools of these names that this server has; others are left out."""
    wanted = set(names)
    return [tool for tool in builtin.tools() if tool.name in wanted]


def schema_for(name: str, owner: int) -> Mapping[str, Any] | None:
    """What arguments of this tool have to fit now; None when it is not offered to this person any more."""
    ours = offered([name])
    if ours:
        return ours[0].schema
    theirs = (tool for _, listed in offered_by_servers(owner) for tool in listed)
    return next((tool.schema for tool in theirs if tool.name == name), None)


@asynccontextmanager
async def opened(answer: UUID, begun: Begun) -> AsyncIterator[tuple[Sequence[Tool], Context]]:
    """The answer's tools and what they are given; what they opened is closed at the end."""
    ours = offered(begun.tools)
    asks = any(tool.asks is not None for tool in ours)
    context = Context(
        timezone=begun.options.timezone or "UTC",
        fetch=partial(fetch, allow=allowed()),
        known=await addresses.known_to(answer) if asks else KnownAddresses(),
        search=partial(search, begun.owner, begun.conversation),
        read_attachment=partial(read_attachment, begun.conversation),
        weather=weather.provider(),
    )
    async with Connections(begun.owner) as connections:
        tools = [*ours, *await connections.tools(begun.tools)]
        yield [tool for tool in tools if tool.is_available(context)], context


async def search(
    owner: int, conversation: UUID, words: str, most: int
) -> Sequence[FoundConversation]:
    return await in_database(found)(owner, conversation, words, most)


def found(owner: int, conversation: UUID, words: str, most: int) -> list[FoundConversation]:
    """The person's own conversations that hold all the words, newest first; not the current one."""
    wanted = [word for word in words.split()[:WORDS] if word]
    if not wanted:
        raise ToolError("Give at least one word to search for.")
    holds = Q()
    for word in wanted:
        holds &= Q(text__icontains=word) | Q(conversation__title__icontains=word)
    rows = (
        Message.objects.filter(holds, conversation__owner_id=owner)
        .exclude(conversation_id=conversation)
        .select_related("conversation")
        .order_by("-created")[:LOOKED_AT]
    )
    results: dict[UUID, FoundConversation] = {}
    for row in rows:
        if row.conversation_id not in results:
            results[row.conversation_id] = result_of(row, wanted[0])
        if len(results) == most:
            break
    return list(results.values())


def result_of(message: Message, word: str) -> FoundConversation:
    at = max(message.text.lower().find(word.lower()) - EXCERPT_CHARACTERS // 3, 0)
    conversation: Conversation = message.conversation
    return FoundConversation(
        title=conversation.title,
        date=message.created.date().isoformat(),
        excerpt=message.text[at : at + EXCERPT_CHARACTERS],
        url=f"{settings.QWENCHAT_URL}{conversation.get_absolute_url()}",
    )


async def read_attachment(conversation: UUID, name: str, start: int, count: int) -> Excerpt:
    """A part of a document that is attached in this conversation."""
    attachment = await in_database(attached)(conversation, name)
    text = await in_database(deliver.text_of)(attachment)
    return Excerpt(attachment.name, text[start : start + count], start, len(text))


def attached(conversation: UUID, name: str) -> Attachment:
    rows = list(
        Attachment.objects.select_related("file")
        .filter(in_messages__message__conversation_id=conversation, file__kind=Kind.DOCUMENT)
        .distinct()
    )
    for row in rows:
        if name in (row.name, str(row.id)):
            return row
    names = ", ".join(sorted({row.name for row in rows})) or "none"
    raise ToolError(f"No document of this name is attached here. Attached are: {names}.")
