"""One answer from its request to its end: the service's events are folded into the live state.

The turn is the part of a generation that may be cancelled at any moment (by `stop`, by shutdown). It
stores nothing: what came is in the live state, how it went is in its `Run`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from conversations import service
from qwenchat.dashscope.errors import DashScopeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenchat.dashscope.events import Event

    from .live import LiveAnswer
    from .store import Begun

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """How a request went; times are monotonic seconds, None until they happen."""

    started: float
    first: float | None = None
    first_text: float | None = None
    ended: float | None = None
    error: DashScopeError | None = None
    crashed: bool = False
    reached_limit: bool = False

    def since_start_ms(self, moment: float | None) -> int | None:
        return None if moment is None else round((moment - self.started) * 1000)


async def run(begun: Begun, live: LiveAnswer, run: Run, changed: Callable[[], None]) -> None:
    """Streams one request into `live`, calling `changed` after each read that brought something.

    Errors of the service end up in `run.error`. Cancelling closes the upstream connection at once.
    """

    def waiting(attempt: int, wait_s: float, error: DashScopeError) -> None:
        logger.info(
            "the model service is asked again",
            extra={"answer": str(live.id), "attempt": attempt, "code": error.code},
        )
        live.waiting_s = max(1, round(wait_s))
        changed()

    most = settings.LIMITS.answer_bytes
    stream = service.client().stream(begun.body, on_retry=waiting)
    try:
        async for events in stream:
            has_waited, live.waiting_s = live.waiting_s, 0
            has_grown = fold(events, live, run)
            if live.size > most:
                run.reached_limit = True
                break
            # A stream begins with an event that says nothing: flushed, it would delay the first word.
            if has_grown or has_waited:
                changed()
    except DashScopeError as error:
        run.error = error
    except Exception:
        run.crashed = True
        logger.exception("an answer failed", extra={"answer": str(live.id)})
    finally:
        run.ended = time.monotonic()
        await stream.aclose()


def fold(events: list[Event], live: LiveAnswer, run: Run) -> bool:
    """Whether there is more to show than before."""
    had_text, before, epoch = live.has_text, live.size, live.epoch
    for event in events:
        live.apply(event)
    if live.size == before:
        return live.epoch != epoch
    now = time.monotonic()
    if run.first is None:
        run.first = now
    if live.has_text and not had_text and run.first_text is None:
        run.first_text = now
        if live.reasoning or run.first != now:
            live.reasoning_ms = run.since_start_ms(now)
    return True
