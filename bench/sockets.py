"""A WebSocket client that costs little: what a page says and notes, without showing anything.

RFC 6455 over a plain asyncio connection, with RFC 7692 on demand. It counts every byte after the
handshake, and calls `received` with each message's bytes and the time at which they came.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
import zlib
from collections.abc import Callable

Received = Callable[[bytes, float], None]
FLUSHED = b"\x00\x00\xff\xff"


class Socket(asyncio.Protocol):
    """One connection. `opened` is done after the handshake, `closed` says why it ended, if it did."""

    def __init__(self, request: bytes, received: Received) -> None:
        self.request = request
        self.received = received
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = ""
        self.bytes = 0
        self.buffer = b""
        self.inflate: zlib._Decompress | None = None
        self.is_open = False
        self.parts: list[bytes] = []
        self.compressed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = self.closed or f"connection lost: {error}"
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(self.closed))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.is_open:
            head, found, data = (self.buffer + data).partition(b"\r\n\r\n")
            if not found:
                self.buffer = head
                return
            self.buffer = b""
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.opened.set_exception(ConnectionError(head.decode("latin-1")))
                return
            if b"permessage-deflate" in head:
                self.inflate = zlib.decompressobj(-15)
            self.is_open = True
            self.opened.set_result(None)
        self.bytes += len(data)
        if self.buffer:
            data = self.buffer + data
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                if end - at < 4:
                    break
                size = int.from_bytes(data[at + 2 : at + 4], "big")
                start = at + 4
            elif size == 127:
                if end - at < 10:
                    break
                size = int.from_bytes(data[at + 2 : at + 10], "big")
                start = at + 10
            if end < start + size:
                break
            at = start + size
            self.frame(first, data[start:at], now)
        self.buffer = data[at:]

    def frame(self, first: int, payload: bytes, now: float) -> None:
        opcode = first & 15
        if opcode >= 8:
            self.control(opcode, payload)
            return
        if opcode:
            self.compressed = bool(first & 64)
        if self.parts or not first & 128:
            self.parts.append(payload)
            if not first & 128:
                return
            payload = b"".join(self.parts)
            self.parts = []
        if self.compressed and self.inflate:
            payload = self.inflate.decompress(payload + FLUSHED)
        self.received(payload, now)

    def control(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self.write(payload, 10)
        elif opcode == 8:
            self.closed = f"closed by the server: {int.from_bytes(payload[:2], 'big')}"

    def write(self, payload: bytes, opcode: int = 1) -> None:
        """Sends a frame, masked with zeros: nobody but our own server looks at it."""
        size = len(payload)
        if size < 126:
            head = bytes((128 | opcode, 128 | size))
        else:
            head = bytes((128 | opcode, 128 | 126)) + size.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        self.closed = "closed"
        self.write(b"\x03\xe8", 8)
        self.transport.close()


async def connect(
    port: int, received: Received, *, cookie: str = "", path: str = "/", deflate: bool = False
) -> Socket:
    """Opens a socket as a page of this server would."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    if cookie:
        lines.append(f"Cookie: sessionid={cookie}")
    if deflate:
        lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    _, protocol = await asyncio.get_running_loop().create_connection(
        lambda: Socket(request, received), "127.0.0.1", port
    )
    await asyncio.wait_for(protocol.opened, 30)
    return protocol
