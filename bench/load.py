"""One load, in a process of its own: people who ask at the same time, and what they get when.

    echo '{"port": …, "pid": …, "cookies": […], …}' | python -m bench.load

Used by the other programs, see `Load` for what can be asked and `summary` for what is printed (JSON).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from . import sockets, upstream
from .stamps import UNITS_PER_S, WORD, WRAP, units

SEEN_S = 0.25  # as the page does
NUMBER = re.compile(rb'"seq":(\d+)')
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
END = b"\0"  # the last frame of the baseline


@dataclass(frozen=True)
class Load:
    port: int
    pid: int
    cookies: list[str]  # one a person; empty: the baseline, which knows nobody
    people: int = 1
    rate: int = 50
    tokens: int = 400
    kind: str = "words"
    format: str = "html"
    deflate: bool = True
    spread_s: float = 2.0  # all ask within this time
    one_by_one: bool = False  # each asks when the one before has its whole answer
    keys: list[str] = field(default_factory=list)
    texts: bool = False  # give each answer's text, as its events and as its end said
    is_idle: bool = False  # sockets only, nobody asks
    limit_s: float = 120

    @property
    def path(self) -> str:
        return "/ws/" if self.cookies else "/"


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0


class Person:
    """Asks one question and notes what comes."""

    def __init__(self, load: Load, number: int) -> None:
        self.load = load
        self.cookie = load.cookies[number % len(load.cookies)] if load.cookies else ""
        self.key = load.keys[number] if load.keys else ""
        self.arrivals: list[tuple[float, float]] = []  # (when, lag), both seconds
        self.last = -1
        self.asked = 0.0
        self.acked = 0.0
        self.first = 0.0
        self.ended = 0.0
        self.message = b""
        self.frames = 0
        self.progress_bytes = 0
        self.bytes_before = 0
        self.bytes_at_end = 0
        self.wrong = ""
        self.pieces: list[str] = []
        self.tail = ""
        self.end: dict[str, Any] = {}
        self.over = asyncio.Event()
        self.seq = b""
        self.timer: asyncio.TimerHandle | None = None
        self.loop = asyncio.get_running_loop()

    async def connect(self) -> None:
        load = self.load
        receive = self.app_says if load.cookies else self.baseline_says
        self.socket = await sockets.connect(
            load.port, receive, cookie=self.cookie, path=load.path, deflate=load.deflate
        )

    def ask(self) -> None:
        load = self.load
        question = f"bench rate={load.rate} tokens={load.tokens} kind={load.kind}"
        if self.key:
            question += f" key={self.key}"
        self.bytes_before = self.socket.bytes
        self.asked = time.monotonic()
        if not load.cookies:
            self.socket.write(question.encode())
            return
        command = {
            "type": "send",
            "request": uuid.uuid4().hex,
            "conversation": None,
            "parent": None,
            "text": question,
            "options": {"format": load.format},
            "cut": True,
        }
        self.socket.write(json.dumps(command).encode())

    # ---- what comes ----

    def baseline_says(self, payload: bytes, now: float) -> None:
        self.frames += 1
        if payload == END:
            self.finish(now)
        else:
            self.tokens_in(payload, now)

    def app_says(self, payload: bytes, now: float) -> None:
        if payload.startswith((b'{"type":"delta"', b'{"type":"snapshot"')):
            self.frames += 1
            self.tokens_in(payload, now)
            found = NUMBER.search(payload)
            if found:
                self.seq = found[1]
                if self.timer is None and self.message:
                    self.tell_seen()
            if self.load.texts:
                self.show(json.loads(payload))
            return
        event = json.loads(payload)
        match event["type"]:
            case "ack":
                self.acked = now
                for message in event["messages"]:
                    if message["role"] == "assistant":
                        self.message = message["id"].encode()
            case "end":
                self.end = event
                if event["status"] != "complete":
                    self.wrong = f"{event['status']} {event['error']}"
                self.finish(now)
            case "error":
                self.wrong = payload.decode()
                self.finish(now)

    def show(self, event: dict[str, Any]) -> None:
        """Puts the answer together as a page does."""
        if event["type"] == "snapshot":
            self.pieces, self.tail = [], ""
        self.pieces += event.get("blocks") or [event.get("text", "")]
        if "tail" in event:
            units = self.tail.encode("utf-16-le")
            kept = units[: len(units) - 2 * event["drop"]] if "drop" in event else b""
            self.tail = kept.decode("utf-16-le") + event["tail"]

    def tell_seen(self) -> None:
        self.socket.write(b'{"type":"seen","message":"%b","seq":%b}' % (self.message, self.seq))
        told = self.seq

        def again() -> None:
            self.timer = None
            if self.seq != told and not self.over.is_set():
                self.tell_seen()

        self.timer = self.loop.call_later(SEEN_S, again)

    def tokens_in(self, payload: bytes, now: float) -> None:
        moment = int(now * UNITS_PER_S)
        for found in WORD.findall(payload):
            sent = units(found.decode())
            if self.last >= 0 and not 0 < (sent - self.last) % WRAP < WRAP // 2:
                continue  # the tail is shown again
            self.last = sent
            self.arrivals.append((now, ((moment - sent) % WRAP) / UNITS_PER_S))
            if not self.first:
                self.first = now
        self.progress_bytes = self.socket.bytes - self.bytes_before

    def finish(self, now: float) -> None:
        self.ended = now
        self.bytes_at_end = self.socket.bytes - self.bytes_before
        self.over.set()


class Window:
    """The server's CPU time, noted while all answers run and none has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.began: tuple[float, float] | None = None
        self.over: tuple[float, float] | None = None

    async def watch(self, people: list[Person], limit: float) -> None:
        while time.monotonic() < limit:
            await asyncio.sleep(0.05)
            if self.began is None:
                if all(person.arrivals or person.over.is_set() for person in people):
                    self.began = (time.monotonic(), cpu_s(self.pid))
            elif self.over is None or not any(person.over.is_set() for person in people):
                self.over = (time.monotonic(), cpu_s(self.pid))
            if any(person.over.is_set() for person in people):
                return


