"""A model service for tests that does exactly what it is told, over real sockets.

    async with Upstream() as up:
        up.script(Reply(chunks=[*answer("Hello"), Gate()]), error_reply(429, retry_after="3"))
        client = Client(up.base_url, "sk-test")

Each request takes the next reply of the script; when none is left it gets an ordinary answer,
streamed if it asked for that, as DashScope streams it. What came is in `up.requests`: method, path,
headers, JSON, and whether and when the client closed the connection.

`ThreadedUpstream` is the same on a thread and a loop of its own, for tests in which a browser or
another process is the client.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Gate:
    """A place in a reply where the server waits until the test opens it, from any thread."""

    def __init__(self) -> None:
        self.is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let the reply go on."""
        with self._lock:
            self.is_open = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Wait for it, on the server's side."""
        event = asyncio.Event()
        with self._lock:
            if self.is_open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()


class Reset:
    """Break the connection at once, as a crashed server does."""


class Hang:
    """Send nothing more and keep the connection."""


class Close:
    """Close the connection in an orderly way, although the body has not ended."""


@dataclass
class Pause:
    """Let this much time pass."""

    seconds: float


Step = bytes | Gate | asyncio.Event | Reset | Hang | Close | Pause


@dataclass
class Reply:
    """What to answer. Without `chunked` the body ends where the connection closes; `status` None
    sends no head at all."""

    chunks: Iterable[Step] = ()
    status: int | None = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    chunked: bool = True


@dataclass
class Received:
    """One request, and what became of its connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """The whole reply was sent."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """The client's side of the connection is gone."""
    closed_at: float | None = None
    cut: bool = False
    """The client closed before the whole reply was sent."""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Upstream:
    """The server; enter it to start it on a free port of 127.0.0.1."""

    def __init__(
        self,
        respond: Callable[[Received], Reply] | None = None,
        *,
        prefix: str = "/compatible-mode/v1",
    ) -> None:
        self.respond = respond or default_reply
        self.prefix = prefix
        self.requests: list[Received] = []
        self.connections = 0
        self.open_connections = 0
        self.most_open_connections = 0
        self._script: deque[Reply] = deque()
        self._arrived: asyncio.Event = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._protocols: set[_Connection] = set()
        self.port = 0

    @property
    def base_url(self) -> str:
        """Where a client finds it; the path makes it DashScope for ours, `prefix="/v1"` another
        server."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def script(self, *replies: Reply) -> None:
        """Add replies for the next requests, in order."""
        self._script.extend(replies)

    async def received(self, count: int = 1) -> Received:
        """Wait for the request number `count` and give it."""
        while len(self.requests) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.requests[count - 1]

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        for protocol in list(self._protocols):
            protocol.end()
        tasks = [protocol.task for protocol in self._protocols if protocol.task]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def next_reply(self, received: Received) -> Reply:
        """Note a request and give what it is answered."""
        self.requests.append(received)
        self._arrived.set()
        return self._script.popleft() if self._script else self.respond(received)


class ThreadedUpstream:
    """An Upstream on a thread of its own: `with ThreadedUpstream() as up`. Script and gates may be
    used from any thread."""

    def __init__(self, respond: Callable[[Received], Reply] | None = None, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.upstream = Upstream(respond, **options)

    @property
    def base_url(self) -> str:
        """Where a client finds it."""
        return self.upstream.base_url

    @property
    def requests(self) -> list[Received]:
        """What came so far."""
        return self.upstream.requests

    def script(self, *replies: Reply) -> None:
        """Add replies for the next requests, in order."""
        self.call(self._script(replies))

    def received(self, count: int = 1, *, within_s: float = 30) -> Received:
        """Wait for the request number `count` and give it."""
        return self.call(self.upstream.received(count), within_s=within_s)

    def closed(self, received: Received, *, within_s: float = 30) -> None:
        """Wait until the client has closed this request's connection."""
        self.call(received.closed.wait(), within_s=within_s)

    def call(self, coroutine: Any, *, within_s: float = 30) -> Any:
        """Run something on the server's loop and give its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(within_s)

    def start(self) -> None:
        """Start the thread and listen."""
        self._thread.start()
        self.call(self.upstream.start())

    def stop(self) -> None:
        """Close everything and end the thread."""
        self.call(self.upstream.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _script(self, replies: Iterable[Reply]) -> None:
        self.upstream.script(*replies)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def sse(payload: object) -> bytes:
    """Give one event of a stream."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def chunk(
    delta: dict[str, Any] | None = None,
    *,
    finish: str | None = None,
    usage: dict[str, Any] | None = None,
    model: str = "qwen-plus",
    **extra: Any,
) -> dict[str, Any]:
    """Give one chunk of a streamed answer as DashScope writes it; without delta and finish it has
    no choices."""
    choices: list[dict[str, Any]] = []
    if delta is not None or finish is not None:
        choices = [{"delta": delta or {}, "index": 0, "logprobs": None, "finish_reason": finish}]
    return {
        "choices": choices,
        "object": "chat.completion.chunk",
        "usage": usage,
        "created": 1715931028,
        "system_fingerprint": None,
        "model": model,
        "id": "chatcmpl-test",
        **extra,
    }


