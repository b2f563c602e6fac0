"""How often a person may do something: counters in the shared cache.

A window, a minute unless said otherwise, starts with the first use, so what is said about the wait is
true. When the cache is down, spending is refused rather than unlimited.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING

from django.core.cache import cache

from .refusals import rate_limited

if TYPE_CHECKING:
    from collections.abc import Callable

    from .refusals import Refusal

logger = logging.getLogger(__name__)

MINUTE = 60
WAIT_WITHOUT_CACHE_SECONDS = 5


def spend(
    what: str,
    who: int,
    most: int,
    *,
    seconds: int = MINUTE,
    refusal: Callable[[int], Refusal] = rate_limited,
) -> None:
    """Counts one use; what `refusal` makes of the wait is raised once more than `most` fell in a window."""
    key = f"rate:{what}:{who}"
    now = time.time()
    try:
        cache.add(f"{key}:since", now, seconds)
        cache.add(key, 0, seconds)
        used = cache.incr(key)
        since = cache.get(f"{key}:since", now)
    except Exception:
        if key_vanished(key, seconds):
            return
        logger.exception("the cache is not answering")
        raise refusal(WAIT_WITHOUT_CACHE_SECONDS) from None
    if used > most:
        raise refusal(max(1, math.ceil(seconds - (now - float(since)))))


def key_vanished(key: str, seconds: int) -> bool:
    """Whether the window ended between two calls: then this use is the first of a new one."""
    try:
        return cache.add(key, 1, seconds)
    except Exception:
        return False
