"""How often somebody may try a password, and how often one address may call the account pages.

Counters live in the shared cache. A try is counted *before* the password is looked at and given
back when it was right, so a hundred tries at once get no further than five in a row. After too many
failures comes a pause, in which no password is looked at, not even the right one; each further
failure makes the next pause longer.

    name:     5 failures within 15 min -> 1 min; then after every failure 2, 4, 8, 15 min
    address: 20 failures within 15 min -> 1 min; then after every fifth    2, 4, 8, 15 min

When the cache is down nobody signs in (`Unavailable`): without counters passwords could be guessed
freely.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
import unicodedata
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache

from .address import network_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 15 * 60
FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 15 * 60
# How long after a pause the next one is still a longer one: the longest pause and a window.
MEMORY_SECONDS = 2 * WINDOW_SECONDS
MINUTE_SECONDS = 60
UNAVAILABLE_SECONDS = 30


class Refused(Exception):
    """This request gets no answer now; `retry_after` seconds later it may."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Paused(Refused):
    """Too many wrong passwords."""


class TooMany(Refused):
    """Too many requests from one address."""


class Unavailable(Refused):
    """The counters cannot be reached."""

    status = 503

    def __init__(self) -> None:
        super().__init__(UNAVAILABLE_SECONDS)


@dataclass(frozen=True, slots=True)
class Counter:
    """Tries of one name, or from one address. `again`: failures from one pause to the next."""

    key: str
    limit: int
    again: int

    def check(self) -> None:
        until = cache.get(f"{self.key}:until")
        if until is not None and (wait := until - time.time()) > 0:
            raise Paused(math.ceil(wait))

    def take(self) -> int:
        """Counts a try and says the how-manieth of its window it is."""
        self.check()
        cache.add(self.key, 0, WINDOW_SECONDS)
        number = increased(self.key, WINDOW_SECONDS)
        self.check()  # a pause may have begun in between
        if number > self.limit:
            # The tries before this one are still being looked at, and there are enough of them.
            raise Paused(FIRST_PAUSE_SECONDS)
        return number

    def failed(self, number: int) -> None:
        if number < self.limit:
            return
        cache.add(f"{self.key}:level", -1, MEMORY_SECONDS)
        level = increased(f"{self.key}:level", MEMORY_SECONDS)
        cache.touch(f"{self.key}:level", MEMORY_SECONDS)
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(level, 10), LONGEST_PAUSE_SECONDS)
        cache.set(f"{self.key}:until", time.time() + pause, pause)
        cache.set(self.key, self.limit - self.again, pause + WINDOW_SECONDS)

    def give_back(self) -> None:
        with suppress(ValueError):  # its window may have ended
            cache.decr(self.key)

    def forget(self) -> None:
        cache.delete_many([self.key, f"{self.key}:level", f"{self.key}:until"])


def increased(key: str, timeout: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # it ended between two calls
        cache.set(key, 1, timeout)
        return 1


@dataclass(slots=True)
class Attempt:
    """One password being tried; `succeeded` or `failed` says how it went."""

    name: Counter
    address: Counter
    name_number: int
    address_number: int

    def succeeded(self) -> None:
        # The address keeps its failures: signing in to one's own account must not buy more guesses
        # at those of others.
        with counters():
            self.name.forget()
            self.address.give_back()

    def failed(self) -> None:
        logger.info("sign-in failed", extra={"failures": self.name_number})
        with counters():
            self.name.failed(self.name_number)
            self.address.failed(self.address_number)


def attempt(request: HttpRequest, name: str) -> Attempt:
    """Counts a try to sign in as `name`; `Paused` or `Unavailable` if none may be made now."""
    by_name = Counter(f"signin:name:{digest(name)}", limit=5, again=1)
    by_address = Counter(f"signin:address:{digest(network_of(request))}", limit=20, again=5)
    try:
        with counters():
            by_name.check()
            address_number = by_address.take()
            name_number = by_name.take()
    except Paused as pause:
        logger.info("sign-in paused", extra={"retry_after": pause.retry_after})
        raise
    return Attempt(by_name, by_address, name_number, address_number)


def visit(request: HttpRequest, what: str = "visit", most: int | None = None) -> None:
    """Counts a request to the account pages, or to `what`; `TooMany` beyond the limit of its address.

    These pages stay readable while the cache is down; what needs a counter, `attempt`, does not.
    """
    key = f"{what}:{digest(network_of(request))}"
    try:
        with counters():
            cache.add(f"{key}:since", time.time(), MINUTE_SECONDS)
            cache.add(key, 0, MINUTE_SECONDS)
            visits = increased(key, MINUTE_SECONDS)
            since = cache.get(f"{key}:since") or time.time()
    except Unavailable:
        return
    if visits > (settings.LIMITS.anonymous_per_minute if most is None else most):
        wait = max(1, math.ceil(MINUTE_SECONDS - (time.time() - since)))
        logger.info("too many requests of one address", extra={"retry_after": wait, "to": what})
        raise TooMany(wait)


@contextmanager
def counters() -> Iterator[None]:
    """Turns whatever a cache back end raises into `Unavailable`: each has errors of its own."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        logger.exception("the cache does not answer")
        raise Unavailable from error


def digest(text: str) -> str:
    """Keys hold no names: some people type their password where their name belongs."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]
