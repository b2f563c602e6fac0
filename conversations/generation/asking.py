"""One request of an answer: stored before it is sent, streamed, and stored again with what became of it."""

from __future__ import annotations

import logging
import time
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from conversations import service
from conversations.database import in_database
from conversations.models import CallStatus
from qwenchat.dashscope.events import CodeRun, TextWasReasoning, ToolCallDelta
from qwenchat.dashscope.folding import joined

from . import store
from .coderuns import CodeRuns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from conversations.pieces import FileProblem
    from qwenchat.dashscope.errors import DashScopeError
    from qwenchat.dashscope.events import Event, ToolCall

    from .live import LiveAnswer

logger = logging.getLogger(__name__)

ID_CHARACTERS = 100
DETAIL_CHARACTERS = 500
FINISH_REASON_CHARACTERS = 40


@dataclass(slots=True)
class Gathered:
    """The calls of one round, as their fragments come; `size` in characters of arguments."""

    calls: dict[int, list[ToolCallDelta]] = field(default_factory=dict)
    size: int = 0
    last: int | None = None  # the place of the call that came last, of those that were taken

    def add(self, delta: ToolCallDelta) -> None:
        self.calls.setdefault(delta.index, []).append(delta)
        self.last = delta.index
        self.size += len(delta.arguments)

    def taken(self) -> list[ToolCall]:
        """What has come, in order; the next round begins with none."""
        order = sorted(self.calls)
        found = [joined(self.calls[index]) for index in order]
        self.last = order.index(self.last) if self.last in self.calls else None
        self.calls, self.size = {}, 0
        return found


class ReachedLimit(Exception):
    """The answer is as long as one may be."""


@dataclass(slots=True)
class Run:
    """How an answer's requests went; times are monotonic seconds, None until they happen.

    `round` is the request whose end is not stored yet. `goes_on`: what finished asked for tools, so that
    the answer is not over.
    """

    started: float
    first: float | None = None
    first_text: float | None = None
    ended: float | None = None
    error: DashScopeError | FileProblem | None = None
    crashed: bool = False
    reached_limit: bool = False
    goes_on: bool = False
    round: int | None = None

    def since_start_ms(self, moment: float | None) -> int | None:
        return None if moment is None else round((moment - self.started) * 1000)


