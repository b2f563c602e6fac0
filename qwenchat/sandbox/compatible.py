"""The compatible protocol: chat completions as chunks, and the same answer in one piece.

A stream is, one line each with a blank line behind it (source: the service's notes, "SSE framing"
and "Thinking stream"):

    data: {"choices":[{"delta":{"content":"","role":"assistant"},"index":0,...}],...}
    data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":null,...}],...}
    data: {"choices":[{"delta":{"content":""},"finish_reason":"stop",...}],...}
    data: {"choices":[],"usage":{...},...}            only with include_usage
    data: [DONE]

With thinking, `reasoning_content` comes first and `content` is null beside it; nothing but the
change of field marks where the answer begins. Which programs ran is not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwenchat.sandbox import rules
from qwenchat.sandbox.exchange import JSON
from qwenchat.sandbox.interpreting import Run
from qwenchat.sandbox.stream import Fragment
from qwenchat.sandbox.tooling import shapes

if TYPE_CHECKING:
    from qwenchat.sandbox.generation import Generation
    from qwenchat.sandbox.refusals import Failure
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.stream import Piece

DONE = b"data: [DONE]\n\n"


def event(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


class Compatible:
    """Id, time and model stay the same throughout an answer."""

    def __init__(self, request_id: str, created: int) -> None:
        self._request_id = request_id
        self._created = created
        self._request: ChatRequest | None = None
        self._framed = False
        self._style = self._first_id = ""

    def read(self, body: dict[str, Any]) -> ChatRequest:
        # The service frames refusals of streaming requests as an event, with the real status.
        self._framed = body.get("stream") is True
        self._request = rules.read_chat(body)
        return self._request

    @property
    def _thinking(self) -> bool:
        return self._request is not None and self._request.thinking

    def first(self, generation: Generation) -> bytes:
        if generation.calls:
            self._style, self._first_id = generation.call_style, generation.calls[0].id
        if self._thinking:
            return self._delta({"content": None, "reasoning_content": "", "role": "assistant"})
        content = None if generation.calls and not generation.answer else ""
        return self._delta({"content": content, "role": "assistant"})

    def piece(self, piece: Piece) -> bytes:
        if isinstance(piece, Run):
            return b""
        if isinstance(piece, Fragment):
            if self._style == shapes.CLOSING:
                return b""
            entry = shapes.shaped(piece.entry, self._style, self._first_id)
            return self._delta({"content": None, "tool_calls": [entry]})
        kind, text = piece
        if kind == "thinking":
            return self._delta({"content": None, "reasoning_content": text})
        if self._thinking:
            return self._delta({"content": text, "reasoning_content": None})
        return self._delta({"content": text})

    def last(self, generation: Generation, finish_reason: str | None) -> bytes:
        end = b""
        if finish_reason is not None:
            delta: dict[str, Any] = {} if generation.calls else {"content": ""}
            if generation.calls and self._style == shapes.CLOSING:
                delta = {"content": None, "tool_calls": shapes.whole(generation)}
            end = self._delta(delta, shapes.finish_reason(generation, finish_reason))
        if self._request is not None and self._request.include_usage:
            end += event(self._chunk([], generation.usage.body()))
        return end + DONE

    def error(self, failure: Failure) -> bytes:
        return event(self.failed(failure))

    def failed(self, failure: Failure) -> dict[str, Any]:
        return failure.body(self._request_id)

    def refusal(self, failure: Failure) -> tuple[bytes, str]:
        body = self.failed(failure)
        return (event(body), "text/event-stream") if self._framed else (orjson.dumps(body), JSON)

    def whole(self, generation: Generation) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(generation.answer)}
        if self._thinking:
            message["reasoning_content"] = "".join(generation.thinking)
        if generation.calls:
            message["tool_calls"] = shapes.whole(generation)
        return {
            **self._envelope("chat.completion"),
            "choices": [
                {
                    "index": index,
                    "finish_reason": shapes.finish_reason(generation, generation.finish_reason),
                    "logprobs": None,
                    "message": message,
                }
                for index in range(self._request.n if self._request else 1)
            ],
            "usage": generation.usage.body(),
        }

    def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"delta": delta, "index": 0, "logprobs": None, "finish_reason": finish_reason}
        return event(self._chunk([choice], None))

    def _chunk(self, choices: list[Any], usage: dict[str, Any] | None) -> dict[str, Any]:
        return {
            **self._envelope("chat.completion.chunk"),
            "choices": choices,
            "usage": usage,
        }

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self._request_id}",
            "object": kind,
            "created": self._created,
            "model": self._request.name if self._request else "",
            "system_fingerprint": None,
        }
