"""How often a person may do something: counters in the shared cache.

A window starts with the first use and ends a minute later, so what is said about the wait is true. When
the cache is down, spending is refused rather than unlimited.
"""

from __future__ import annotations

import logging
import math
import time

from django.core.cache import cache

from .refusals import rate_limited

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
WAIT_WITHOUT_CACHE_SECONDS = 5


def spend(what: str, who: int, most: int) -> None:
    """Counts one use; `Refusal` `rate_limited` with the wait once more than `most` fell in a window."""
    key = f"rate:{what}:{who}"
    now = time.time()
    try:
        cache.add(f"{key}:since", now, WINDOW_SECONDS)
        cache.add(key, 0, WINDOW_SECONDS)
        used = cache.incr(key)
        since = cache.get(f"{key}:since", now)
    except Exception:
        if key_vanished(key):
            return
        logger.exception("the cache is not answering")
        raise rate_limited(WAIT_WITHOUT_CACHE_SECONDS) from None
    if used > most:
        raise rate_limited(max(1, math.ceil(WINDOW_SECONDS - (now - float(since)))))


def key_vanished(key: str) -> bool:
    """Whether the window ended between two calls: then this use is the first of a new one."""
    try:
        return cache.add(key, 1, WINDOW_SECONDS)
    except Exception:
        return False
