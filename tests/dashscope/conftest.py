"""A scripted upstream, and clients of it that never really sleep."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from email.parser import BytesParser
from email.policy import HTTP
from json import dumps

import pytest

from qwenchat.dashscope import Client
from tests.upstream import Upstream

KEY = "sk-0123456789abcdef0123456789abcdef"


class Clients:
    """Makes clients, closes them, and remembers what they would have slept."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.slept = []
        self._made = []

    def __call__(self, base_url=None, *, key=KEY, **options):
        async def sleep(seconds):
            self.slept.append(seconds)

        client = Client(base_url or self.base_url, key, sleep=sleep, chance=lambda: 0.5, **options)
        self._made.append(client)
        return client

    async def aclose(self):
        for client in self._made:
            await client.aclose()


@pytest.fixture
async def up():
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def clients(up):
    made = Clients(up.base_url)
    yield made
    await made.aclose()


@pytest.fixture
def client(clients):
    return clients()


async def collect(client, body, **options):
    """Give all events of a stream as one list."""
    events = []
    async with asyncio.timeout(20), aclosing(client.stream(body, **options)) as stream:
        async for batch in stream:
            events += batch
    return events


async def collect_until_error(client, body, **options):
    """Give the events that came, and what was raised after them."""
    events = []
    async with asyncio.timeout(20), aclosing(client.stream(body, **options)) as stream:
        try:
            async for batch in stream:
                events += batch
        except Exception as error:
            return events, error
    raise AssertionError("the stream ended without an error")


def form_of(received):
    """Give the parts of a multipart request in order, as (name, file name or None, bytes)."""
    head = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + received.body)
    assert message.is_multipart()
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


def native_frame(message, *, finish="null", number=1, usage=None, **output):
    """Give one frame of a native stream, as the service writes it: no space after the colons."""
    choices = [{"message": message, "finish_reason": finish}]
    payload = {"output": {"choices": choices, **output}, "request_id": "req-native"}
    if usage is not None:
        payload["usage"] = usage
    data = dumps(payload, ensure_ascii=False)
    return f"id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{data}\n\n".encode()
