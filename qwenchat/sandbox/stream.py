"""The service's chunk sequence, and the same answer in one piece.

A stream is, one line each with a blank line behind it (source: the service's notes, "SSE framing"
and "Thinking stream"):

    data: {"choices":[{"delta":{"content":"","role":"assistant"},"index":0,...}],...}
    data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":null,...}],...}
    data: {"choices":[{"delta":{"content":""},"finish_reason":"stop",...}],...}
    data: {"choices":[],"usage":{...},...}            only with include_usage
    data: [DONE]

With thinking, `reasoning_content` comes first and `content` is null beside it; nothing but the
change of field marks where the answer begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwenchat.sandbox.generation import Generation, Usage
    from qwenchat.sandbox.request import ChatRequest

DONE = b"data: [DONE]\n\n"
FAILS_AFTER = 40  # tokens of the answer before a staged failure, or half of a shorter one

Piece: TypeAlias = tuple[Literal["thinking", "answer"], str]


def event(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Chunks:
    """Builds the chunks of one answer: id, time and model stay the same throughout."""

    response_id: str
    created: int
    model: str

    def first(self, *, thinking: bool) -> bytes:
        if thinking:
            return self._delta({"content": None, "reasoning_content": "", "role": "assistant"})
        return self._delta({"content": "", "role": "assistant"})

    def piece(self, piece: Piece, *, thinking: bool) -> bytes:
        kind, text = piece
        if kind == "thinking":
            return self._delta({"content": None, "reasoning_content": text})
        if thinking:
            return self._delta({"content": text, "reasoning_content": None})
        return self._delta({"content": text})

    def last(self, finish_reason: str) -> bytes:
        return self._delta({"content": ""}, finish_reason)

    def usage(self, usage: Usage) -> bytes:
        return event(self._chunk([], usage.body()))

    def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"delta": delta, "index": 0, "logprobs": None, "finish_reason": finish_reason}
        return event(self._chunk([choice], None))

    def _chunk(self, choices: list[Any], usage: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "choices": choices,
            "object": "chat.completion.chunk",
            "usage": usage,
            "created": self.created,
            "system_fingerprint": None,
            "model": self.model,
            "id": self.response_id,
        }


def pieces(generation: Generation) -> Iterator[Piece]:
    for text in generation.thinking:
        yield "thinking", text
    for text in generation.answer:
        yield "answer", text


def interrupted(generation: Generation) -> Iterator[Piece]:
    """The pieces before a staged failure: all the thinking, and a part of the answer."""
    until = min(FAILS_AFTER, len(generation.answer) // 2)
    return islice(pieces(generation), len(generation.thinking) + until)


def forever(generation: Generation, more: Iterable[str]) -> Iterator[Piece]:
    repeated: Iterator[Piece] = (("answer", text) for text in cycle(more))
    return chain(pieces(generation), repeated)


def completion(request: ChatRequest, generation: Generation, chunks: Chunks) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(generation.answer)}
    if request.thinking:
        message["reasoning_content"] = "".join(generation.thinking)
    return {
        "id": chunks.response_id,
        "object": "chat.completion",
        "created": chunks.created,
        "model": chunks.model,
        "system_fingerprint": None,
        "choices": [
            {
                "index": index,
                "finish_reason": generation.finish_reason,
                "logprobs": None,
                "message": message,
            }
            for index in range(request.n)
        ],
        "usage": generation.usage.body(),
    }
