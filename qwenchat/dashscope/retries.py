"""Whether to ask the service again by itself, and after how long."""

from __future__ import annotations

from .errors import (
    DashScopeError,
    FileParsingError,
    ProtocolError,
    RateLimitedError,
    StalledError,
)

# All tries begin within this; longer, and the person would rather decide.
WINDOW_S = 60.0
# A longer Retry-After is told to the person at once instead of being waited for.
LONGEST_RETRY_AFTER_S = 20.0
_LONGEST_S = 8.0
_FIRST_S = 1.0
# Rates recover within seconds to a minute (Source: dashscope-api §10.5).
_FIRST_RATE_LIMITED_S = 4.0
# Reading a document takes seconds to minutes: for it the window is the limit, not the tries
# (Source: dashscope-api §7.1, which waits 2, 4, 8 s …).
_FIRST_PARSING_S = 2.0
_MOST_PARSING_ATTEMPTS = 20


def wait_before_retry(
    error: DashScopeError, *, attempt: int, max_attempts: int, elapsed_s: float, chance: float
) -> float | None:
    """Give the seconds to wait after the failed try number `attempt` (from 1), or None to give up.

    `elapsed_s` is the time since the first try began, `chance` a random number in [0, 1) that
    spreads many clients' tries.
    """
    if isinstance(error, FileParsingError) and max_attempts > 1:
        max_attempts = _MOST_PARSING_ATTEMPTS
    if attempt >= max_attempts or not _passes(error):
        return None
    if error.retry_after is not None:
        if error.retry_after > LONGEST_RETRY_AFTER_S:
            return None
        wait_s = error.retry_after + chance / 2
    else:
        wait_s = min(_LONGEST_S, _first_s(error) * 2 ** (attempt - 1)) * (1 + chance) / 2
    return wait_s if elapsed_s + wait_s < WINDOW_S else None


def _first_s(error: DashScopeError) -> float:
    if isinstance(error, FileParsingError):
        return _FIRST_PARSING_S
    return _FIRST_RATE_LIMITED_S if isinstance(error, RateLimitedError) else _FIRST_S


def _passes(error: DashScopeError) -> bool:
    if isinstance(error, ProtocolError):
        return False  # it would come again, or a part of the answer has come
    if isinstance(error, StalledError) and error.status is None:
        return False  # after our own timeout the service may still be working on it, and bill it
    return error.retryable
