"""The addresses that an answer's model did not make up: which of them its branch has named so far.

Named by the person, by a search, or by a page that was opened. Not by other tools: one that says again what
it was given would make any address a known one. Not by documents either, for now: they are asked about.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conversations import rounds
from conversations.branches import last_messages
from conversations.database import in_database
from conversations.models import CallStatus, Message, Role, ToolCall
from qwenchat.tools.builtin.fetch_page import fetch_page
from qwenchat.tools.known import KnownAddresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any
    from uuid import UUID

# What is older is asked about.
MOST_MESSAGES = 400
MOST_PAGES = 100
MOST_CHARACTERS = (
    2_000_000  # of the person's words, and of pages: a second's work for the densest texts
)


@dataclass(frozen=True, slots=True)
class Named:
    """What the branch holds, newest first: the person's words, pages as the model saw them, addresses that
    are no prose."""

    said: Sequence[str] = ()
    pages: Sequence[str] = ()
    urls: Sequence[str] = ()


async def known_to(answer: UUID) -> KnownAddresses:
    """The addresses that are named in the branch of this answer."""
    return await asyncio.to_thread(collected, await in_database(named)(answer))


def collected(named: Named) -> KnownAddresses:
    known = KnownAddresses()
    for url in named.urls:
        known.add(url)
    for text in within(named.said):
        known.add_said(text)
    for text in within(named.pages):
        known.add_written(text)
    return known


def within(texts: Iterable[str]) -> Iterator[str]:
    """The first texts, up to a length that is read in no time."""
    left = MOST_CHARACTERS
    for text in texts:
        left -= len(text)
        if left < 0:
            return
        yield text


def named(answer: UUID) -> Named:
    row = Message.objects.select_related("conversation").filter(id=answer).first()
    if row is None:
        return Named()
    branch = last_messages(row.conversation, row.id, MOST_MESSAGES)[::-1]
    opened = ToolCall.objects.filter(
        message__in=[each.id for each in branch if each.role == Role.ASSISTANT],
        name=fetch_page.name,
        origin="",
        status=CallStatus.DONE,
    )
    calls = list(opened.order_by("-created")[:MOST_PAGES])
    return Named(
        said=[row.conversation.system, *(each.text for each in branch if each.role == Role.USER)],
        pages=[call.result for call in calls],
        urls=[
            *(url for each in branch for url in urls_of(each.sources)),
            *(address_of(call) for call in calls),
        ],
    )


def urls_of(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """The addresses that a search found."""
    return [str(source.get("url") or "") for source in sources]


def address_of(call: ToolCall) -> str:
    """Where the page was; a person has let it through, or it was known."""
    return str(rounds.arguments_of(call).get("url") or "")
