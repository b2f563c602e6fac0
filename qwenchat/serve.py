"""Daphne, with what this application needs below itself.

* A request body is bounded before it is written anywhere: Daphne spools whole bodies to disk before the
  application is called, for anybody, at any address.
* WebSocket messages are compressed (RFC 7692). A small window keeps a socket's memory low and still finds
  what repeats: each frame of a stream begins like the last one.
* SIGTERM ends answers in an orderly way before the reactor stops.
"""

from __future__ import annotations

import daphne.server  # isort: skip  installs Twisted's asyncio reactor, so it comes first

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

WINDOW_BITS = 11  # 2 KiB of memory of what was sent
MEMORY_LEVEL = 4  # with it about 16 KiB a socket that has been sent something, against 256 KiB
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


class QuietWebSocketProtocol(WebSocketProtocol):  # type: ignore[misc]
    """Daphne's, which sends what the application says with as little as possible in between."""

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802
        if self.state == self.STATE_OPEN:
            self.sendMessage(content if isinstance(content, bytes) else content.encode(), binary)


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
            application,
            endpoints=[f"tcp:port={port}:interface={interface}:backlog=1024"],
            signal_handlers=False,
            server_name="qwenchat",
            ready_callable=self.configure,
            **options,
        )
        self.most_bytes = most_bytes
        self.ready = ready
        self.on_stop = on_stop
        self.failure = ""
        self.stopping: asyncio.Task[None] | None = None

    def configure(self) -> None:
        """Called by Daphne once its factories stand and before the first connection is accepted."""
        self.ws_factory.protocol = QuietWebSocketProtocol
        # `null` reaches the application as well, which refuses it like every other foreign origin.
        self.ws_factory.setProtocolOptions(
            perMessageCompressionAccept=accepted, allowNullOrigin=True
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

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        address = port.getHost()
        self.ready(address.host, address.port)

    def listen_error(self, failure: Any) -> None:
        self.failure = failure.getErrorMessage()
        super().listen_error(failure)
