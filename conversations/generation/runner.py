"""The process's answers: starts them, paces what readers see, saves them, ends them.

An answer belongs to the runner, never to a socket. Two tasks serve one answer: the *turn* streams and may
be cancelled; its *owner* waits for it, however it ends, and stores the outcome. Tasks start in an empty
context, so they inherit no request's language or connection.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from conversations import citations, frames, news
from conversations.database import in_database
from qwenchat import markup
from qwenchat.dashscope.errors import DashScopeError
from qwenchat.dashscope.payloads import FieldError

from . import asking, ending, store, turn
from .hub import MemoryHub
from .live import LiveAnswer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from typing import Any
    from uuid import UUID

    from conversations.models import Message

    from .ending import Reason
    from .hub import Hub

logger = logging.getLogger(__name__)

NOTHING_SAVED = -1
FINISH_AGAIN_S = (0.5, 2, 8)  # on top of the 20 s that SQLite waits for its lock by itself
DRAIN_LOOK_S = 0.5  # how soon an answer that has come to wait for its person is ended
FLUSH_S = 0.050  # a page that changes 20 times a second reads as steady writing
FLUSH_S_PER_ANSWER = (
    0.0005  # 200 answers at once: ten flushes a second each, so the process keeps up
)
FLUSH_COST_SHARE = 10  # rendering one answer may take a tenth of the time between two flushes


@dataclass(slots=True, eq=False)
class Generation:
    """One running answer's handle."""

    answer: UUID
    live: LiveAnswer | None = None
    begun: store.Begun | None = None
    run: asking.Run | None = None
    asking: asking.Asking | None = None
    task: asyncio.Task[None] | None = None
    streaming: asyncio.Task[None] | None = None
    reason: Reason | None = None
    next_flush: float = 0.0
    timer: asyncio.TimerHandle | asyncio.Handle | None = None
    saved_seq: int = NOTHING_SAVED


