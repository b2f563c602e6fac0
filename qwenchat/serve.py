"""Daphne, with what this application needs below itself.

* A request body is bounded before it is written anywhere: Daphne spools whole bodies to disk before the
  application is called, for anybody, at any address.
* A body is given to the application in pieces, between which other people's streams go on; Daphne would
  read all of it into memory at once.
* WebSocket messages are compressed (RFC 7692). A small window keeps a socket's memory low and still finds
  what repeats: each frame of a stream begins like the last one.
* SIGTERM ends answers in an orderly way before the reactor stops.
"""

from __future__ import annotations

import daphne.server  # isort: skip  installs Twisted's asyncio reactor, so it comes first

import asyncio
import contextlib
import io
import signal
import sys
from typing import TYPE_CHECKING, Any

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

PIECE_BYTES = 256 * 1024  # of a body: two or three milliseconds to read and to spool
BODY = "qwenchat.body"  # where a scope has the file of its body
WINDOW_BITS = 13  # 8 KiB of memory of what was sent: an article's end finds its beginning in it
MEMORY_LEVEL = 4  # with it about 40 KiB a socket that has been sent something, against 256 KiB
FINAL_TEXT, FINAL_BINARY, COMPRESSED = 0x81, 0x82, 0x40  # a frame's first byte
# Every send and read lets go of Python's lock, and while the database's thread is busy taking it back
# costs this long; the default of 5 ms is as long as forty frames.
SWITCH_S = 0.0005
INFLATED_BYTES = (
    1_048_576 + 1024
)  # a command's frame, and a little for the error that names the limit


def accepted(offers: Sequence[Any]) -> PerMessageDeflateOfferAccept | None:
    """The first offer of compression that can be met; None sends plain frames."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            asked = offer.request_max_window_bits
            return PerMessageDeflateOfferAccept(
                offer,
                # What clients send is small and rare: no memory is kept for it between frames.
                request_no_context_takeover=bool(offer.accept_no_context_takeover),
                window_bits=min(WINDOW_BITS, asked) if asked else WINDOW_BITS,
                mem_level=MEMORY_LEVEL,
                max_message_size=INFLATED_BYTES,
            )
    return None


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request whose body is refused with 413 once it is, or says it will be, too large."""

    received_bytes = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Twisted would read forms too, whole and in the event loop: 300 ms for a film of 10 MB, with all of
        # it in memory. Django does that itself, from a file and in a thread.
        self._parsePOSTFormSubmission = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802  Twisted's name
        if length is not None and length > self.channel.factory.most_bytes:
            self.refuse()
            return
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  Twisted's name
        self.received_bytes += len(data)
        if self.received_bytes > self.channel.factory.most_bytes:
            self.refuse()
            return
        super().handleContentChunk(data)

    def refuse(self) -> None:
        body = b'{"error": {"code": "too_large", "message": "This request is too large."}}'
        transport = self.channel.transport
        transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        transport.loseConnection()
        # Nothing of what is still on its way is looked at any more.
        self.channel.dataReceived = lambda _data: None


