"""A deadline for reads that costs nothing per read.

`asyncio.timeout` must not span the `yield` of a generator: it would cancel whatever its caller is
doing at that moment (PEP 789). One around every read would set and cancel a timer for every token.
`Patience` keeps one timer, which looks only when it fires whether it has been overtaken.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Patience:
    """Cancels the read in `with patience:` when it lasts beyond `deadline` and turns that into
    TimeoutError.

    `deadline` is a time of the event loop's clock and may be moved at any moment, also while a read
    waits. Nothing happens outside `with`, so a slow caller is never blamed on the service. A
    cancellation from outside passes through as it is.
    """

    def __init__(self) -> None:
        self.deadline = float("inf")
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be patient")
        self._waiting = task
        self._cancelling = task.cancelling()
        if self._timer is None or self._timer.when() > self.deadline:
            self._set_timer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._waiting = self._waiting, None
        if self._expired and task is not None:
            self._expired = False
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        if self.deadline != float("inf"):
            self._timer = self._loop.call_at(self.deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiting is None:
            return  # nobody reads; the next read sets the timer again
        if self._loop.time() < self.deadline:
            self._set_timer()
        elif not self._expired:
            self._expired = True
            self._waiting.cancel()
