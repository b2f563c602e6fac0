"""Calls in shapes that servers other than the service write, or that break its own rules.

`/sandbox shape` asks for them, in the compatible protocol only: a client has to bear them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwenchat.sandbox.generation import Generation

UNNUMBERED = "F"
CLOSING = "G"  # whole, in the chunk that ends the answer
STOPPING = "H"  # with "stop" as the reason to finish
ALL_FIRST = "I"  # all numbered 0
ONE_ID = "J"


def shaped(entry: dict[str, Any], style: str, first_id: str) -> dict[str, Any]:
    """A fragment or a whole call in this shape."""
    if style == UNNUMBERED:
        return {name: value for name, value in entry.items() if name != "index"}
    if style == ALL_FIRST:
        return entry | {"index": 0}
    if style == ONE_ID and entry["id"]:
        return entry | {"id": first_id}
    return entry


def whole(generation: Generation) -> list[dict[str, Any]]:
    """All calls as an answer in one piece has them."""
    first_id = generation.calls[0].id
    return [
        shaped(call.as_json(index), generation.call_style, first_id)
        for index, call in enumerate(generation.calls)
    ]


def finish_reason(generation: Generation, reason: str) -> str:
    stops = generation.call_style == STOPPING and reason == "tool_calls"
    return "stop" if stops else reason
