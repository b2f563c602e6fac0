"""A model service that costs next to nothing and says in each token when it was sent.

    python -m bench.upstream [--port 0]

Prints `listening PORT`; its base is http://127.0.0.1:PORT/compatible-mode/v1. The question says what to
answer, for example `bench rate=50 tokens=400 kind=words key=a1`:

- rate: tokens a second, each in its own write; 0: as fast as the connection takes them, 20 a write;
- kind: `words` (time stamps in paragraphs, see stamps.py), `page` (time stamps among headings, lists, bold
  and code), `real` (the prose and Markdown of `WRITING`, without stamps: for sizes and for texts to compare);
- key: the whole text is kept and given by `GET /sent?key=a1`.

Anything not streamed is a title. Everything that can be is put together before the first request.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import re
import socket
import time
from typing import TYPE_CHECKING

from .stamps import UNITS_PER_S, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER = re.compile(rb"bench rate=(\d+) tokens=(\d+) kind=(\w+)(?: key=(\w+))?")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
BURST = 20  # tokens in a write without a rate
PARAGRAPH = 60  # tokens
MOST_TOKENS = 20_000

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\n"
    b"X-Request-Id: bench-request\r\nTransfer-Encoding: chunked\r\n\r\n"
)
BEFORE = b'data: {"choices":[{"delta":{"content":"'
AFTER = (
    b'"},"finish_reason":null,"index":0,"logprobs":null}],"object":"chat.completion.chunk",'
    b'"usage":null,"created":1767225600,"system_fingerprint":null,"model":"qwen-plus",'
    b'"id":"chatcmpl-6f1e2d3c-aaaa-9bbb-8ccc-0123456789ab"}\n\n'
)
ROLE = AFTER.replace(b'"}', b'","role":"assistant"}', 1)
FINISH = AFTER.replace(b'"finish_reason":null', b'"finish_reason":"stop"', 1)
USAGE = (
    b'data: {"choices":[],"object":"chat.completion.chunk","usage":{"prompt_tokens":20,'
    b'"completion_tokens":%d,"total_tokens":%d},"created":1767225600,"system_fingerprint":null,'
    b'"model":"qwen-plus","id":"chatcmpl-6f1e2d3c-aaaa-9bbb-8ccc-0123456789ab"}\n\n'
)
DONE = b"data: [DONE]\n\n"
TITLE = json.dumps(
    {
        "choices": [
            {
                "message": {"role": "assistant", "content": "A bench"},
                "finish_reason": "stop",
                "index": 0,
            }
        ],
        "object": "chat.completion",
        "usage": {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23},
        "created": 1767225600,
        "model": "qwen-plus",
        "id": "chatcmpl-title",
    }
).encode()

WRITING = """## What was measured

