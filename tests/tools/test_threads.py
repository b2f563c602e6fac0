from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from qwenchat.tools import threads
from qwenchat.tools.threads import TooManyThreads, in_thread

language: contextvars.ContextVar[str] = contextvars.ContextVar("language", default="en")


async def test_results_and_errors_come_back():
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(KeyError):
        await in_thread(lambda: {}["a"])
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_thread(lambda: next(iter([])))


async def test_what_is_set_for_a_task_is_seen_in_its_thread():
    language.set("zh")
    assert await in_thread(language.get) == "zh"


async def test_functions_that_hang_are_bounded_and_do_not_hold_up_others(monkeypatch):
    monkeypatch.setattr(threads, "running", threading.BoundedSemaphore(2))
    release = threading.Event()
    hung = [asyncio.create_task(in_thread(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyThreads):
        await in_thread(lambda: 7)
    assert await asyncio.to_thread(lambda: 7) == 7  # name resolution and files go on
    release.set()
    assert await asyncio.gather(*hung) == [True, True]
    assert await in_thread(lambda: 7) == 7


async def test_a_thread_that_is_left_does_not_keep_the_process_from_ending():
    release = threading.Event()
    kept: list[bool] = []

    def hang() -> None:
        kept.append(threading.current_thread().daemon)
        release.wait(30)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await in_thread(hang)
    release.set()
    assert kept == [True]
