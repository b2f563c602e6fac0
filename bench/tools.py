"""What a round of tool calls costs: from the model's last byte to the request that has the result.

    python -m bench.tools [--people 20]

The upstream answers with one call of `current_time`, eight times, then with a sentence, and measures the
gaps between its own last byte and the next request. The baseline is the barest loop that can be written
with httpx: read the stream, run the same function, ask again; it stores, checks and shows nothing. The app
is `manage.py up` with a page that watches. Both answer the same people in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from qwenchat.tools.builtin.current_time import current_time
from qwenchat.tools.context import Context

from . import sockets, upstream
from .parts import parts

ROUNDS = 8
KEY = re.compile(rb"bench key=(\w+)")
RESULT = b'"role":"tool"'
CALL = {
    "index": 0,
    "type": "function",
    "function": {"name": "current_time", "arguments": '{"time_zone": "Asia/Shanghai"}'},
}


@dataclass
class Gaps:
    """When each answer's last round was sent, and how long the next request took to come (seconds)."""

    sent: dict[bytes, float] = field(default_factory=dict)
    found: list[float] = field(default_factory=list)


class Service(upstream.Service):
    """Calls until it has been told eight results."""

    gaps = Gaps()

    def begin(self, body: bytes) -> None:
        now = time.monotonic()
        found = KEY.findall(body)
        key = found[-1]
        told = body.replace(b": ", b":").count(RESULT)
        if told:
            self.gaps.found.append(now - self.gaps.sent[key])
        if told < ROUNDS:
            self.say({"tool_calls": [CALL | {"id": f"call_{told}"}]}, "tool_calls")
            self.gaps.sent[key] = time.monotonic()
        else:
            self.say({"content": "It is noon."}, "stop")

    def say(self, delta: dict[str, Any], reason: str) -> None:
        chunks = [(delta, None), ({}, reason)]
        events = [
            {"choices": [{"index": 0, "delta": delta, "finish_reason": end}], "id": "chatcmpl-b"}
            for delta, end in chunks
        ]
        lines = [b"data: %b\n\n" % json.dumps(event).encode() for event in events]
        sent = [upstream.chunk(line) for line in [*lines, upstream.DONE]]
        self.transport.write(upstream.HEAD + b"".join(sent) + b"0\r\n\r\n")


async def baseline(base: str, key: str) -> None:
    """The loop, and nothing else."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": f"bench key={key}"}]
    tools = [current_time.definition()]
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        while True:
            body = {"model": "qwen-plus", "messages": messages, "tools": tools, "stream": True}
            calls = []
            async with client.stream("POST", "/chat/completions", json=body) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data: {"):
                        delta = json.loads(line[6:])["choices"][0]["delta"]
                        calls += delta.get("tool_calls", [])
            if not calls:
                return
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            for call in calls:
                arguments = json.loads(call["function"]["arguments"])
                result = json.dumps(await current_time.call(arguments, Context()))
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})


async def person(port: int, cookie: str, key: str) -> None:
    """A page that asks, and waits for the end."""
    ended = asyncio.get_running_loop().create_future()

    def received(payload: bytes, _now: float) -> None:
        if payload.startswith((b'{"type":"end"', b'{"type":"error"')) and not ended.done():
            ended.set_result(payload)

    socket = await sockets.connect(port, received, cookie=cookie, path="/ws/", deflate=True)
    command = {
        "type": "send",
        "request": uuid.uuid4().hex,
        "conversation": None,
        "parent": None,
        "text": f"bench key={key}",
        "options": {"format": "html", "tools": ["current_time"]},
    }
    socket.write(json.dumps(command).encode())
    event = json.loads(await asyncio.wait_for(ended, 120))
    assert event.get("status") == "complete", event
    socket.close()


async def measured(people: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Service, "127.0.0.1", 0, backlog=1024)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/compatible-mode/v1"
    with parts(baseline=False, environment={"DASHSCOPE_BASE_URL": base}) as running:
        app = running["app"]

        def plain(number: int, run: str) -> Any:
            return baseline(base, f"{run}b{number}")

        def whole(number: int, run: str) -> Any:
            return person(app.port, app.cookies[number], f"{run}a{number}")

        print(f"| answers of {ROUNDS} rounds | | a round, median | p95 |\n|---|---|---|---|")
        for count, together in ((people, False), (people, True)):
            for name, ask in (("baseline", plain), ("app", whole)):
                run = uuid.uuid4().hex[:6]
                await ask(count, f"w{run}")  # warm
                Service.gaps = Gaps()
                if together:
                    await asyncio.gather(*(ask(number, run) for number in range(count)))
                else:
                    for number in range(count):
                        await ask(number, run)
                gaps = sorted(1000 * gap for gap in Service.gaps.found)
                assert len(gaps) == ROUNDS * count, (len(gaps), count)
                p95 = gaps[int(len(gaps) * 0.95)]
                shown = f"{count} at once" if together else f"{count} one by one"
                print(f"| {shown} | {name} | {statistics.median(gaps):.1f} ms | {p95:.1f} ms |")
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=20)
    asyncio.run(measured(parser.parse_args().people))


if __name__ == "__main__":
    main()