def answer(
    text: str | Iterable[str] = "Hello there.",
    *,
    reasoning: Iterable[str] = (),
    usage: dict[str, Any] | None = None,
    finish: str = "stop",
    model: str = "qwen-plus",
) -> list[bytes]:
    """Give the events of a whole streamed answer; a text is cut at its spaces, a list is taken as
    it is."""
    pieces = _pieces(text)
    thoughts = _pieces(reasoning)
    events = [chunk({"content": "", "role": "assistant"}, model=model)]
    events += [
        chunk({"content": None, "reasoning_content": thought}, model=model) for thought in thoughts
    ]
    events += [chunk({"content": piece}, model=model) for piece in pieces]
    events += [
        chunk({"content": ""}, finish=finish, model=model),
        chunk(usage=usage or _usage(pieces, thoughts), model=model),
    ]
    return [*(sse(event) for event in events), DONE]


def json_reply(payload: object, status: int = 200, **headers: str) -> Reply:
    """Give a reply that is one JSON document."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([body], status, {"Content-Type": "application/json", **named})


def error_reply(
    status: int, code: str = "", message: str = "refused", *, retry_after: str | None = None
) -> Reply:
    """Give a refusal in the nested envelope."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    payload = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return json_reply(payload | {"request_id": "req-refused"}, status, **headers)


def completion(
    text: str = "Hello there.", *, model: str = "qwen-plus", **message: Any
) -> dict[str, Any]:
    """Give a whole answer."""
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1735120033,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": _usage(_pieces(text), []),
    }


def default_reply(received: Received) -> Reply:
    """Answer as the service does: a list of models, a stream, or a whole answer."""
    if received.method == "GET":
        rows = [{"id": "qwen-plus", "object": "model"}, {"id": "qwen-flash", "object": "model"}]
        return json_reply({"object": "list", "data": rows})
    body = received.json
    if not body.get("stream"):
        return json_reply(completion(model=body["model"]))
    chunks = answer(model=body["model"])
    if not (body.get("stream_options") or {}).get("include_usage"):
        del chunks[-2]
    return Reply(chunks)


def _pieces(text: str | Iterable[str]) -> list[str]:
    if not isinstance(text, str):
        return list(text)
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def _usage(pieces: list[str], thoughts: list[str]) -> dict[str, Any]:
    counted = len(pieces) + len(thoughts)
    usage: dict[str, Any] = {
        "prompt_tokens": 22,
        "completion_tokens": counted,
        "total_tokens": 22 + counted,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    if thoughts:
        usage["completion_tokens_details"] = {"reasoning_tokens": len(thoughts)}
    return usage


class _Connection(asyncio.Protocol):
    """One connection: reads requests one after another and performs their replies."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._buffer = b""
        self._received: list[Received] = []
        self.task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        upstream = self._upstream
        upstream.connections += 1
        upstream.open_connections += 1
        upstream.most_open_connections = max(
            upstream.most_open_connections, upstream.open_connections
        )
        self._number = upstream.connections
        upstream._protocols.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._upstream.open_connections -= 1
        self._upstream._protocols.discard(self)
        for received in self._received:
            received.closed_at = time.monotonic()
            received.cut = not received.answered.is_set()
            received.closed.set()
        self._writable.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        request, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = request.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        received = Received(method, path, headers, rest[:length], self._number)
        self._received.append(received)
        reply = self._upstream.next_reply(received)
        self.task = asyncio.get_running_loop().create_task(self._perform(reply, received))

    async def _perform(self, reply: Reply, received: Received) -> None:
        if reply.status is not None:
            self._transport.write(_head(reply))
        for step in reply.chunks:
            match step:
                case bytes():
                    framed = b"%x\r\n%s\r\n" % (len(step), step) if reply.chunked else step
                    if step:
                        self._transport.write(framed)
                    await self._writable.wait()
                    # Let the loop turn, so that a client in the same loop reads in between.
                    await asyncio.sleep(0)
                case Gate() | asyncio.Event():
                    await step.wait()
                case Pause():
                    await asyncio.sleep(step.seconds)
                case Reset():
                    self._reset()
                    return
                case Hang():
                    await asyncio.Event().wait()
                case Close():
                    self._transport.close()
                    return
        received.answered.set()
        if reply.chunked and reply.status is not None:
            self._transport.write(b"0\r\n\r\n")
        else:
            self._transport.close()

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        # With a linger time of zero the kernel sends RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self._transport.abort()


def _head(reply: Reply) -> bytes:
    headers = dict(reply.headers)
    if reply.chunked:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
