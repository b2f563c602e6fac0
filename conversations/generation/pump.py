"""Brings one socket up to date: a frame for each answer that has changed, as fast as the page shows them.

The pump waits for "something changed", asks each changed answer what is new since this socket's cursor,
sends that one frame, and only then looks again. Daphne never makes `send` wait, so the page says what it
has shown (`seen`); with too much on the way the pump holds back, and what comes meanwhile merges.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from conversations import activities, dressing
from conversations.encoding import encoded

from .live import Cursor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from conversations.commands import Format
    from conversations.models import Message

    from .hub import Hub
    from .live import LiveAnswer


class TooSlow(Exception):
    """The page has shown nothing for too long while too much waits for it."""


@dataclass(slots=True)
class Watched:
    """One answer that this socket shows."""

    cursor: Cursor
    unseen: deque[tuple[int, int]] = field(default_factory=deque)  # (seq, bytes) on the way


class Pump:
    """A reader of answers for one socket. `send` takes a text frame, `send_end` a stored answer."""

    def __init__(
        self,
        hub: Hub,
        send: Callable[[str], Awaitable[None]],
        send_end: Callable[[Message, Format, int], Awaitable[None]],
    ) -> None:
        self.hub = hub
        self.send = send
        self.send_end = send_end
        self.watched: dict[UUID, Watched] = {}
        self.unseen_bytes = 0
        self._dirty: dict[UUID, None] = {}
        self._ended: dict[UUID, tuple[LiveAnswer, Message | None]] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    # ---- what the hub calls ----

    def changed(self, answer: UUID) -> None:
        self._dirty[answer] = None
        self._news.set()

    def ended(self, live: LiveAnswer, message: Message | None) -> None:
        self._ended[live.id] = (live, message)
        self.changed(live.id)

    # ---- what the consumer calls ----

    def watch(self, answer: UUID, format: Format, *, cut: bool) -> None:
        """Shows this answer from now on; anew, with a snapshot, when it was shown already."""
        self.unwatch(answer)
        self.watched[answer] = Watched(Cursor(format, cut))
        self.hub.attach(answer, self)
        if self.hub.live(answer) is not None:
            self.changed(answer)

    def unwatch(self, answer: UUID) -> Format | None:
        """Shows the answer no longer; gives the format in which it was shown, if it was."""
        watched = self.watched.pop(answer, None)
        if watched is None:
            return None
        self.hub.detach(answer, self)
        self._forget(watched)
        return watched.cursor.format

    def waits_in_vain(self, answer: UUID) -> bool:
        """Whether the page waits for an answer whose end this process's hub will not bring."""
        return (
            answer in self.watched and answer not in self._ended and self.hub.live(answer) is None
        )

    def seen(self, answer: UUID, seq: int) -> None:
        watched = self.watched.get(answer)
        if watched is None:
            return
        while watched.unseen and watched.unseen[0][0] <= seq:
            self.unseen_bytes -= watched.unseen.popleft()[1]
        if self.unseen_bytes <= settings.LIMITS.unseen_bytes:
            self._room.set()

    def close(self) -> None:
        for answer in list(self.watched):
            self.unwatch(answer)

    # ---- the pump itself ----

    async def run(self) -> None:
        """Until cancelled. Raises `TooSlow` when the page shows nothing any more."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._dirty:
                await self._wait_for_room()
                answer = next(iter(self._dirty))
                del self._dirty[answer]
                await self._bring_up_to_date(answer)

    async def _bring_up_to_date(self, answer: UUID) -> None:
        watched = self.watched.get(answer)
        over = self._ended.pop(answer, None)
        if watched is None:
            return
        live = over[0] if over else self.hub.live(answer)
        if live is None:
            return
        started = time.perf_counter()
        has_news = not over or live.text or live.reasoning or live.calls
        frames = live.frames(watched.cursor) if has_news else []
        for frame in frames:
            if frame["type"] == "snapshot" and frame.get("thinking"):
                frame["thinking_ms"] = live.reasoned_ms(time.monotonic())
        if frames:
            live.render_s = time.perf_counter() - started
        for frame in frames:
            await self._send(frame, watched)
        if over is not None:
            self.unwatch(answer)
            message = over[1]
            if message is not None:
                await self.send_end(message, watched.cursor.format, live.seq)

    async def _send(self, frame: dict[str, Any], watched: Watched) -> None:
        if watched.cursor.format == "html":
            dressing.dress(frame)
        if "activity" in frame:  # the socket's own context knows the reader's language
            frame["activity"] = activities.sentence(frame["activity"])
        text = encoded(frame)
        watched.unseen.append((frame["seq"], len(text)))
        self.unseen_bytes += len(text)
        await self.send(text)

    async def _wait_for_room(self) -> None:
        if self.unseen_bytes <= settings.LIMITS.unseen_bytes:
            return
        self._room.clear()
        try:
            async with asyncio.timeout(settings.LIMITS.unseen_seconds):
                await self._room.wait()
        except TimeoutError:
            raise TooSlow from None

    def _forget(self, watched: Watched) -> None:
        self.unseen_bytes -= sum(size for _, size in watched.unseen)
        watched.unseen.clear()
        if self.unseen_bytes <= settings.LIMITS.unseen_bytes:
            self._room.set()