def text_bytes(load: Load) -> int:
    pieces = islice(upstream.pieces(load.kind), load.tokens)
    return sum(5 if piece is None else len(piece.encode()) for piece in pieces)


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return {"median": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1)}


def summary(
    load: Load, people: list[Person], window: Window, memory: dict[str, int]
) -> dict[str, Any]:
    arrivals = [arrival for person in people for arrival in person.arrivals]
    steady: list[float] = []
    in_window: dict[str, Any] = {}
    if window.began and window.over:
        (began, cpu_began), (over, cpu_over) = window.began, window.over
        steady = [lag for when, lag in arrivals if began <= when <= over]
        if steady:
            in_window = {
                "seconds": round(over - began, 2),
                "tokens": len(steady),
                "cpu_s": round(cpu_over - cpu_began, 2),
                "cpu_s_per_10000": round((cpu_over - cpu_began) * 10_000 / len(steady), 3),
            }
    began = min(person.asked for person in people)
    ended = max(person.ended for person in people)
    stamps = sum(piece is None for piece in islice(upstream.pieces(load.kind), load.tokens))
    return {
        "people": len(people),
        "failed": [person.wrong for person in people if person.wrong][:5],
        "failures": sum(bool(person.wrong) for person in people),
        "unfinished": sum(not person.ended for person in people),
        "closed": [person.socket.closed for person in people if person.socket.closed][:5],
        "tokens": load.tokens * len(people),
        "missing": stamps * len(people) - len(arrivals) if load.rate else None,
        "wall_s": round(ended - began, 2),
        "lag_ms": quantiles([lag for _, lag in arrivals]),
        "steady_lag_ms": quantiles(steady),
        "window": in_window,
        "first_added_ms": quantiles([p.arrivals[0][1] for p in people if p.arrivals]),
        "first_after_send_ms": quantiles([p.first - p.asked for p in people if p.first]),
        "ack_ms": quantiles([p.acked - p.asked for p in people if p.acked]),
        "frames": sum(person.frames for person in people),
        "wire_bytes": sum(person.bytes_at_end for person in people),
        "progress_bytes": sum(person.progress_bytes for person in people),
        "text_bytes": text_bytes(load) * len(people),
        **memory,
    }


async def run(load: Load) -> dict[str, Any]:
    memory = {"rss_before_kb": rss_kb(load.pid)}
    people = [Person(load, number) for number in range(load.people)]
    for some in range(0, len(people), 20):
        await asyncio.gather(*(person.connect() for person in people[some : some + 20]))
    await asyncio.sleep(0.3)
    memory["rss_open_kb"] = rss_kb(load.pid)
    if load.is_idle:
        await asyncio.sleep(1)
        memory["rss_open_kb"] = rss_kb(load.pid)
        for person in people:
            person.socket.close()
        return memory
    limit = time.monotonic() + load.limit_s
    window = Window(load.pid)
    cpu_before = cpu_s(load.pid)
    watching = asyncio.create_task(window.watch(people, limit))
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + load.limit_s):
            for number, person in enumerate(people):
                person.ask()
                if load.one_by_one:
                    await person.over.wait()
                else:
                    await asyncio.sleep(
                        max(
                            0,
                            people[0].asked
                            + (number + 1) * load.spread_s / len(people)
                            - time.monotonic(),
                        )
                    )
            if load.rate:
                await asyncio.sleep(load.tokens / load.rate / 2 - load.spread_s / 2)
                memory["rss_streaming_kb"] = rss_kb(load.pid)
            for person in people:
                await person.over.wait()
    except TimeoutError:
        pass
    await asyncio.sleep(0.5)  # titles and the last saves belong to the cost
    cpu = cpu_s(load.pid) - cpu_before
    watching.cancel()
    memory["rss_after_kb"] = rss_kb(load.pid)
    result = summary(load, people, window, memory)
    result["cpu_s"] = round(cpu, 2)
    result["cpu_s_per_10000"] = round(cpu * 10_000 / result["tokens"], 3)
    result["tokens_per_s"] = round(result["tokens"] / result["wall_s"]) if result["wall_s"] else 0
    if load.texts:
        result["texts"] = [
            {
                "key": person.key,
                "events": "".join([*person.pieces, person.tail]),
                "end": person.end.get("text") or person.end.get("html"),
                "message": person.message.decode(),
            }
            for person in people
        ]
    for person in people:
        person.socket.close()
    await asyncio.sleep(0.1)
    return result


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    known = {f.name for f in dataclasses.fields(Load)}
    assert set(asked) <= known, set(asked) - known
    json.dump(asyncio.run(run(Load(**asked))), sys.stdout)
