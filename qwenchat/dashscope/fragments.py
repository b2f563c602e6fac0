"""Which tool call a fragment belongs to.

The service numbers its calls, and the number decides: ids and names may be repeated, empty or
missing (Source: dashscope-api §3.4). Other servers leave the number out
(https://github.com/ollama/ollama/issues/7881) or write 0 for every call of an answer
(https://github.com/ollama/ollama/issues/15457); then ids, names, and whether the arguments so far
are whole tell the calls apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from .texts import TextJoiner

if TYPE_CHECKING:
    from collections.abc import Iterator

# More calls than any model makes at once; an index above it is nonsense and must not grow anything.
MOST_CALLS = 128


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    joiner: TextJoiner = field(default_factory=TextJoiner)

    @property
    def is_begun(self) -> bool:
        return bool(self.arguments)

    @property
    def is_whole(self) -> bool:
        try:
            orjson.loads("".join(self.arguments))
        except orjson.JSONDecodeError:
            return False
        return True

    def is_other(self, call_id: str, name: str) -> bool:
        """Tell whether a fragment with this id and name begins another call at the same number."""
        if not (call_id and name and self.id) or call_id == self.id:
            return False
        return name != self.name or self.is_whole


class Calls:
    """The calls of one answer, each at a place of its own: the number that it came with, where that
    is free."""

    __slots__ = ("_by_number", "_calls", "_last")

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._by_number: dict[int, int] = {}
        self._last: int | None = None

    def __bool__(self) -> bool:
        return bool(self._calls)

    def place_of(self, number: object, call_id: str, name: str) -> int | None:
        """Give the place of the call that this fragment begins or goes on with; None when it can be
        no call's."""
        if type(number) is not int:
            place = self._unnumbered(call_id, name)
        elif not 0 <= number < MOST_CALLS:
            return None
        else:
            place = self._numbered(number, call_id, name)
        if place is None or (place not in self._calls and len(self._calls) >= MOST_CALLS):
            return None
        call = self._calls.setdefault(place, _Call())
        call.id, call.name = call.id or call_id, call.name or name
        self._last = place
        return place

    def add(self, place: int, arguments: str, *, may_be_broken: bool) -> str:
        """Take in more arguments of a call, and give them clean."""
        call = self._calls[place]
        text = call.joiner.feed(arguments, may_be_broken=may_be_broken)
        if text:
            call.arguments.append(text)
        return text

    def close(self) -> Iterator[tuple[int, str]]:
        """Give what was held back of each call's arguments."""
        for place, call in self._calls.items():
            if text := call.joiner.close():
                yield place, text

    def _numbered(self, number: int, call_id: str, name: str) -> int:
        place = self._by_number.get(number)
        if place is None:
            place = self._free(number)
        elif self._calls[place].is_other(call_id, name):
            place = next((at for at, call in self._calls.items() if call.id == call_id), None)
            place = self._free(number) if place is None else place
        self._by_number[number] = place
        return place

    def _unnumbered(self, call_id: str, name: str) -> int | None:
        for place, call in self._calls.items():
            if call_id and call.id == call_id:
                return place
        last = None if self._last is None else self._calls[self._last]
        if last is None or not name:
            return 0 if last is None else self._last
        goes_on = not call_id and last.name == name and last.is_begun and not last.is_whole
        return self._last if goes_on or not last.name else max(self._calls) + 1

    def _free(self, number: int) -> int:
        return number if number not in self._calls else max(self._calls) + 1
