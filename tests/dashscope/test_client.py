"""The client over real sockets: what it sends, what it gives, and what it does with connections."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import httpx
import pytest

from qwenchat.dashscope import (
    Client,
    CutError,
    Finished,
    ModelInfo,
    Started,
    TextDelta,
    Timeouts,
    Usage,
    dialect_of,
)
from qwenchat.dashscope.client import encoded
from qwenchat.dashscope.payloads import chat, image_part, user
from tests.dashscope.conftest import KEY, collect
from tests.upstream import (
    Gate,
    Hang,
    Reply,
    ThreadedUpstream,
    Upstream,
    answer,
    error_reply,
    json_reply,
)

BODY = chat("qwen-plus", [user("你是谁")], stream=True, include_usage=True)


async def test_a_stream_is_read_from_the_first_event_to_the_last(up, client):
    up.script(Reply(answer("Hello there."), headers={"x-request-id": "req-7"}))
    events = await collect(client, BODY)
    assert events[0] == Started("qwen-plus", "chatcmpl-test", "req-7")
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello there."
    assert events[-2:] == [Finished("stop"), Usage(22, 2, 24, 0, 0)]


async def test_each_piece_is_given_when_it_comes(up, client):
    gate = Gate()
    head, *rest = answer("one two")
    up.script(Reply([head, rest[0], gate, *rest[1:]]))
    async with asyncio.timeout(5), aclosing(client.stream(BODY)) as stream:
        got = []
        while TextDelta("one") not in got:
            got += await anext(stream)
        gate.open()
        async for events in stream:
            got += events
    assert TextDelta(" two") in got


async def test_a_whole_answer_is_given_as_one(up, client):
    done = await client.complete(chat("qwen-plus", [user("hi")]))
    assert (done.text, done.finish_reason, done.model) == ("Hello there.", "stop", "qwen-plus")
    assert "stream" not in up.requests[0].json


async def test_a_server_that_streams_unasked_is_read_too(up, client):
    up.script(Reply(answer("Hello", reasoning=["Hm"])))
    done = await client.complete(chat("qwen-plus", [user("hi")]))
    assert (done.text, done.reasoning) == ("Hello", "Hm")


async def test_a_translation_that_repeats_itself_is_given_once(up, client):
    up.script(Reply(answer(["Guten", "Guten Tag"], model="qwen-mt-plus")))
    done = await client.complete(chat("qwen-mt-plus", [user("Good day")]))
    assert done.text == "Guten Tag"


async def test_the_request_is_what_the_service_documents(up, client):
    await collect(client, BODY)
    received = up.requests[0]
    assert (received.method, received.path) == ("POST", "/compatible-mode/v1/chat/completions")
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"] == "qwenchat"
    assert received.json == BODY


@pytest.mark.parametrize("size", [1, 256 * 1024, 3 * 1024 * 1024])
async def test_pictures_of_any_size_go_out_with_their_length(up, client, size):
    picture = image_part(f"data:image/png;base64,{'A' * size}")
    body = chat("qwen3-vl-plus", [user([picture])], stream=True)
    up.script(error_reply(503))
    assert await collect(client, body)
    for sent in up.requests:
        assert sent.json == body
        assert int(sent.headers["content-length"]) == len(sent.body)
        assert "transfer-encoding" not in sent.headers
    assert len(up.requests) == 2


async def test_without_a_key_no_authorization_is_sent(up, clients):
    await collect(clients(key=""), BODY)
    assert "authorization" not in up.requests[0].headers


async def test_the_list_of_models_is_read_from_several_servers(up, client):
    rows = [
        {"id": "a"},
        {"id": "b", "max_model_len": 4096},
        {"id": "c", "meta": {"n_ctx_train": 2048}},
        {"id": "d", "context_length": "many"},
        {"name": "no id"},
    ]
    up.script(json_reply({"object": "list", "data": rows}))
    assert await client.models() == [
        ModelInfo("a", None),
        ModelInfo("b", 4096),
        ModelInfo("c", 2048),
        ModelInfo("d", None),
    ]
    assert (up.requests[0].method, up.requests[0].path) == ("GET", "/compatible-mode/v1/models")


async def test_a_connection_is_used_again_after_a_stream_that_was_read_to_its_end(up, client):
    for _ in range(3):
        await collect(client, BODY)
    await client.complete(chat("qwen-plus", [user("hi")]))
    await client.models()
    assert up.connections == 1


async def test_a_stream_without_done_or_end_still_finishes_soon(up, clients):
    client = clients(timeouts=Timeouts(tail_s=0.05))
    up.script(Reply([*answer("Hello")[:-2], Hang()]))
    events = await collect(client, BODY)
    assert events[-1] == Finished("stop")
    async with asyncio.timeout(5):
        await up.requests[0].closed.wait()


async def test_closing_the_generator_closes_the_connection(up, client):
    up.script(Reply([*answer("one two")[:2], Hang()]))
    async with asyncio.timeout(5):
        stream = client.stream(BODY)
        await anext(stream)
        await stream.aclose()
        await up.requests[0].closed.wait()
    assert up.requests[0].cut


@pytest.mark.parametrize("steps", [[Hang()], [b": ping\n\n", Hang()], [*answer("x")[:2], Hang()]])
async def test_cancelling_the_task_closes_the_connection(up, client, steps):
    up.script(Reply(steps))
    task = asyncio.create_task(collect(client, BODY))
    async with asyncio.timeout(5):
        received = await up.received()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await received.closed.wait()
    assert received.cut


async def test_cancelling_before_the_headers_closes_the_connection(up, client):
    up.script(Reply([Hang()], status=None))
    task = asyncio.create_task(client.complete(chat("qwen-plus", [user("hi")])))
    async with asyncio.timeout(5):
        received = await up.received()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await received.closed.wait()


async def test_a_hundred_and_twenty_answers_stream_at_once(up, client):
    gate = Gate()
    head, *rest = answer("one two")
    up.respond = lambda received: Reply([head, gate, *rest])
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        tasks = [group.create_task(collect(client, BODY)) for _ in range(120)]
        await up.received(120)
        assert up.open_connections == 120
        gate.open()
    assert all(task.result()[-1] == Usage(22, 2, 24, 0, 0) for task in tasks)


async def test_any_httpx_transport_will_do(up):
    client = Client(up.base_url, KEY, transport=httpx.AsyncHTTPTransport())
    events = await collect(client, BODY)
    assert events[-1] == Usage(22, 2, 24, 0, 0)
    up.script(Reply([*answer("one two")[:2], Hang()]))
    async with asyncio.timeout(5):
        stream = client.stream(BODY)
        await anext(stream)
        await stream.aclose()
        await up.requests[1].closed.wait()
    await client.aclose()


async def test_cookies_of_a_gateway_are_not_carried_from_person_to_person(up, client):
    up.script(Reply(answer("x"), headers={"Set-Cookie": "session=abc"}))
    await collect(client, BODY)
    await collect(client, BODY)
    assert "cookie" not in up.requests[1].headers


async def test_closing_the_client_ends_its_streams(up, clients):
    client = clients()
    up.script(Reply([*answer("one two")[:2], Hang()]))
    async with asyncio.timeout(5), aclosing(client.stream(BODY)) as stream:
        await anext(stream)
        await client.aclose()
        with pytest.raises(CutError):
            async for _ in stream:
                pass


async def test_redirects_are_not_followed(up, client):
    up.script(Reply([], 307, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(Exception, match="redirects"):
        await collect(client, BODY)
    assert len(up.requests) == 1


def test_half_characters_do_not_stop_a_request():
    assert encoded({"content": "a\ud83d"}) == b'{"content": "a?"}'


@pytest.mark.parametrize(
    ("base_url", "dialect"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("https://ws-1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("http://127.0.0.1:8000/compatible-mode/v1", "dashscope"),
        ("http://127.0.0.1:8000/v1", "openai"),
        ("https://aliyuncs.com.example.org/v1", "openai"),
        ("https://api.openai.com/v1/", "openai"),
    ],
)
def test_the_dialect_is_seen_from_the_address(base_url, dialect):
    assert dialect_of(base_url) == dialect


@pytest.mark.parametrize(
    "base_url",
    ["", "dashscope.aliyuncs.com", "ftp://x/v1", "https://u:secret@x/v1", "http://x/?k=1"],
)
def test_an_address_that_cannot_be_one_is_refused_at_once(base_url):
    with pytest.raises(ValueError, match="base URL") as caught:
        Client(base_url, KEY)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-abc def", "sk-abc\ndef", "sk-密钥"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key):
    with pytest.raises(ValueError, match="API key") as caught:
        Client("http://127.0.0.1:1/v1", key)
    assert "sk-" not in str(caught.value)


async def test_the_key_is_not_in_the_clients_repr(client):
    assert KEY not in repr(client)
    assert "127.0.0.1" in repr(client)


def test_an_upstream_on_a_thread_serves_other_loops():
    async def ask(base_url):
        client = Client(base_url, KEY)
        events = await collect(client, BODY)
        await client.aclose()
        return events

    with ThreadedUpstream() as up:
        gate = Gate()
        up.script(Reply([*answer("a b")[:2], gate, *answer("a b")[2:]]))
        gate.open()
        assert asyncio.run(ask(up.base_url))[-1] == Usage(22, 2, 24, 0, 0)
        assert up.received().json == BODY
        up.closed(up.requests[0])


async def test_two_upstreams_do_not_know_each_other(up):
    async with Upstream(prefix="/v1") as other:
        client = Client(other.base_url, KEY)
        await collect(client, BODY)
        await client.aclose()
        assert (len(up.requests), len(other.requests)) == (0, 1)
