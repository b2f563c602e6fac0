"""What will be said in answer to a request, decided before the first token leaves.

A generation is a pure function of the request: thinking, answer, finish reason and usage. Only
the number of cached tokens depends on what this server has read before, and is given.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import tokens, writing

if TYPE_CHECKING:
    from qwenchat.sandbox.request import ChatRequest

CACHE_FROM_TOKENS = 256  # shorter beginnings aren't cached by the service
CACHED_CONVERSATIONS = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int  # thinking included, as it is billed
    reasoning_tokens: int
    cached_tokens: int

    def body(self) -> dict[str, Any]:
        details: dict[str, int] = {"text_tokens": self.completion_tokens}
        if self.reasoning_tokens:
            details["reasoning_tokens"] = self.reasoning_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": details,
        }


@dataclass(frozen=True, slots=True)
class Generation:
    thinking: tuple[str, ...]  # tokens
    answer: tuple[str, ...]
    finish_reason: str  # "stop" or "length"
    usage: Usage


class PrefixCache:
    """Remembers which beginnings of conversations this server has read, by their hashes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def read(self, request: ChatRequest) -> int:
        """How many prompt tokens were read before; remembers this prompt."""
        digest = hashlib.blake2b(request.name.encode(), digest_size=16)
        total = cached = 0
        for message in request.messages:
            part = f"\x00{message.role}\x00{message.text}\x00{message.extra}"
            digest.update(part.encode(errors="surrogatepass"))
            total += message.tokens
            key = digest.digest()
            if key in self._seen and total >= CACHE_FROM_TOKENS:
                cached = total
            self._seen[key] = None
            self._seen.move_to_end(key)
        while len(self._seen) > CACHED_CONVERSATIONS:
            self._seen.popitem(last=False)
        return cached


def generate(request: ChatRequest, *, cached_tokens: int = 0) -> Generation:
    thinking = tokens.split(writing.think(request)) if request.thinking else []
    thinking = thinking[: request.thinking_budget]
    text, finish_reason = _stopped(writing.write(request), request.stop)
    answer = tokens.split(text)
    limit = request.max_tokens
    if request.max_completion_tokens is not None:
        # This limit counts the thinking too, which may use it up before the first word.
        thinking = thinking[: request.max_completion_tokens]
        limit = min(limit, request.max_completion_tokens - len(thinking))
    if len(answer) > limit:
        answer, finish_reason = answer[:limit], "length"
    usage = Usage(
        prompt_tokens=request.prompt_tokens,
        completion_tokens=len(thinking) + len(answer),
        reasoning_tokens=len(thinking),
        cached_tokens=cached_tokens,
    )
    return Generation(tuple(thinking), tuple(answer), finish_reason, usage)


def _stopped(text: str, stop: tuple[str, ...]) -> tuple[str, str]:
    """The text up to the first stop sequence, which is left out itself."""
    ends = [at for sequence in stop if (at := text.find(sequence)) >= 0]
    return (text[: min(ends)] if ends else text), "stop"
