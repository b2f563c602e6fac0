"""Asks again while that may help: counts the tries of one call, waits, and tells whoever looks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .errors import DashScopeError
from .retries import wait_before_retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    OnRetry = Callable[[int, float, DashScopeError], object]

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trying:
    """How often a client asks again; clock, sleep and chance are for tests."""

    max_attempts: int
    on_retry: OnRetry | None
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    chance: Callable[[], float]

    async def until_given(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Give what `ask` gives, asked again after errors that may pass."""
        tries = Tries(self)
        while True:
            try:
                return await ask()
            except DashScopeError as error:
                wait_s = tries.wait_after(error)
            await self.sleep(wait_s)


class Tries:
    """Counts the tries of one call."""

    def __init__(self, trying: Trying, on_retry: OnRetry | None = None) -> None:
        self._trying = trying
        self._on_retry = on_retry or trying.on_retry
        self._began = trying.clock()
        self._attempt = 0

    def wait_after(self, error: DashScopeError) -> float:
        """Give the seconds to wait before the next try; raise `error` when there is none."""
        trying = self._trying
        self._attempt += 1
        wait_s = wait_before_retry(
            error,
            attempt=self._attempt,
            max_attempts=trying.max_attempts,
            elapsed_s=trying.clock() - self._began,
            chance=trying.chance(),
        )
        if wait_s is None:
            raise error
        logger.info("try %d failed, next in %.1f s: %s", self._attempt, wait_s, error)
        if self._on_retry is not None:
            self._on_retry(self._attempt, wait_s, error)
        return wait_s