@dataclass(slots=True)
class Runner:
    """All answers of this process. Every method runs on its event loop."""

    hub: Hub = field(default_factory=MemoryHub)
    running: dict[UUID, Generation] = field(default_factory=dict)
    after: set[asyncio.Task[None]] = field(default_factory=set)
    is_draining: bool = False
    _saver: asyncio.Task[None] | None = None

    # ---- commands ----

    def start(self, answers: Iterable[UUID]) -> None:
        """Begins to generate answers that are stored as `queued` by this process; returns at once."""
        for answer in answers:
            generation = Generation(answer)
            self.running[answer] = generation
            generation.task = self._spawn(self._own(generation), f"answer {answer}")
        if self._saver is None or self._saver.done():
            self._saver = self._spawn(self._save_regularly(), "saver")

    def stop(self, answer: UUID, reason: Reason = "stop") -> bool:
        """Ends an answer; what came stays. False when this process does not run it."""
        generation = self.running.get(answer)
        if generation is None:
            return False
        is_first = generation.reason is None
        if is_first:
            generation.reason = reason
            if generation.asking is not None:
                generation.asking.is_ending = reason == "shutdown"
        streaming = generation.streaming
        # Said again, it must not interrupt what the first time is tidying up.
        if streaming is not None and (is_first or not streaming.cancelling()):
            streaming.cancel()
        return True

    def hurry(self, answer: UUID) -> bool:
        """Ends the thinking of an answer: the model is asked again to answer at once. False when there is
        nothing to hurry here."""
        generation = self.running.get(answer)
        asked = generation.asking if generation else None
        if generation is None or asked is None or generation.streaming is None:
            return False
        if asked.is_hurried or not asked.is_thinking or generation.reason is not None:
            return False
        asked.is_hurried = True
        generation.streaming.cancel()
        return True

    def has(self, answer: UUID) -> bool:
        """Whether this process runs the answer, from its start until its readers know of its end."""
        return answer in self.running

    async def drain(self, seconds: float) -> None:
        """Ends this process's work: running answers may finish for a while, then are interrupted.

        Those that only wait for their person are so at once: they go on waiting, and would not finish.
        """
        self.is_draining = True
        until = time.monotonic() + seconds
        left = {generation.task for generation in self.running.values() if generation.task}
        while left and (seconds_left := until - time.monotonic()) > 0:
            for generation in list(self.running.values()):
                if generation.asking is not None and generation.asking.only_waits:
                    self.stop(generation.answer, "shutdown")
            _, left = await asyncio.wait(left, timeout=min(seconds_left, DRAIN_LOOK_S))
        for answer in list(self.running):
            self.stop(answer, "shutdown")
        if left:
            await asyncio.wait(left, timeout=5)
        if self._saver is not None:
            self._saver.cancel()
        for task in list(self.after):
            task.cancel()

    # ---- one answer ----

    async def _own(self, generation: Generation) -> None:
        try:
            await self._generate(generation)
        except Exception:
            logger.exception(
                "an answer could not be ended", extra={"answer": str(generation.answer)}
            )
        finally:
            self.running.pop(generation.answer, None)
            if generation.live is not None and self.hub.live(generation.answer) is not None:
                self.hub.closed(generation.live, None)

    async def _generate(self, generation: Generation) -> None:
        failure: DashScopeError | FieldError | None = None
        crashed = False
        begun: store.Begun | None = None
        try:
            begun = await in_database(store.begin)(generation.answer)
        except (DashScopeError, FieldError) as error:
            failure = error
        except Exception:
            crashed = True
            logger.exception("an answer could not begin", extra={"answer": str(generation.answer)})
        if begun is None:
            await self._end_unbegun(generation, failure, crashed=crashed)
            return
        live = LiveAnswer(
            generation.answer,
            begun.conversation,
            begun.owner,
            text=begun.text,
            reasoning=begun.reasoning,
            reasoning_ms=begun.reasoning_ms,
            seq=begun.seq + 1,
        )
        live.sources = list(begun.sources)
        live.link = lambda html, sources: citations.linked(html, live.id, sources)
        for call in (*begun.calls, *begun.code_runs):
            live.show_call(frames.call(call))
        run = asking.Run(started=time.monotonic())
        generation.live, generation.begun, generation.run = live, begun, run
        self.hub.opened(live)
        self.hub.flushed(live)
        logger.info("answer started", extra={"answer": str(live.id), "model": begun.model})
        if generation.reason is None:
            asked = asking.Asking(live, run, lambda: self._changed(generation))
            generation.asking = asked
            generation.streaming = self._spawn(turn.run(begun, asked), f"turn {generation.answer}")
            if not await self._is_done_in_time(generation.streaming, asked):
                self.stop(generation.answer, "deadline")
                await asyncio.wait({generation.streaming})
        await self._end(generation, live, begun, run)

    @staticmethod
    async def _is_done_in_time(streaming: asyncio.Task[None], asked: asking.Asking) -> bool:
        """Waits for the turn. The time that its person takes to allow a call is not the answer's."""
        while True:
            left = settings.LIMITS.answer_seconds - asked.worked_s(time.monotonic())
            done, _ = await asyncio.wait({streaming}, timeout=max(left, 0))
            if done or left <= 0:
                return bool(done)

    async def _end(
        self, generation: Generation, live: LiveAnswer, begun: store.Begun, run: asking.Run
    ) -> None:
        if generation.timer is not None:
            generation.timer.cancel()
        live.flush()
        self.hub.flushed(live)
        html = live.whole_html()
        if html is None and live.was_rendered:  # what no page has shown is rendered once one does
            html = await asyncio.to_thread(markup.render, live.text)
        live.seq += 1
        outcome = ending.outcome(live, run, generation.reason, html)
        message = await self._finish(outcome)
        live.status = outcome.status
        logger.info(
            "answer ended",
            extra={
                "answer": str(live.id),
                "model": begun.model,
                "status": str(outcome.status),
                "code": outcome.exchange.error_code,
                "detail": outcome.exchange.error_detail,
                "request_id": outcome.exchange.request_id,
                "first_token_ms": outcome.exchange.first_token_ms,
                "total_ms": outcome.exchange.total_ms,
                "completion_tokens": outcome.exchange.completion_tokens,
            },
        )
        if message is None:  # deleted, or ended by another process that took this one for dead
            message = await in_database(store.found)(live.id)
        self.hub.closed(live, message)
        if message is not None:
            await self._tell(message)
            self._follow_up(
                ending.followed_up(message, live, lambda: self._writes_to(live.conversation))
            )

    async def _finish(self, outcome: store.Outcome) -> Message | None:
        """Stores the end. A database that is locked or gone is asked again for a while; what it has until
        then is a second old, and the reaper marks it as interrupted."""
        for wait_s in FINISH_AGAIN_S:
            try:
                return await in_database(store.finish)(outcome)
            except DatabaseError:
                logger.exception("an answer's end is not stored yet")
            await asyncio.sleep(wait_s)
        return await in_database(store.finish)(outcome)

    async def _end_unbegun(
        self,
        generation: Generation,
        failure: DashScopeError | FieldError | None,
        *,
        crashed: bool,
    ) -> None:
        message = await in_database(store.finish_unbegun)(
            generation.answer, ending.code_of(failure), stopped=failure is None and not crashed
        )
        if message is not None:
            live = LiveAnswer(message.id, message.conversation_id, 0, seq=message.seq)
            self.hub.closed(live, message)
            await self._tell(message)

    def _writes_to(self, conversation: UUID, but: UUID | None = None) -> bool:
        """Whether this process writes an answer (other than `but`) in the conversation."""
        return any(
            each.live is not None and each.live.conversation == conversation
            for each in self.running.values()
            if each.answer != but
        )

    async def _tell(self, message: Message) -> None:
        """The sidebar of every page, and the pages of other processes, learn of the end."""
        try:
            generating = self._writes_to(message.conversation_id, but=message.id)
            row = news.row_of(message.conversation, generating=generating)
            await news.answer_ended(message.conversation.owner_id, message.id, row)
        except Exception:
            logger.warning("the end of an answer could not be told", exc_info=True)

    # ---- what readers see ----

    def _changed(self, generation: Generation) -> None:
        """Something has come: it is flushed when the answer's next flush is due, the first at once."""
        if generation.timer is not None:
            return
        loop = asyncio.get_running_loop()
        delay = generation.next_flush - loop.time()
        if delay <= 0:
            self._flush(generation)
        else:
            generation.timer = loop.call_later(delay, self._flush, generation)

    def _flush(self, generation: Generation) -> None:
        live = generation.live
        generation.timer = None
        if live is None:
            return
        live.status = "streaming" if live.is_dirty else live.status
        live.flush()
        generation.next_flush = asyncio.get_running_loop().time() + max(
            FLUSH_S,
            FLUSH_S_PER_ANSWER * len(self.running),
            FLUSH_COST_SHARE * live.render_s,
        )
        self.hub.flushed(live)

    # ---- saving ----

    async def _save_regularly(self) -> None:
        """Saves what has grown, and signs of life for the rest, until nothing runs any more."""
        while self.running:
            await asyncio.sleep(settings.LIMITS.save_milliseconds / 1000)
            try:
                await self.save()
            except Exception:
                # A full disk or a lost database: the stream goes on, the next second tries again.
                logger.exception("running answers could not be saved")

    async def save(self) -> None:
        generations = [each for each in self.running.values() if each.live is not None]
        if not generations:
            return
        progress, silent = [], []
        for each in generations:
            live = each.live
            if live is None:
                continue
            if live.seq == each.saved_seq:
                silent.append(live.id)
            else:
                progress.append(
                    store.Progress(live.id, live.text, live.reasoning, live.seq, live.reasoning_ms)
                )
                each.saved_seq = live.seq
        try:
            ended = await in_database(store.save)(progress, silent)
        except DatabaseError:
            for each in generations:
                each.saved_seq = NOTHING_SAVED
            raise
        for answer in ended:
            self.stop(answer, "stop")

    # ---- tasks ----

    def _follow_up(self, work: Coroutine[Any, Any, None] | None) -> None:
        """Work after an answer's end, such as a title, which nobody waits for."""
        if work is None:
            return
        if self.is_draining:
            work.close()
            return
        task = self._spawn(work, "after an answer")
        self.after.add(task)
        task.add_done_callback(self.after.discard)

    @staticmethod
    def _spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(
            work, name=name, context=contextvars.Context()
        )


runner = Runner()
