"""One HTTP exchange: what came, and how to reply to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from qwenchat.sandbox.refusals import Refused, too_large

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

JSON = "application/json; charset=utf-8"
RESET = "qwenchat.reset"  # the scope extension that resets the connection, if the server has it


class ClientGone(Exception):
    """The client left before its request was complete."""


@dataclass(slots=True)
class Exchange:
    scope: Scope
    send: Send
    request_id: str
    has_started: bool = False  # the status is out: nothing else can be replied any more

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def header(self, name: str) -> str:
        """The value of a request's header, "" where there is none."""
        wanted = name.lower().encode()
        found = (value for key, value in self.scope["headers"] if key == wanted)
        return next(found, b"").decode("latin-1")

    async def start(
        self, status: int, content_type: str, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        named = [
            (b"content-type", content_type.encode()),
            (b"x-request-id", self.request_id.encode()),
            *headers,
        ]
        self.has_started = True
        await self.send({"type": "http.response.start", "status": status, "headers": named})

    async def write(self, data: bytes) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": False})

    async def reply(
        self,
        status: int,
        body: bytes,
        content_type: str,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        length = (b"content-length", str(len(body)).encode())
        await self.start(status, content_type, [length, *headers])
        await self.end(body)

    async def reply_json(self, status: int, value: object) -> None:
        await self.reply(status, orjson.dumps(value), JSON)

    def reset(self) -> bool:
        """Resets the connection; False when this server has no way to."""
        abort = self.scope.get("extensions", {}).get(RESET)
        if abort is None:
            return False
        abort()
        return True


async def body_pieces(receive: Receive) -> AsyncIterator[bytes]:
    """The request's body as it comes; `ClientGone` when it doesn't come to its end."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def whole_body(receive: Receive, limit_bytes: int) -> bytes:
    body = bytearray()
    async for piece in body_pieces(receive):
        body += piece
        if len(body) > limit_bytes:
            raise Refused(too_large(limit_bytes))
    return bytes(body)
