"""One accepted request being answered: at its pace, with the failure it asked for, if any."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from qwenchat.sandbox import refusals, stream, tokens
from qwenchat.sandbox.generation import Generation, PrefixCache, generate
from qwenchat.sandbox.pace import paced
from qwenchat.sandbox.refusals import BY_STATUS, Failure, Refused
from qwenchat.sandbox.writing.answer import endless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenchat.sandbox.dialect import Dialect
    from qwenchat.sandbox.exchange import Exchange
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.staging import Staging

REMEMBERED_FLAKES = 256

_PAGE = (
    b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
    b"<p>A proxy between you and the sandbox would send a page like this.</p>"
)


class History:
    """What the server remembers between requests: prompts it read, and how often it was flaky."""

    def __init__(self) -> None:
        self.prompts = PrefixCache()
        self._refusals: OrderedDict[str, int] = OrderedDict()

    def refuse_again(self, question: str, times: int) -> bool:
        """True for the first `times` calls with this question, then False and begin anew."""
        count = self._refusals.pop(question, 0)
        if count >= times:
            return False
        self._refusals[question] = count + 1
        while len(self._refusals) > REMEMBERED_FLAKES:
            self._refusals.popitem(last=False)
        return True


@dataclass(slots=True)
class Answering:
    request: ChatRequest
    staged: Staging
    exchange: Exchange
    history: History
    dialect: Dialect
    rate: float
    sent: int = field(default=0, init=False)  # tokens

    def refuse_if_staged(self) -> None:
        staged = self.staged
        match staged.failure:
            case "error":
                failure = BY_STATUS.get(staged.number) or BY_STATUS[500]
                raise Refused(replace(failure, retry_after_s=staged.retry_after_s))
            case "flaky":
                if self.history.refuse_again(self.request.question.text, staged.number):
                    raise Refused(BY_STATUS[503])
            case "arrears":
                raise Refused(refusals.ARREARS)
            case "quota":
                raise Refused(refusals.QUOTA)
            case "busy":
                raise Refused(refusals.BUSY.get(staged.kind) or BY_STATUS[429])
            case "moderation input":
                raise Refused(refusals.MODERATED_INPUT)
            case _:
                pass

    async def run(self) -> None:
        if self.staged.slow_s:
            await asyncio.sleep(self.staged.slow_s)
        cached = self.history.prompts.read(self.request)
        generation = generate(self.request, cached_tokens=cached)
        if self.staged.failure == "html":
            await self.exchange.reply(200, _PAGE, "text/html; charset=utf-8")
        elif self.request.stream:
            await self._stream(generation)
        else:
            await self._at_once(generation)

    @property
    def _fails_midway(self) -> bool:
        """A continuation goes through, so that the page's *Continue* can be seen to work."""
        return self.staged.is_during and self.request.prefix is None

    async def _stream(self, generation: Generation) -> None:
        await self.exchange.start(
            200, "text/event-stream;charset=UTF-8", [(b"cache-control", b"no-cache")]
        )
        if self.staged.failure == "silent":
            await self.exchange.write(b"")  # sends the headers
            await _nothing_more()
        if self.staged.failure == "empty":
            await self._end(generation, finish_reason=None)
            return
        await self.exchange.write(self.dialect.first(generation))
        if self._fails_midway:
            await self._fail_midway(generation)
            return
        await self._write(stream.pieces(generation))
        await self._end(generation, finish_reason=generation.finish_reason)

    async def _write(self, pieces: Iterable[stream.Piece]) -> None:
        async for batch in paced(pieces, self.rate):
            await self.exchange.write(b"".join(map(self.dialect.piece, batch)))
            self.sent += stream.spent(batch)

    async def _end(self, generation: Generation, *, finish_reason: str | None) -> None:
        await self.exchange.end(self.dialect.last(generation, finish_reason))

    async def _fail_midway(self, generation: Generation) -> None:
        if self.staged.failure == "endless":
            more = tokens.split(endless(self.request))
            await self._write(stream.forever(generation, more))
            return
        await self._write(stream.interrupted(generation))
        match self.staged.failure:
            case "stall":
                await _nothing_more()
            case "reset":
                if not self.exchange.reset():
                    await self.exchange.end()
            case "length":
                told = self.sent - len(generation.thinking)
                usage = replace(generation.usage, completion_tokens=self.sent)
                cut = replace(generation, answer=generation.answer[:told], usage=usage)
                await self._end(cut, finish_reason="length")
            case "garbage":
                await self.exchange.end(b'data: {"choices":[{"delta":{"content":"\n\n')
            case "moderation" | "fail":
                await self.exchange.end(self.dialect.error(self._failure()))
            case _:
                await self.exchange.end()  # cut

    def _failure(self) -> Failure:
        moderated = self.staged.failure == "moderation"
        return refusals.MODERATED_OUTPUT if moderated else refusals.BROKEN

    async def _at_once(self, generation: Generation) -> None:
        """Without streaming the whole answer takes as long, and failures take its place."""
        if self.staged.failure in {"silent", "stall", "endless"}:
            await _nothing_more()
        if self.staged.failure in {"cut", "reset", "garbage"}:
            if not self.exchange.reset():
                await self.exchange.reply(200, b'{"choices":[{', "application/json")
            return
        if self.staged.failure in {"moderation", "fail"}:
            failure = self._failure()
            await self.exchange.reply_json(failure.status, self.dialect.failed(failure))
            return
        async for batch in paced(stream.pieces(generation), self.rate):
            self.sent += stream.spent(batch)
        answer = self.dialect.whole(generation)
        if self.staged.failure == "empty":
            answer.get("output", answer)["choices"] = []
        await self.exchange.reply_json(200, answer)


async def _nothing_more() -> None:
    """Waits until the client gives up, which cancels this."""
    await asyncio.Event().wait()
