"""A model service to answer, and sockets as a page opens them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client as Browser

from conversations import process, service
from conversations.generation.runner import runner
from qwenchat.asgi import application
from tests.upstream import Received, Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from django.contrib.auth.models import User

ORIGIN = "http://testserver"
WAIT_S = 10


class ChatUpstream(Upstream):
    """Its script is for answers; titles, which are not streamed, are made without it."""

    def next_reply(self, received: Received) -> Reply:
        # The service's own protocol says it in a header.
        if received.json.get("stream") or received.headers.get("x-dashscope-sse"):
            return super().next_reply(received)
        self.titles.append(received)
        return self.respond(received)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.titles: list[Received] = []


@pytest.fixture
async def upstream(settings: Any) -> AsyncIterator[ChatUpstream]:
    async with ChatUpstream() as up:
        settings.DASHSCOPE_BASE_URL = up.base_url
        yield up


@pytest.fixture
async def server(transactional_db: None, settings: Any) -> AsyncIterator[None]:
    """This process as a server: its own tasks end with the test."""
    settings.LIMITS = limits(settings, drain_seconds=1)
    await service.close()
    yield
    await process.stop()
    runner.is_draining = False


def limits(settings: Any, **changes: int) -> Any:
    from dataclasses import replace

    return replace(settings.LIMITS, **changes)


class Socket:
    """A page's socket: sends commands, collects events."""

    def __init__(
        self, cookie: str = "", *, origin: str | None = ORIGIN, language: str = "en"
    ) -> None:
        headers = [(b"host", b"testserver"), (b"accept-language", language.encode())]
        if cookie:
            headers.append((b"cookie", f"sessionid={cookie}".encode()))
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        self.communicator = WebsocketCommunicator(application, "/ws/", headers=headers)
        self.events: list[dict[str, Any]] = []

    async def connect(self) -> bool:
        connected, _ = await self.communicator.connect(timeout=WAIT_S)
        return bool(connected)

    async def __aenter__(self) -> Self:
        assert await self.connect()
        await self.until("hello")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.communicator.disconnect(timeout=WAIT_S)

    async def say(self, type: str, **fields: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps({"type": type, **fields}))

    async def say_raw(self, text: str) -> None:
        await self.communicator.send_to(text_data=text)

    async def next(self) -> dict[str, Any]:
        message = await self.communicator.receive_output(timeout=WAIT_S)
        if message["type"] == "websocket.close":
            return {"type": "close", "code": message["code"]}
        event: dict[str, Any] = json.loads(message["text"])
        self.events.append(event)
        return event

    async def until(
        self, type: str, test: Callable[[dict[str, Any]], bool] = lambda event: True
    ) -> dict[str, Any]:
        """The next event of this type that fits; those before it stay in `events`."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event = await self.next()
                if event["type"] == type and test(event):
                    return event

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        """Sends a question and gives the `ack`."""
        request = fields.pop("request", None) or uuid4().hex
        fields.setdefault("conversation", None)
        fields.setdefault("parent", None)
        await self.say("send", request=request, text=text, **fields)
        return await self.until("ack", lambda event: event["request"] == request)

    def shown(self, message: str, *, format: str = "text") -> str:
        """What a page shows of an answer after the events so far, applied in order."""
        text, blocks, tail = "", "", ""
        for event in self.events:
            if event.get("message") != message or event["type"] not in ("snapshot", "delta"):
                continue
            if event["type"] == "snapshot":
                text, blocks, tail = "", "", ""
            text += event.get("text", "")
            blocks += "".join(event.get("blocks", []))
            if "drop" in event:
                units = tail.encode("utf-16-le")
                kept = units[: len(units) - 2 * event["drop"]].decode("utf-16-le")
                tail = kept + event["tail"]
            elif "tail" in event:
                tail = event["tail"]
        return text if format == "text" else blocks + tail


def signed_in(user: User) -> str:
    """The session cookie of a person who signed in."""
    browser = Browser()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


@pytest.fixture
async def alice_cookie(transactional_db: None, alice: User) -> str:
    return await sync_to_async(signed_in)(alice)


@pytest.fixture
async def bob_cookie(transactional_db: None, bob: User) -> str:
    return await sync_to_async(signed_in)(bob)


@pytest.fixture
async def page(server: None, upstream: Upstream, alice_cookie: str) -> AsyncIterator[Socket]:
    """Alice's open page."""
    async with Socket(alice_cookie) as socket:
        yield socket
