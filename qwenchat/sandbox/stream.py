"""The order in which an answer leaves: thoughts and what ran between them, text, calls of tools.

Calls come in fragments, in one of the shapes that clients have met (source: the service's notes,
"Tool-call deltas"); `Fragment` leaves out what such a shape leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, cycle, islice, zip_longest
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from qwenchat.sandbox.interpreting import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qwenchat.sandbox.generation import Generation
    from qwenchat.sandbox.tooling.calls import ToolCall

FAILS_AFTER = 40  # tokens of the answer before a staged failure, or half of a shorter one
FRAGMENT_CHARACTERS = 7  # about two tokens


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a call, as it stands in `delta.tool_calls`."""

    entry: dict[str, Any]
    arguments: str = ""


Piece: TypeAlias = tuple[Literal["thinking", "answer"], str] | Fragment | Run


def spent(batch: Sequence[Piece]) -> int:
    """How many tokens these pieces are; that a program ran is none."""
    return sum(not isinstance(piece, Run) for piece in batch)


def pieces(generation: Generation) -> Iterator[Piece]:
    waiting = list(generation.runs)
    for at, text in enumerate(generation.thinking):
        while waiting and waiting[0].after <= at:
            yield waiting.pop(0)
        yield "thinking", text
    yield from waiting
    for text in generation.answer:
        yield "answer", text
    each = [fragments(call, at, generation.call_style) for at, call in enumerate(generation.calls)]
    if generation.call_style == "E":
        rows = zip_longest(*each)
        yield from (fragment for row in rows for fragment in row if fragment is not None)
        return
    yield from chain.from_iterable(each)


def fragments(call: ToolCall, index: int, style: str) -> Iterator[Fragment]:
    """One call in the shape `style`: "A" begins with arguments and goes on with an empty id, "B"
    begins without arguments and repeats the id, "C" ends with null arguments, "D" has a null name
    and null arguments in between."""
    parts = [
        call.arguments[at : at + FRAGMENT_CHARACTERS]
        for at in range(0, len(call.arguments), FRAGMENT_CHARACTERS)
    ]
    named: dict[str, Any] = {"name": call.name}
    if style != "B":
        named["arguments"] = parts.pop(0) if style == "A" and parts else ""
    yield _fragment(index, call.id, named)
    if style == "D":
        yield _fragment(index, "", {"name": None, "arguments": None})
    for part in parts:
        again = {"arguments": part}
        yield _fragment(index, call.id if style == "B" else "", again)
    if style == "C":
        yield _fragment(index, "", {"arguments": None})


def _fragment(index: int, call_id: str, function: dict[str, Any]) -> Fragment:
    entry = {"index": index, "id": call_id, "type": "function", "function": function}
    return Fragment(entry, function.get("arguments") or "")


def interrupted(generation: Generation) -> Iterator[Piece]:
    """The pieces before a staged failure: all the thinking, and a part of the answer."""
    until = min(FAILS_AFTER, len(generation.answer) // 2)
    return islice(pieces(generation), len(generation.thinking) + len(generation.runs) + until)


def forever(generation: Generation, more: Iterable[str]) -> Iterator[Piece]:
    repeated: Iterator[Piece] = (("answer", text) for text in cycle(more))
    return chain(pieces(generation), repeated)
