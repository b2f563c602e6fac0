"""A slow page: what waits for it merges, and never grows without a bound."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from conversations.generation.hub import MemoryHub
from conversations.generation.live import LiveAnswer
from conversations.generation.pump import Pump, TooSlow
from qwenchat.dashscope.events import TextDelta

from .conftest import limits

ID = UUID(int=1)


class Network:
    """Takes frames; `sent` wakes whoever waits for one."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.sent = asyncio.Event()

    async def send(self, text: str) -> None:
        self.frames.append(json.loads(text))
        self.sent.set()

    async def send_end(self, *_: object) -> None:
        self.frames.append({"type": "end"})
        self.sent.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.frames) < count:
                self.sent.clear()
                await self.sent.wait()


async def test_a_page_that_shows_nothing_is_held_back_and_gets_the_rest_in_one_frame(
    settings: Any,
) -> None:
    settings.LIMITS = limits(settings, unseen_bytes=2000)
    hub, network = MemoryHub(), Network()
    live = LiveAnswer(ID, UUID(int=2), 1)
    hub.opened(live)
    pump = Pump(hub, network.send, network.send_end)
    pump.watch(ID, "text", cut=False)
    pumping = asyncio.create_task(pump.run())
    await network.until(1)
    count = 0
    while pump.unseen_bytes <= 2000:
        grow(live, hub, "x" * 100)
        count += 1
        await network.until(count + 1)
    held = len(network.frames)
    for _ in range(500):
        grow(live, hub, "y" * 100)
        await asyncio.sleep(0)
    assert len(network.frames) == held
    assert pump.unseen_bytes < 2500
    pump.seen(ID, network.frames[-1]["seq"])
    await network.until(held + 1)
    assert network.frames[-1]["text"] == "y" * 50_000
    pumping.cancel()


async def test_a_page_that_stays_silent_is_let_go(settings: Any) -> None:
    settings.LIMITS = limits(settings, unseen_bytes=10, unseen_seconds=0)
    hub, network = MemoryHub(), Network()
    live = LiveAnswer(ID, UUID(int=2), 1)
    hub.opened(live)
    pump = Pump(hub, network.send, network.send_end)
    pump.watch(ID, "text", cut=False)
    pumping = asyncio.create_task(pump.run())
    await network.until(1)
    grow(live, hub, "x")
    with pytest.raises(TooSlow):
        await pumping


async def test_the_end_comes_after_the_rest(settings: Any) -> None:
    hub, network = MemoryHub(), Network()
    live = LiveAnswer(ID, UUID(int=2), 1)
    hub.opened(live)
    pump = Pump(hub, network.send, network.send_end)
    pump.watch(ID, "text", cut=False)
    pumping = asyncio.create_task(pump.run())
    live.apply(TextDelta("all of it"))
    live.flush()
    hub.closed(live, object())  # type: ignore[arg-type]
    await network.until(2)
    assert [frame["type"] for frame in network.frames] == ["snapshot", "end"]
    assert network.frames[0]["text"] == "all of it"
    assert pump.watched == {}
    pumping.cancel()


def grow(live: LiveAnswer, hub: MemoryHub, text: str) -> None:
    live.apply(TextDelta(text))
    live.flush()
    hub.flushed(live)
