"""Where running answers are found, and who is told that one has changed.

`Hub` is what the rest of the program may rely on. `MemoryHub` is the one process; an implementation over
Redis Streams will fold the same events into the same `LiveAnswer`s in other processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from conversations.models import Message

    from .live import LiveAnswer


class Reader(Protocol):
    """Somebody who shows answers. Both calls return at once: they only note that there is news."""

    def changed(self, answer: UUID) -> None: ...

    def ended(self, live: LiveAnswer, message: Message | None) -> None: ...


class Hub(Protocol):
    def live(self, answer: UUID) -> LiveAnswer | None:
        """The state of a running answer; None once it has ended."""

    def opened(self, live: LiveAnswer) -> None: ...

    def flushed(self, live: LiveAnswer) -> None:
        """Something new can be read."""

    def closed(self, live: LiveAnswer, message: Message | None) -> None:
        """The answer has ended and is stored; readers take the rest of the state, then the end."""

    def attach(self, answer: UUID, reader: Reader) -> None: ...

    def detach(self, answer: UUID, reader: Reader) -> None: ...


class MemoryHub:
    """One process: a dict of states, and the readers of each."""

    def __init__(self) -> None:
        self._live: dict[UUID, LiveAnswer] = {}
        self._readers: dict[UUID, set[Reader]] = {}

    def live(self, answer: UUID) -> LiveAnswer | None:
        return self._live.get(answer)

    def opened(self, live: LiveAnswer) -> None:
        self._live[live.id] = live

    def flushed(self, live: LiveAnswer) -> None:
        for reader in self._readers.get(live.id, ()):
            reader.changed(live.id)

    def closed(self, live: LiveAnswer, message: Message | None) -> None:
        self._live.pop(live.id, None)
        for reader in list(self._readers.get(live.id, ())):
            reader.ended(live, message)

    def attach(self, answer: UUID, reader: Reader) -> None:
        self._readers.setdefault(answer, set()).add(reader)

    def detach(self, answer: UUID, reader: Reader) -> None:
        readers = self._readers.get(answer)
        if readers is not None:
            readers.discard(reader)
            if not readers:
                del self._readers[answer]
