"""What a tool is given beside its arguments: hooks into the application, all optional.

A tool sees no key, no other conversation and no other person: only what is in here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from .fetching import Fetched, fetch
from .known import KnownAddresses


class ToolError(Exception):
    """A tool cannot do what it was asked; the message is for the model, and says what would help."""


class Fetch(Protocol):
    """The safe fetch, with its rules already chosen."""

    async def __call__(self, url: str, *, accept: Collection[str], max_bytes: int) -> Fetched: ...


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather at one place now, in metric units."""

    place: str
    temperature_c: float
    feels_like_c: float | None
    humidity_percent: float | None
    wind_kmh: float | None
    conditions: str
    observed: str  # local time at the place, ISO 8601
    source: str


class WeatherProvider(Protocol):
    """Gives the current weather of a named place; `ToolError` when there is none."""

    async def __call__(self, city: str, *, fetch: Fetch) -> Weather: ...


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """One of the person's own conversations in which something was found."""

    title: str
    date: str
    excerpt: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of an attached document; characters are counted from 0."""

    name: str
    text: str
    start: int
    total_characters: int


# (words, most results) -> what was found, best first; only in conversations of the person who asks
SearchConversations = Callable[[str, int], Awaitable[Sequence[FoundConversation]]]
# (name or id, first character, most characters) -> the excerpt; ToolError for an unknown name
ReadAttachment = Callable[[str, int, int], Awaitable[Excerpt]]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """`timezone` is the person's own, by its IANA name; `known` are addresses that no model made up."""

    timezone: str = "UTC"
    now: Callable[[], datetime] = utc_now
    fetch: Fetch = fetch
    known: KnownAddresses = field(default_factory=KnownAddresses)
    weather: WeatherProvider | None = None
    search: SearchConversations | None = None
    read_attachment: ReadAttachment | None = None
    # For tools that this project did not write: whatever their author and the caller agree on.
    extra: dict[str, object] = field(default_factory=dict)