def in_pieces(application: Any) -> Any:
    """The application, asking for the pieces of a body one by one."""

    async def called(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = scope.pop(BODY, None)
        if body is None:
            await application(scope, receive, send)
            return
        is_given = False

        async def piece() -> dict[str, Any]:
            nonlocal is_given
            if is_given:
                return await receive()  # type: ignore[no-any-return]
            await asyncio.sleep(0)
            chunk = body.read(PIECE_BYTES)
            is_given = len(chunk) < PIECE_BYTES
            if is_given:
                await receive()  # Daphne's own, which is empty
            return {"type": "http.request", "body": chunk, "more_body": not is_given}

        try:
            await application(scope, piece, send)
        finally:
            body.close()

    return called


class QuietWebSocketProtocol(WebSocketProtocol):  # type: ignore[misc]
    """Daphne's, which sends what the application says with as little as possible in between.

    Autobahn's way for one message prepares a log line that nobody reads, and Twisted's changes what it
    polls for twice, before and after: in a profile both stood above the sending itself.
    """

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802
        if self.state != self.STATE_OPEN:
            return
        payload = content if isinstance(content, bytes) else content.encode()
        first = FINAL_BINARY if binary else FINAL_TEXT
        compress = self._perMessageCompress
        if compress is not None:
            compress.start_compress_message()
            payload = compress.compress_message_data(payload) + compress.end_compress_message()
            first |= COMPRESSED
        self.write_soon(frame_head(first, len(payload)) + payload)

    def write_soon(self, data: bytes) -> None:
        """Hands the bytes to the kernel now, where nothing older waits, and else to Twisted."""
        transport = self.transport
        if is_idle(transport):
            written = transport.writeSomeData(data)
            if isinstance(written, int):
                data = data[written:]
        if data:
            transport.write(data)


def is_idle(transport: Any) -> bool:
    """Whether a plain connection has nothing to send. What Twisted keeps it in is its own affair: should
    that ever be named otherwise, the answer is no, and everything goes Twisted's way."""
    return (
        isinstance(transport, Connection)
        and not transport.TLS
        and bool(transport.connected)
        and not transport.disconnecting
        and not getattr(transport, "dataBuffer", True)
        and not getattr(transport, "_tempDataBuffer", True)
    )


def frame_head(first: int, size: int) -> bytes:
    """The head of an unmasked frame (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


class Server(daphne.server.Server):  # type: ignore[misc]
    """`on_stop` is awaited between SIGTERM and the end; `ready` is told the address."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        most_bytes: int,
        ready: Callable[[str, int], None],
        on_stop: Callable[[], Awaitable[None]],
        **options: Any,
    ) -> None:
        interface = host.replace(":", r"\:")
        super().__init__(
            in_pieces(application),
            endpoints=[f"tcp:port={port}:interface={interface}:backlog=1024"],
            signal_handlers=False,
            server_name="qwenchat",
            ready_callable=self.configure,
            **options,
        )
        sys.setswitchinterval(SWITCH_S)
        self.most_bytes = most_bytes
        self.ready = ready
        self.on_stop = on_stop
        self.failure = ""
        self.stopping: asyncio.Task[None] | None = None

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Takes the body's file from the request, which Daphne then finds empty."""
        if scope["type"] == "http":
            scope[BODY], protocol.content = protocol.content, io.BytesIO()
        return super().create_application(protocol, scope)

    def configure(self) -> None:
        """Called by Daphne once its factories stand and before the first connection is accepted."""
        self.ws_factory.protocol = QuietWebSocketProtocol
        self.ws_factory.setProtocolOptions(
            perMessageCompressionAccept=accepted,
            # `null` reaches the application as well, which refuses it like every foreign origin.
            allowNullOrigin=True,
            # A frame that is too large is told so (1009) before the connection ends.
            failByDrop=False,
        )
        self.http_factory.most_bytes = self.most_bytes
        build = self.http_factory.buildProtocol

        def bounded(address: Any) -> Any:
            protocol = build(address)
            protocol.requestFactory = BoundedRequest
            return protocol

        self.http_factory.buildProtocol = bounded
        with contextlib.suppress(
            NotImplementedError
        ):  # Windows has no signals for loops: Ctrl C ends it
            for name in (signal.SIGTERM, signal.SIGINT):
                daphne.server.twisted_loop.add_signal_handler(name, self.begin_stop)
        for host, port in self.listening_addresses:
            self.ready(host, port)

    def begin_stop(self) -> None:
        if self.stopping is None:
            self.stopping = asyncio.ensure_future(self.end())
        else:
            self.stop()  # the second signal does not wait

    async def end(self) -> None:
        try:
            await self.on_stop()
        finally:
            self.stop()

    def listen_error(self, failure: Any) -> None:
        self.failure = failure.getErrorMessage()
        super().listen_error(failure)
