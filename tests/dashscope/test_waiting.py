from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from qwenchat.dashscope.waiting import Patience


async def test_a_wait_beyond_the_deadline_is_a_timeout_and_the_task_lives_on():
    with closing(Patience()) as patience:
        patience.deadline = asyncio.get_running_loop().time() + 0.01
        with pytest.raises(TimeoutError), patience:
            await asyncio.Event().wait()
        assert asyncio.current_task().cancelling() == 0
        with pytest.raises(TimeoutError), patience:
            await asyncio.Event().wait()


async def test_a_deadline_that_moved_is_waited_for():
    loop = asyncio.get_running_loop()
    with closing(Patience()) as patience:
        began = loop.time()
        patience.deadline = began + 0.01
        with patience:
            await asyncio.sleep(0)
        patience.deadline = began + 0.05
        with pytest.raises(TimeoutError), patience:
            await asyncio.Event().wait()
        assert loop.time() >= began + 0.05


async def test_an_earlier_deadline_is_noticed():
    loop = asyncio.get_running_loop()
    with closing(Patience()) as patience:
        patience.deadline = loop.time() + 60
        with patience:
            await asyncio.sleep(0)
        patience.deadline = loop.time() + 0.01
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError), patience:
                await asyncio.Event().wait()


async def test_a_slow_caller_is_not_cancelled():
    loop = asyncio.get_running_loop()
    passed = asyncio.Event()
    with closing(Patience()) as patience:
        patience.deadline = loop.time() + 0.01
        with patience:
            await asyncio.sleep(0)
        loop.call_later(0.03, passed.set)
        await passed.wait()  # the timer fires in here, outside of any read


async def test_a_cancellation_from_outside_stays_one():
    started = asyncio.Event()

    async def read():
        with closing(Patience()) as patience:
            patience.deadline = asyncio.get_running_loop().time() + 60
            with patience:
                started.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
