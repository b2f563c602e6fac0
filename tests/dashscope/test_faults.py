"""What goes wrong upstream, over real sockets, and what the client makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import socket
import time
from contextlib import aclosing
from email.utils import formatdate

import pytest

from qwenchat.dashscope import (
    AuthError,
    ContentFilteredError,
    ContextTooLongError,
    CutError,
    Finished,
    InvalidRequestError,
    ModelNotFoundError,
    ProtocolError,
    RateLimitedError,
    StalledError,
    TextDelta,
    Timeouts,
    UnavailableError,
)
from qwenchat.dashscope.payloads import chat, user
from tests.dashscope.conftest import KEY, collect, collect_until_error
from tests.upstream import (
    DONE,
    Close,
    Gate,
    Hang,
    Pause,
    Reply,
    Reset,
    answer,
    chunk,
    completion,
    error_reply,
    json_reply,
    sse,
)

BODY = chat("qwen-plus", [user("hi")], stream=True, include_usage=True)
PLAIN = chat("qwen-plus", [user("hi")])
BEGUN = answer("one two")[:2]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_reset_before_the_headers_is_tried_again(up, clients):
    client = clients()
    up.script(Reply([Reset()], status=None), Reply([Reset()], status=None))
    assert text_of(await collect(client, BODY)) == "Hello there."
    assert len(up.requests) == 3
    assert clients.slept == [0.75, 1.5]


async def test_after_three_tries_it_gives_up(up, clients):
    client = clients()
    up.script(*(Reply([Reset()], status=None) for _ in range(5)))
    with pytest.raises(UnavailableError):
        await collect(client, BODY)
    assert len(up.requests) == 3


async def test_a_reset_after_the_headers_but_before_any_data_is_tried_again(up, client):
    up.script(Reply([b": ping\n\n", Reset()]))
    assert text_of(await collect(client, BODY)) == "Hello there."
    assert len(up.requests) == 2


@pytest.mark.parametrize("end", [Reset(), Close()], ids=["reset", "close"])
async def test_a_connection_broken_in_mid_answer_is_a_cut_and_never_repeated(up, client, end):
    up.script(Reply([*BEGUN, Pause(0.02), end]))
    events, error = await collect_until_error(client, BODY)
    assert text_of(events) == "one"
    assert type(error) is CutError
    assert len(up.requests) == 1


async def test_an_end_without_a_finish_is_a_cut(up, client):
    up.script(Reply(BEGUN))
    events, error = await collect_until_error(client, BODY)
    assert text_of(events) == "one"
    assert type(error) is CutError


async def test_no_connection_at_all_is_unavailable(clients):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        client = clients(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(UnavailableError):
            await collect(client, BODY)
    assert len(clients.slept) == 2


async def test_a_host_that_does_not_answer_is_unavailable_after_the_connect_timeout(clients):
    with socket.socket() as full, contextlib.ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # the kernel drops what does not fit into the queue of nobody's accepts
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        client = clients(
            f"http://127.0.0.1:{full.getsockname()[1]}/v1", timeouts=Timeouts(connect_s=0.05)
        )
        with pytest.raises(UnavailableError):
            await collect(client, BODY)
    assert len(clients.slept) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_failing_server_is_tried_again(up, client, status):
    up.script(error_reply(status, "InternalError"), Reply([b"<html>"], status))
    assert text_of(await collect(client, BODY)) == "Hello there."
    assert len(up.requests) == 3


async def test_a_whole_answer_is_tried_again_too(up, client):
    up.script(error_reply(503, "ModelUnavailable"))
    assert (await client.complete(PLAIN)).text == "Hello there."


async def test_retry_after_is_waited_for_and_told(up, clients):
    told = []
    client = clients(on_retry=lambda *what: told.append(what))
    up.script(error_reply(429, "limit_requests", retry_after="7"))
    assert text_of(await collect(client, BODY)) == "Hello there."
    assert clients.slept == [7.25]
    ((attempt, wait_s, error),) = told
    assert (attempt, wait_s, error.retry_after) == (1, 7.25, 7.0)


async def test_retry_after_as_a_date_counts_from_now(up, clients):
    client = clients(wall_clock=lambda: 1_800_000_000.0)
    up.script(error_reply(429, "Throttling", retry_after=formatdate(1_800_000_004, usegmt=True)))
    await collect(client, BODY)
    assert clients.slept == [4.25]


async def test_a_long_retry_after_is_told_at_once(up, clients):
    client = clients()
    up.script(error_reply(429, "limit_requests", retry_after="120"))
    with pytest.raises(RateLimitedError) as caught:
        await collect(client, BODY)
    assert caught.value.retry_after == 120
    assert clients.slept == []


async def test_without_retry_after_it_backs_off(up, clients):
    told = []
    client = clients()
    up.script(error_reply(429, "Throttling.RateQuota"), error_reply(429, retry_after="0"))
    events = await collect(client, BODY, on_retry=lambda *what: told.append(what))
    assert text_of(events) == "Hello there."
    assert clients.slept == [3.0, 6.0]
    assert [attempt for attempt, _, _ in told] == [1, 2]


async def test_retries_end_when_a_minute_has_passed(up, clients):
    times = iter([0.0, 59.9])
    client = clients(clock=lambda: next(times))
    up.script(error_reply(503))
    with pytest.raises(UnavailableError):
        await collect(client, BODY)
    assert len(up.requests) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error_reply(400, "invalid_parameter_error"), InvalidRequestError),
        (error_reply(400, "data_inspection_failed"), ContentFilteredError),
        (error_reply(400, "x", "Range of input length should be [1, 9]"), ContextTooLongError),
        (error_reply(401, "invalid_api_key"), AuthError),
        (error_reply(403, "AccessDenied"), AuthError),
        (error_reply(404, "model_not_found"), ModelNotFoundError),
        (error_reply(413), InvalidRequestError),
        (Reply([b'data: {"error":{"code":"x","message":"m"}}\n\n'], 400), InvalidRequestError),
    ],
)
async def test_what_would_be_refused_again_is_asked_once(up, clients, reply, kind):
    client = clients()
    up.script(reply, reply)
    with pytest.raises(kind) as caught:
        await collect(client, BODY)
    assert type(caught.value) is kind
    assert len(up.requests) == 1
    with pytest.raises(kind):
        await client.complete(PLAIN)
    assert up.connections == 1  # a refusal read to its end keeps the connection


async def test_silence_before_the_first_data_is_a_stall(up, clients):
    client = clients(timeouts=Timeouts(first_data_s=0.05, gap_s=60))
    up.script(Reply([Hang()]))
    with pytest.raises(StalledError):
        await collect(client, BODY)
    assert len(up.requests) == 1


async def test_silence_before_the_headers_is_a_stall(up, clients):
    client = clients(timeouts=Timeouts(first_data_s=0.05, whole_s=0.05))
    up.script(Reply([Hang()], status=None), Reply([Hang()], status=None))
    with pytest.raises(StalledError):
        await collect(client, BODY)
    with pytest.raises(StalledError):
        await client.complete(PLAIN)


async def test_a_stream_that_falls_silent_is_a_stall_after_what_came(up, clients):
    client = clients(timeouts=Timeouts(gap_s=0.05))
    up.script(Reply([*BEGUN, Hang()]))
    events, error = await collect_until_error(client, BODY)
    assert text_of(events) == "one"
    assert type(error) is StalledError
    await up.requests[0].closed.wait()


async def test_comments_are_no_data(up, clients):
    def pings():
        yield from BEGUN
        while True:
            yield b": keep-alive\n\n"
            yield Pause(0.01)

    client = clients(timeouts=Timeouts(gap_s=0.1))
    up.script(Reply(pings()))
    began = time.monotonic()
    _, error = await collect_until_error(client, BODY)
    assert type(error) is StalledError
    assert time.monotonic() - began < 10


async def test_an_endless_stream_ends_at_the_total(up, clients):
    def flood():
        while True:
            yield sse(chunk({"content": "x"}))

    client = clients(timeouts=Timeouts(total_s=0.2))
    up.script(Reply(flood()))
    events, error = await collect_until_error(client, BODY)
    assert type(error) is StalledError
    assert len(text_of(events)) > 10
    await up.requests[0].closed.wait()


async def test_a_slow_reader_is_no_silent_service(up, clients):
    client = clients(timeouts=Timeouts(gap_s=0.05))
    gate = Gate()
    up.script(Reply([*BEGUN, gate, *answer("one two")[2:]]))
    async with aclosing(client.stream(BODY)) as stream:
        events = await anext(stream)
        gate.open()
        await asyncio.sleep(0.1)  # the reader is what is slow here
        async for batch in stream:
            events += batch
    assert text_of(events) == "one two"


async def test_a_page_instead_of_an_answer_is_an_error_that_does_not_show_it(up, client):
    up.script(
        Reply([b"<html><body>secret intranet</body></html>"], 200, {"Content-Type": "text/html"})
    )
    with pytest.raises(ProtocolError) as caught:
        await collect(client, BODY)
    assert "intranet" not in str(caught.value)
    assert len(up.requests) == 1


async def test_an_empty_answer_is_an_error(up, client):
    up.script(Reply([]))
    with pytest.raises(ProtocolError, match="empty"):
        await collect(client, BODY)


async def test_a_whole_json_answer_to_a_stream_is_used(up, client):
    up.script(json_reply(completion("Hello!")))
    events = await collect(client, BODY)
    assert text_of(events) == "Hello!"
    assert Finished("stop") in events


async def test_a_compressed_answer_is_refused(up, client):
    body = gzip.compress(json.dumps(completion()).encode())
    up.script(Reply([body], 200, {"Content-Encoding": "gzip"}))
    with pytest.raises(ProtocolError, match="compressed"):
        await collect(client, BODY)


async def test_a_stream_in_single_bytes_is_read_alike(up, client):
    stream = b"".join(answer(["héllo ", "世界 😀"]))
    up.script(Reply([stream[at : at + 1] for at in range(len(stream))]))
    assert text_of(await collect(client, BODY)) == "héllo 世界 😀"


async def test_malformed_events_are_skipped(up, client):
    up.script(Reply([b"data: {oops\n\n", *answer("fine")]))
    assert text_of(await collect(client, BODY)) == "fine"


async def test_what_is_no_http_is_unavailable(up, client):
    up.script(*(Reply([b"SSH-2.0-OpenSSH_9.6\r\n"], status=None, chunked=False) for _ in range(3)))
    with pytest.raises(UnavailableError):
        await collect(client, BODY)


async def test_an_error_in_the_stream_comes_after_the_text_before_it(up, client):
    refusal = {"error": {"code": "data_inspection_failed", "message": "Output data …"}}
    up.script(Reply([*BEGUN, sse(refusal), DONE]))
    events, error = await collect_until_error(client, BODY)
    assert text_of(events) == "one"
    assert type(error) is ContentFilteredError
    assert len(up.requests) == 1


async def test_an_error_as_the_first_event_is_tried_again_when_it_may_pass(up, client):
    up.script(Reply([sse({"error": {"code": "limit_requests", "message": "slow down"}})]))
    assert text_of(await collect(client, BODY)) == "Hello there."


async def test_a_cut_whole_answer_is_not_asked_for_twice(up, client):
    half = json.dumps(completion()).encode()[:60]
    up.script(Reply([half, Pause(0.02), Reset()]))
    with pytest.raises(CutError):
        await client.complete(PLAIN)
    assert len(up.requests) == 1


async def test_a_key_that_the_service_echoes_is_in_no_error_and_no_log(up, client, caplog):
    caplog.set_level(logging.DEBUG)
    message = f"Incorrect API key provided: {KEY}"
    up.script(error_reply(503, "x", message), error_reply(401, f"bad {KEY}", message))
    with pytest.raises(AuthError) as caught:
        await collect(client, BODY)
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {caplog.text}"
    assert KEY not in shown
    assert "Incorrect API key provided" in shown


async def test_a_list_of_models_that_is_none_is_an_error(up, client):
    up.script(Reply([b"<html>"]), json_reply({"error": "no"}), error_reply(401))
    for kind in (ProtocolError, UnavailableError, AuthError):
        with pytest.raises(kind):
            await client.models()
