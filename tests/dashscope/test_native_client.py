"""The service's own protocol over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from qwenchat.dashscope import (
    Client,
    CutError,
    FileParsingError,
    Finished,
    InvalidRequestError,
    Source,
    TextDelta,
    Usage,
)
from qwenchat.dashscope.payloads import chat, native, native_ocr, user
from tests.dashscope.conftest import KEY, collect, collect_until_error, native_frame
from tests.upstream import Hang, Pause, Reply, Reset, answer, error_reply, json_reply

TEXT = "/api/v1/services/aigc/text-generation/generation"
MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"
ASKED = chat(
    "qwen-plus",
    [user("Medals?")],
    stream=True,
    enable_search=True,
    search_options={"enable_source": True, "enable_citation": True},
    native=True,
)
FOUND = [{"index": 1, "title": "Medals", "url": "https://example.org", "site_name": ""}]
STREAM = [
    native_frame({"content": "", "role": "assistant"}, search_info={"search_results": FOUND}),
    native_frame({"content": "Gold", "role": "assistant"}, search_info={"search_results": []}),
    native_frame(
        {"content": " [1]", "role": "assistant"},
        finish="stop",
        usage={"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
    ),
]


async def test_a_search_is_streamed_with_its_sources(up, client):
    up.script(Reply(STREAM))
    events = await collect(client, ASKED, native=True)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Gold [1]"
    assert events[-2:] == [Finished("stop"), Usage(9, 2, 11, 0, 0)]
    sent = up.requests[0]
    assert (sent.method, sent.path) == ("POST", TEXT)
    assert sent.headers["x-dashscope-sse"] == "enable"
    assert sent.headers["accept"].startswith("text/event-stream")
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json == ASKED


async def test_a_whole_answer_does_not_ask_for_a_stream(up, client):
    message = {"role": "assistant", "content": [{"text": "x", "ocr_result": {"kv_result": {}}}]}
    up.script(json_reply({"output": {"choices": [{"finish_reason": "stop", "message": message}]}}))
    body = native_ocr("qwen-vl-ocr-latest", "https://x.org/a", task="key_information_extraction")
    done = await client.complete(body, native=True)
    assert (done.text, done.ocr.fields, done.model) == ("x", {}, "qwen-vl-ocr-latest")
    sent = up.requests[0]
    assert sent.path == client.path_of(body, native=True) == MULTIMODAL
    assert "x-dashscope-sse" not in sent.headers


async def test_a_connection_is_used_again_after_a_native_stream(up, client):
    up.script(Reply(STREAM), Reply(STREAM))
    await collect(client, ASKED, native=True)
    await collect(client, ASKED, native=True)
    await collect(client, chat("qwen-plus", [user("hi")], stream=True))
    assert up.connections == 1


async def test_a_broken_native_stream_is_a_cut_and_never_repeated(up, client):
    up.script(Reply([*STREAM[:2], Pause(0.02), Reset()]))
    events, error = await collect_until_error(client, ASKED, native=True)
    assert TextDelta("Gold") in events
    assert type(error) is CutError
    assert len(up.requests) == 1


async def test_an_end_without_a_finish_is_a_cut(up, client):
    up.script(Reply(STREAM[:2]))
    _, error = await collect_until_error(client, ASKED, native=True)
    assert type(error) is CutError


async def test_closing_a_native_stream_closes_the_connection(up, client):
    up.script(Reply([*STREAM[:2], Hang()]))
    async with asyncio.timeout(5):
        async with aclosing(client.stream(ASKED, native=True)) as stream:
            await anext(stream)
        await up.requests[0].closed.wait()


async def test_a_refusal_framed_as_a_stream_is_read(up, client):
    frame = (
        b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"InvalidParameter",'
        b'"message":"url error, please check url","request_id":"r-1"}\n\n'
    )
    up.script(Reply([frame], 400), Reply([frame], 200))
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="url error") as caught:
            await collect(client, ASKED, native=True)
        assert (caught.value.status, caught.value.request_id) == (400, "r-1")
    assert len(up.requests) == 2


async def test_sources_are_folded_into_a_whole_answer(up, client):
    up.script(Reply(STREAM))
    done = await client.complete(ASKED, native=True)
    assert done.sources == (Source(1, "Medals", "https://example.org", ""),)


async def test_a_document_that_is_still_read_is_waited_for(up, clients):
    client = clients()
    parsing = error_reply(400, "invalid_parameter_error", "File parsing in progress, please try …")
    up.script(*[parsing] * 5, Reply(answer("Read.")))
    events = await collect(client, chat("qwen-long", [user("hi")], stream=True))
    assert TextDelta("Read.") in events
    assert clients.slept == [1.5, 3.0, 6.0, 6.0, 6.0]


async def test_a_document_that_takes_too_long_is_told(up, clients):
    now = iter([0.0, 10.0, 59.0])
    client = clients(clock=lambda: next(now))
    up.script(*[error_reply(400, "x", "File parsing in progress")] * 3)
    with pytest.raises(FileParsingError) as caught:
        await collect(client, chat("qwen-long", [user("hi")], stream=True))
    assert caught.value.retryable
    assert len(up.requests) == 2


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "/api/v1"),
        ("https://ws-1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1/", "/api/v1"),
        ("http://gateway.example.org/qwen/compatible-mode/v1", "/qwen/api/v1"),
    ],
)
async def test_the_native_address_is_beside_the_compatible_one(base_url, path):
    client = Client(base_url, KEY)
    asked = native(chat("qwen-plus", [user("hi")]))
    assert client.path_of(asked, native=True) == path + TEXT.removeprefix("/api/v1")
    assert client.speaks_native
    await client.aclose()


async def test_an_address_may_be_given_or_denied(up, clients):
    given = clients(up.base_url, native_url=up.base_url.replace("/compatible-mode/v1", "/own"))
    assert given.path_of(ASKED, native=True).startswith("/own/services/")
    for client in (
        clients(up.base_url, native_url=""),
        clients(up.base_url.replace("/compatible-mode", "")),
    ):
        assert not client.speaks_native
        with pytest.raises(InvalidRequestError):
            await collect(client, ASKED, native=True)
    assert up.requests == []
    with pytest.raises(ValueError, match="base URL"):
        Client(up.base_url, KEY, native_url="nowhere")


async def test_the_path_of_a_chat_request_is_told():
    client = Client("http://127.0.0.1:1/compatible-mode/v1/", KEY)
    assert client.path_of({}) == "/compatible-mode/v1/chat/completions"
    await client.aclose()
