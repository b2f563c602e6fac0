"""What will be said in answer to a request, decided before the first token leaves.

A generation is a pure function of the request: thinking, answer, finish reason and usage. Only
the number of cached tokens depends on what this server has read before, and is given.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import interpreting, tokens, writing
from qwenchat.sandbox.ocr import tasks as ocr
from qwenchat.sandbox.searching.sources import TOKENS_EACH, found
from qwenchat.sandbox.tooling import choosing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.interpreting import Run
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.searching.sources import Source
    from qwenchat.sandbox.tooling.calls import ToolCall

CACHE_FROM_TOKENS = 256  # shorter beginnings aren't cached by the service
CACHED_CONVERSATIONS = 1024
_EXTRA = {"tool": "sandbox", "result": "Made up by the sandbox: no rates, weather or stocks here."}
CALL_TOKENS = 8  # of a call besides its arguments


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int  # thinking included, as it is billed
    reasoning_tokens: int
    cached_tokens: int
    image_tokens: int = 0
    video_tokens: int = 0
    searches: int = 0

    def body(self) -> dict[str, Any]:
        details: dict[str, int] = {"text_tokens": self.completion_tokens}
        if self.reasoning_tokens:
            details["reasoning_tokens"] = self.reasoning_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": self.prompt_details(),
            "completion_tokens_details": details,
        }

    def prompt_details(self) -> dict[str, int]:
        details = {"cached_tokens": self.cached_tokens}
        if self.image_tokens:
            details["image_tokens"] = self.image_tokens
        if self.video_tokens:
            details["video_tokens"] = self.video_tokens
        if len(details) > 1:
            details["text_tokens"] = self.prompt_tokens - self.image_tokens - self.video_tokens
        return details

    def media_body(self) -> dict[str, Any]:
        """The native protocol's way of telling what the media cost."""
        media = {"image_tokens": self.image_tokens, "video_tokens": self.video_tokens}
        told = {name: value for name, value in media.items() if value}
        text_tokens = self.prompt_tokens - sum(told.values())
        return {**told, "input_tokens_details": {**told, "text_tokens": text_tokens}}


@dataclass(frozen=True, slots=True)
class Generation:
    thinking: tuple[str, ...]  # tokens
    answer: tuple[str, ...]
    finish_reason: str  # "stop", "length" or "tool_calls"
    usage: Usage
    calls: tuple[ToolCall, ...] = ()
    call_style: str = "A"
    sources: tuple[Source, ...] = ()  # only told by the native protocol
    prepends_sources: bool = False
    extra_tool: dict[str, str] | None = None  # what a search in a special field gave
    ocr_result: dict[str, Any] | None = None
    runs: tuple[Run, ...] = ()  # between the thoughts; their code is only told by the native one


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
            for media in message.parts:
                digest.update("\x00".join(media.urls).encode(errors="surrogatepass"))
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
    ran = interpreting.runs(request)
    thinking, ran = _thought(request, ran) if request.thinking else ([], ())
    thinking = thinking[: request.thinking_budget]
    limit = request.max_tokens
    if request.max_completion_tokens is not None:
        # This limit counts the thinking too, which may use it up before the first word.
        thinking = thinking[: request.max_completion_tokens]
        limit = min(limit, request.max_completion_tokens - len(thinking))
    calls = choosing.calls(request)
    sources = () if calls else found(request)
    usage = Usage(
        prompt_tokens=request.prompt_tokens + TOKENS_EACH * len(sources),
        completion_tokens=len(thinking),
        reasoning_tokens=len(thinking),
        cached_tokens=cached_tokens,
        image_tokens=request.image_tokens,
        video_tokens=request.video_tokens,
        searches=1 if sources else 0,
    )
    if calls:
        return _called(calls, Generation(tuple(thinking), (), "tool_calls", usage), request, limit)
    read = ocr.answer(request) if request.model.has_ocr_tasks else None
    printed = ran if request.prefix is None else interpreting.worked_out(request)
    text = writing.write(request, sources, printed) if read is None else read.text
    text, finish_reason = _stopped(text, request.stop)
    answer = tokens.split(text)
    if len(answer) > limit:
        answer, finish_reason = answer[:limit], "length"
    tells = request.search is not None and request.search.sources
    return Generation(
        tuple(thinking),
        tuple(answer),
        finish_reason,
        replace(usage, completion_tokens=len(thinking) + len(answer)),
        sources=sources if tells else (),
        prepends_sources=request.search is not None and request.search.prepends,
        extra_tool=_EXTRA if request.search is not None and request.search.extension else None,
        ocr_result=read.result if read is not None else None,
        runs=ran,
    )


def _thought(request: ChatRequest, ran: Sequence[Run]) -> tuple[list[str], tuple[Run, ...]]:
    """The thoughts, and the programs where they ran between them: what each printed is thought
    about after it."""
    thinking = tokens.split(writing.think(request))
    placed: list[Run] = []
    for run in ran:
        placed.append(replace(run, after=len(thinking)))
        thinking += tokens.split(writing.think_of(run, request))
    return thinking, tuple(placed)


def _called(
    calls: tuple[ToolCall, ...], generation: Generation, request: ChatRequest, limit: int
) -> Generation:
    """Calls instead of words; what doesn't fit into the limit is cut off, as models do."""
    kept: list[ToolCall] = []
    spent = 0
    reason = "tool_calls"
    for call in calls:
        arguments = tokens.split(call.arguments)
        room = limit - spent - CALL_TOKENS
        if len(arguments) > room:
            kept.append(replace(call, arguments="".join(arguments[: max(0, room)])))
            spent, reason = limit, "length"
            break
        kept.append(call)
        spent += CALL_TOKENS + len(arguments)
    usage = generation.usage
    return replace(
        generation,
        finish_reason=reason,
        usage=replace(usage, completion_tokens=usage.completion_tokens + spent),
        calls=tuple(kept),
        call_style=choosing.style(request),
    )


def _stopped(text: str, stop: tuple[str, ...]) -> tuple[str, str]:
    """The text up to the first stop sequence, which is left out itself."""
    ends = [at for sequence in stop if (at := text.find(sequence)) >= 0]
    return (text[: min(ends)] if ends else text), "stop"