The measurement went as planned, and the *second* reading agrees with the first within half a percent.
It cost $5 and $10; see [the notes](https://example.org/notes) for `run()` and what it returns. Nothing
else was changed between the two, so the difference is the room's temperature and the hour of the day.

1. Warm up for ten minutes, with the door closed.
2. Read **both** scales, the left one first.
3. Write down the *smaller* of the two, and the time.

**注意：**第二次测量的结果和前一次基本一致，误差在百分之三以内。我们先看数据，再下结论，不要着急。温度从早上开始慢慢
上升，到中午达到最高点，然后又慢慢下降，一直到晚上都没有明显的变化。请看**“表二”**。

| run | mean | spread |
|-----|-----:|-------:|
| one | 12.4 | 0.3 |
| two | 12.5 | 0.2 |

```python
def mean(values):
    # the plain one, without weights
    return sum(values) / len(values)
```

So the value is $\\bar{x} = 12.45$, and the instrument needs no new calibration before the next series,
which begins on Monday and will take the whole week.

"""
PIECES = re.findall(r"\s*[^\W\d_一-鿿]{1,6}|[一-鿿]{1,2}|\s*\d{1,3}|\s*[^\w\s]{1,3}|\s+", WRITING)
assert "".join(PIECES) == WRITING


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def wrapped(text: str) -> bytes:
    """One token as an HTTP chunk."""
    return chunk(BEFORE + json.dumps(text, ensure_ascii=False).encode()[1:-1] + AFTER)


SIZE, _, _ = wrapped("Aaaa ").partition(b"\r\n")
STAMPED = (SIZE + b"\r\n" + BEFORE, b" " + AFTER + b"\r\n")
PARAGRAPH_END = wrapped("\n\n")
PAGE = ["## ", None, None, None, "\n\n", *[None] * 30, "**", None, "** ", *[None] * 10, "\n\n"]
PAGE += [*["- ", None, None, None, None, None, "\n"] * 4, "\n", *[None] * 20, "`", None, "` ", None]
PAGE += ["\n\n", "```\n", *[None] * 12, "\n", *[None] * 8, "\n```\n\n"]


def pieces(kind: str) -> Iterator[str | None]:
    """An endless answer; None stands for a stamp."""
    if kind == "page":
        return itertools.cycle(PAGE)
    if kind == "real":
        return itertools.cycle(PIECES)
    return itertools.cycle([*[None] * PARAGRAPH, "\n\n"])


WRAPPED = {text: wrapped(text) for text in {*PAGE, *PIECES, "\n\n"} if text is not None}
SENT: dict[str, list[str]] = {}


class Service(asyncio.Protocol):
    """One connection, kept open; one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.loop = asyncio.get_running_loop()
        self.received = b""
        self.timer: asyncio.Handle | None = None
        self.paused = False
        self.left = 0
        self.last = 0  # the last stamp

    def connection_lost(self, error: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self.left and not self.gap_s:
            self.timer = self.loop.call_soon(self.burst)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        body, self.received = rest[:size], rest[size:]
        self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /sent?key="):
            key = head[14:].partition(b" ")[0].decode()
            self.whole("".join(SENT.get(key, ())).encode(), b"text/plain")
        elif head.startswith(b"GET"):
            self.whole(b'{"object":"list","data":[]}', b"application/json")
        elif b'"stream":true' not in body.replace(b" ", b""):
            self.whole(TITLE, b"application/json")
        else:
            self.begin(body)

    def whole(self, body: bytes, kind: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
            % (kind, len(body), body)
        )

    def begin(self, body: bytes) -> None:
        rate, tokens, kind, key = ORDER.findall(body)[-1]
        self.left = self.tokens = min(int(tokens), MOST_TOKENS)
        self.gap_s = 1 / int(rate) if int(rate) else 0.0
        self.pieces = pieces(kind.decode())
        self.kept = SENT.setdefault(key.decode(), []) if key else None
        self.transport.write(HEAD + chunk(BEFORE + ROLE))
        if self.gap_s:
            self.due = self.loop.time() + random.random() * self.gap_s
            self.timer = self.loop.call_at(self.due, self.tick)
        else:
            self.timer = self.loop.call_soon(self.burst)

    def token(self) -> bytes:
        piece = next(self.pieces)
        if piece is None:
            # Each its own, also when late tokens go out together: the client tells them apart by it.
            self.last = max(self.last + 1, int(time.monotonic() * UNITS_PER_S))
            stamp = word_of(self.last)
            if self.kept is not None:
                self.kept.append(stamp + " ")
            return STAMPED[0] + stamp.encode() + STAMPED[1]
        if self.kept is not None:
            self.kept.append(piece)
        return WRAPPED[piece]

    def tick(self) -> None:
        self.transport.write(self.token())
        self.left -= 1
        if self.left:
            self.due += self.gap_s
            self.timer = self.loop.call_at(self.due, self.tick)
        else:
            self.end()

    def burst(self) -> None:
        self.timer = None
        if self.transport.is_closing():
            return
        count = min(BURST, self.left)
        self.transport.write(b"".join([self.token() for _ in range(count)]))
        self.left -= count
        if not self.left:
            self.end()
        elif not self.paused:
            self.timer = self.loop.call_soon(self.burst)

    def end(self) -> None:
        self.timer = None
        usage = USAGE % (self.tokens, self.tokens + 20)
        self.transport.write(chunk(BEFORE + FINISH) + chunk(usage) + chunk(DONE) + b"0\r\n\r\n")


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Service, "127.0.0.1", port, backlog=1024)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
