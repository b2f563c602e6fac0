"""Tokens at a steady rate, and work that ends when the client has gone."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable

T = TypeVar("T")

BATCH = 32  # tokens written together at most; more would hide a disconnect for too long


async def paced(items: Iterable[T], rate: float) -> AsyncIterator[list[T]]:
    """The items, `rate` a second, in lists of those that are due together; 0: without waiting.

    Due times are counted from the start, so a late wake-up doesn't slow the rest down.
    """
    pending = iter(items)
    loop = asyncio.get_running_loop()
    started = loop.time()
    given = 0
    while True:
        if rate > 0:
            await asyncio.sleep(started + (given + 1) / rate - loop.time())
            due = max(1, int((loop.time() - started) * rate) - given)
        else:
            await asyncio.sleep(0)
            due = BATCH
        batch = list(islice(pending, min(due, BATCH)))
        if not batch:
            return
        given += len(batch)
        yield batch


async def while_connected(
    receive: Callable[[], Awaitable[dict[str, Any]]], work: Coroutine[Any, Any, None]
) -> bool:
    """Runs the work; cancels it as soon as the client disconnects. True: it ran to its end."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work, name="sandbox answer")
        watching = group.create_task(_disconnect(receive), name="sandbox disconnect")
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        watching.cancel()
    return not working.cancelled()


async def _disconnect(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
