"""The bytes of a stream, its pace, its end, and the failures that can be asked for."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from qwenchat.sandbox import Sandbox
from qwenchat.sandbox.process import SandboxProcess

QUESTION = [{"role": "user", "content": "Hello"}]


def streamed(http, content="Hello", **fields):
    """The events of one stream, parsed; "[DONE]" stays text."""
    body = {
        "model": "qwen-plus",
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "stream_options": {"include_usage": True},
    } | fields
    answer = http.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.split("\n\n")]
    assert data.pop() == ""
    return [entry if entry == "[DONE]" else json.loads(entry) for entry in data]


def text_of(events):
    return "".join(
        event["choices"][0]["delta"].get("content") or ""
        for event in events
        if isinstance(event, dict) and event.get("choices")
    )


def raw_exchange(sandbox, body):
    """What the server sends on a bare socket: head and body, the transfer chunks undone."""
    address = urlsplit(sandbox.base_url)
    payload = json.dumps(body).encode()
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(
            f"POST {address.path}/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: Bearer sk-x\r\nContent-Length: {len(payload)}\r\n\r\n".encode()
            + payload
        )
        received = b""
        while data := connection.recv(65536):
            received += data
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    content = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        content += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return head, content


def test_the_chunks_on_the_wire_are_the_service_s(sandbox):
    head, content = raw_exchange(
        sandbox,
        {
            "model": "qwen-plus",
            "messages": [{"role": "user", "content": "Write 2 words"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        },
    )
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert re.search(rb"(?i)x-request-id: [0-9a-f-]{36}", head)
    lines = content.decode().split("\n")
    assert lines[1::2] == [""] * (len(lines) // 2)  # every event is one line and a blank one
    events = [line.removeprefix("data: ") for line in lines[:-1:2]]
    assert events.pop() == "[DONE]"
    chunks = [json.loads(event) for event in events]
    first = chunks[0]
    envelope = {key: first[key] for key in ("created", "id", "model", "object")}
    assert envelope["object"] == "chat.completion.chunk"
    assert envelope["id"].startswith("chatcmpl-")

    def chunk(delta, finish_reason=None):
        choice = {"delta": delta, "index": 0, "logprobs": None, "finish_reason": finish_reason}
        return envelope | {"choices": [choice], "usage": None, "system_fingerprint": None}

    assert chunks == [
        chunk({"content": "", "role": "assistant"}),
        chunk({"content": "That"}),
        chunk({"content": "'"}),
        chunk({"content": "s"}),
        chunk({"content": " all"}),
        chunk({"content": "."}),
        chunk({"content": ""}, "stop"),
        envelope
        | {
            "choices": [],
            "system_fingerprint": None,
            "usage": {
                "prompt_tokens": 3 + 4 + 3,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"text_tokens": 5},
            },
        },
    ]


def test_a_thinking_stream_changes_the_field_and_nothing_else(http):
    *chunks, usage, done = streamed(http, enable_thinking=True)
    assert done == "[DONE]"
    assert usage["choices"] == []
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"content": None, "reasoning_content": "", "role": "assistant"}
    thinking = [delta for delta in deltas[1:-1] if delta["content"] is None]
    answer = deltas[1 + len(thinking) : -1]
    assert all(set(delta) == {"content", "reasoning_content"} for delta in deltas[1:-1])
    assert all(delta["reasoning_content"] for delta in thinking)
    assert all(delta["reasoning_content"] is None and delta["content"] for delta in answer)
    assert deltas[-1] == {"content": ""}


def test_the_rate_can_be_set(http):
    for rate in (100, 400):
        started = time.monotonic()
        *_, usage, _done = streamed(http, f"/sandbox rate {rate}\nwrite 40 words")
        tokens = usage["usage"]["completion_tokens"]
        assert time.monotonic() - started >= tokens / rate * 0.95
    started = time.monotonic()
    streamed(http, "/sandbox rate 0\nwrite 3000 words")
    assert time.monotonic() - started < 3000 / 400


def test_the_process_has_a_rate_of_its_own():
    with SandboxProcess(rate=200) as slow, httpx.Client(base_url=slow.base_url) as http:
        http.headers["authorization"] = "Bearer sk-x"
        started = time.monotonic()
        *_, usage, _done = streamed(http, "write 40 words")
        assert time.monotonic() - started >= usage["usage"]["completion_tokens"] / 200 * 0.95


def test_cut_ends_without_a_finish_reason_and_continues_to_the_end(http):
    question = "/sandbox cut\nwrite 200 words"
    events = streamed(http, question)
    assert events[-1] != "[DONE]"
    assert all(event["choices"][0]["finish_reason"] is None for event in events)
    came = text_of(events)
    whole = text_of(streamed(http, "write 200 words"))
    assert came
    assert len(came) < len(whole)
    rest = streamed(
        http,
        messages=[
            {"role": "user", "content": question},
            {"role": "assistant", "content": came, "partial": True},
        ],
    )
    assert rest[-1] == "[DONE]"
    assert rest[-3]["choices"][0]["finish_reason"] == "stop"
    assert len(came + text_of(rest)) > len(came)


def test_reset_breaks_the_connection(http):
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        streamed(http, "/sandbox reset\nwrite 200 words")


def test_empty_has_usage_and_nothing_else(http):
    events = streamed(http, "/sandbox empty")
    assert len(events) == 2
    assert events[0]["choices"] == []
    assert events[1] == "[DONE]"


def test_fail_and_moderation_are_errors_within_the_stream(http):
    for command, code in (("fail", "internal_error"), ("moderation", "data_inspection_failed")):
        *chunks, error = streamed(http, f"/sandbox {command}\nwrite 200 words")
        assert text_of(chunks)
        assert error["error"]["code"] == code
        assert error["request_id"]


def test_length_ends_early_with_its_reason(http):
    *_, last, usage, _done = streamed(http, "/sandbox length\nwrite 200 words")
    assert last["choices"][0]["finish_reason"] == "length"
    assert usage["usage"]["completion_tokens"] == 40


def test_html_and_garbage_are_no_stream(http):
    body = {"model": "qwen-plus", "stream": True}
    page = http.post(
        "/chat/completions",
        json=body | {"messages": [{"role": "user", "content": "/sandbox html"}]},
    )
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    garbage = http.post(
        "/chat/completions",
        json=body | {"messages": [{"role": "user", "content": "/sandbox garbage\n99 words"}]},
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(garbage.text.rstrip().rsplit("\n\n", 1)[1].removeprefix("data: "))


def test_flaky_refuses_as_often_as_asked(post):
    question = [{"role": "user", "content": "/sandbox flaky 2\nHello, flaky"}]
    assert [post(messages=question).status_code for _ in range(4)] == [503, 503, 200, 503]


def test_a_title_is_made_even_where_the_answer_fails(post):
    naming = {"role": "system", "content": "Title this conversation."}
    question = {"role": "user", "content": "/sandbox error 500\nWhat is a title?"}
    answer = post(messages=[naming, question])
    assert answer.json()["choices"][0]["message"]["content"] == "What is a title"


def test_help_lists_every_command(post):
    from qwenchat.sandbox import staging

    answer = post(messages=[{"role": "user", "content": "/sandbox help"}])
    text = answer.json()["choices"][0]["message"]["content"]
    for command in (*staging.BEFORE, *staging.DURING, "moderation", "slow", "rate"):
        assert re.search(rf"^{command}\b", text, re.M), command


class Watched:
    """An ASGI exchange in this process, to see what the application does when a client leaves."""

    def __init__(self, question, **fields):
        body = {
            "model": "qwen-plus",
            "messages": [{"role": "user", "content": question}],
            "stream": True,
        }
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": "/compatible-mode/v1/chat/completions",
            "headers": [(b"authorization", b"Bearer sk-x")],
        }
        self.incoming = asyncio.Queue()
        self.incoming.put_nowait(
            {"type": "http.request", "body": orjson.dumps(body | fields), "more_body": False}
        )
        self.sent = []
        self.text_came = asyncio.Event()

    async def send(self, message):
        self.sent.append(message)
        if b'"content":"' in message.get("body", b"").replace(b'"content":""', b""):
            self.text_came.set()

    def leave(self):
        self.incoming.put_nowait({"type": "http.disconnect"})


@pytest.mark.parametrize(
    "question", ["/sandbox endless", "/sandbox stall\n200 words", "write 9000 words"]
)
async def test_a_client_that_leaves_stops_the_answer(question):
    watched = Watched(question)
    answering = asyncio.create_task(
        Sandbox(rate=500)(watched.scope, watched.incoming.get, watched.send)
    )
    async with asyncio.timeout(20):
        await watched.text_came.wait()
        assert not answering.done()
        watched.leave()
        await answering
    assert watched.sent[-1]["more_body"] is True  # it never came to an end


@pytest.mark.parametrize("question", ["/sandbox silent", "/sandbox slow 500"])
async def test_a_client_that_leaves_before_the_first_token_stops_it_too(question):
    watched = Watched(question)
    watched.leave()
    async with asyncio.timeout(20):
        await Sandbox(rate=500)(watched.scope, watched.incoming.get, watched.send)
    assert not watched.text_came.is_set()


async def test_a_client_that_leaves_within_its_request_gets_no_answer():
    watched = Watched("Hello")
    watched.incoming.get_nowait()
    watched.incoming.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
    watched.leave()
    await Sandbox()(watched.scope, watched.incoming.get, watched.send)
    assert watched.sent == []