@dataclass(slots=True)
class Asking:
    """The way from an answer to the service: what it does shows in `live`, and how it went in `run`."""

    live: LiveAnswer
    run: Run
    changed: Callable[[], None]
    began: float = field(default_factory=time.monotonic)
    first: float | None = None
    gathered: Gathered = field(default_factory=Gathered)
    is_hurried: bool = False
    is_ending: bool = False  # its process ends: what waits for a person goes on waiting
    is_streaming: bool = False
    number: int = 0
    told_text: int = 0
    told_reasoning: int = 0
    waited_s: float = 0.0
    code_runs: CodeRuns = field(init=False)
    _waiting: int = 0
    _waiting_since: float = 0.0

    def __post_init__(self) -> None:
        self.code_runs = CodeRuns(self.live)

    @property
    def is_thinking(self) -> bool:
        """Whether the model has written nothing in this request yet, neither text nor a call."""
        return (
            self.is_streaming
            and not self.gathered.calls
            and not self.live.has_text_after(self.told_text)
        )

    @property
    def only_waits(self) -> bool:
        """Whether nothing happens until its person decides about a call."""
        running = any(
            shown.call["status"] == CallStatus.RUNNING for shown in self.live.calls.values()
        )
        return bool(self._waiting) and not running

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While a person is waited for, the answer's own time stands still."""
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.waited_s += time.monotonic() - self._waiting_since

    def worked_s(self, now: float) -> float:
        """How long the answer has been written, without the time that its person took."""
        waits = now - self._waiting_since if self._waiting else 0.0
        return now - self.run.started - self.waited_s - waits

    def tell(self, state: str, name: str, page: int = 0, pages: int = 0) -> None:
        """Says what is being done before there is anything to read; "" takes it back."""
        self.live.say(state, name, page, pages)
        self.changed()

    async def begin(self, number: int, body: dict[str, Any], *, native: bool) -> None:
        """Stores the request that is about to be sent."""
        await in_database(store.add_round)(self.live.id, number, body, native=native)
        self.run.round = self.number = number
        self.run.goes_on = False
        self.began, self.first = time.monotonic(), None

    async def end(self, error: DashScopeError | None) -> None:
        """Stores what became of a request when others follow; the last one's end is the answer's."""
        live, number = self.live, self.run.round
        self.run.round = None
        if number is not None:
            exchange = exchange_of(live, error)
            exchange = store.Exchange(
                **{
                    **exchange.as_fields(),
                    "error_code": error.code if error else "",
                    "first_token_ms": self.since_began_ms(self.first),
                    "total_ms": self.since_began_ms(time.monotonic()),
                }
            )
            await in_database(store.finish_round)(live.id, number, exchange)
        live.usage, live.finish_reason = None, ""

    def round_text(self) -> tuple[str, str]:
        """Text and reasoning that have come since the last round of tool calls, which is over then."""
        live = self.live
        live.flush()
        text, reasoning = live.text[self.told_text :], live.reasoning[self.told_reasoning :]
        self.told_text, self.told_reasoning = len(live.text), len(live.reasoning)
        live.part()
        return text, reasoning

    def drop_round(self) -> None:
        """Forgets what the request that is being ended brought, but for what the page shows of it."""
        self.gathered.taken()
        self.round_text()

    def since_began_ms(self, moment: float | None) -> int | None:
        return None if moment is None else round((moment - self.began) * 1000)

    async def stream(
        self, body: dict[str, Any], *, native: bool
    ) -> AsyncGenerator[list[Event], None]:
        """The events of one request. Raises the client's errors, and `ReachedLimit` when it is enough.

        Closing it, or cancelling, closes the upstream connection at once.
        """

        def waiting(attempt: int, wait_s: float, error: DashScopeError) -> None:
            logger.info(
                "the model service is asked again",
                extra={"answer": str(self.live.id), "attempt": attempt, "code": error.code},
            )
            self.live.waiting_s = max(1, round(wait_s))
            self.changed()

        source = service.client().stream(body, native=native, on_retry=waiting)
        self.is_streaming = True
        try:
            async with aclosing(source) as stream:
                async for events in stream:
                    yield events
                    if self.live.size + self.gathered.size > settings.LIMITS.answer_bytes:
                        raise ReachedLimit
        finally:
            self.is_streaming = False
            self.live.pause(time.monotonic())

    def fold(self, events: list[Event]) -> bool:
        """Folds what has come into the live state; whether there is more to show than before."""
        live, run = self.live, self.run
        had_waited, live.waiting_s = live.waiting_s, 0
        had_text, before, epoch = live.has_text, live.size, live.epoch
        had_sources, has_run = bool(live.sources), False
        had_reasoned = live.is_reasoning
        now = time.monotonic()
        for event in events:
            if isinstance(event, ToolCallDelta):
                self.gathered.add(event)
            elif isinstance(event, CodeRun):
                self.code_runs.add(self.number, event)
                has_run = True
            live.apply(event)
            live.reasons_at(now)
        leaked = any(isinstance(event, TextWasReasoning) for event in events)
        if leaked and run.first_text is not None:
            live.reasoning_ms = live.reasoned_ms(now) + round((now - run.first_text) * 1000)
            run.first_text = None
        if live.size == before:
            return (
                has_run
                or bool(had_waited)
                or live.epoch != epoch
                or had_sources != bool(live.sources)
                or had_reasoned != live.is_reasoning
            )
        live.say("")
        if self.first is None:
            self.first = now
        if run.first is None:
            run.first = now
        if live.has_text and not had_text and run.first_text is None:
            run.first_text = now
        return True


def exchange_of(live: LiveAnswer, error: DashScopeError | FileProblem | None) -> store.Exchange:
    """What the service said of the last request: without times, and without our own verdict."""
    usage = live.usage
    request_id = live.request_id or (error.request_id if error else "") or ""
    return store.Exchange(
        model=live.model[:ID_CHARACTERS],
        request_id=request_id[:ID_CHARACTERS],
        response_id=live.response_id[:ID_CHARACTERS],
        finish_reason=live.finish_reason[:FINISH_REASON_CHARACTERS],
        error_detail=str(error)[:DETAIL_CHARACTERS] if error else "",
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        cached_tokens=usage.cached_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
    )
