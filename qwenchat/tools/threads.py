"""Plain functions beside the event loop, in threads that nobody has to wait for.

Not `asyncio.to_thread`: a function that hangs would keep one of its few threads for good, and with
it name resolution and file reading of the whole process, and at last the process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# A thread that hangs stays until its function returns; this many at a time mean a broken tool.
MOST_THREADS = 64

running = threading.BoundedSemaphore(MOST_THREADS)


class TooManyThreads(RuntimeError):
    """So many functions hang that no more are begun."""


async def in_thread(function: Callable[[], T]) -> T:
    """What `function` returns or raises. When cancelled, the thread goes on and its result is lost."""
    if not running.acquire(blocking=False):
        raise TooManyThreads
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(function)
        except StopIteration as stopped:  # a future cannot carry it
            error = RuntimeError(repr(stopped))
        except BaseException as raised:
            error = raised
        finally:
            running.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="tool", daemon=True).start()
    return await future
