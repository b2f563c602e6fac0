"""The way from the event loop to the database: one trip, on the thread that all sockets share.

Channels' own `database_sync_to_async` closes SQLite's connection after every trip, and opening it anew
costs four times what a query does. Here the thread keeps its connection, unless something went wrong on
it; a pooled PostgreSQL connection goes back to its pool, which is what closing means there.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

P = ParamSpec("P")
R = TypeVar("R")


def in_database(function: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The function as a coroutine; it runs whole, in order with all other trips, and may not be cut."""

    @wraps(function)
    def trip(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        finally:
            if not connection.in_atomic_block and (
                connection.vendor != "sqlite" or connection.errors_occurred
            ):
                connection.close()

    return sync_to_async(trip, thread_sensitive=True)
