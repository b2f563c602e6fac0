from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwenchat.dashscope.sse import Decoder, SSEvent, TooLongError


def decoded(*chunks):
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.close()


def data_of(*chunks):
    return [event.data for event in decoded(*chunks)]


@pytest.mark.parametrize(
    "stream",
    [
        b"data: one\n\ndata: two\n\n",
        b"data: one\r\n\r\ndata: two\r\n\r\n",
        b"data: one\r\rdata: two\r\r",
        b"data:one\n\ndata:two\n\n",
        b"\xef\xbb\xbfdata: one\n\ndata: two\n\n",
        b": ping\n\ndata: one\n\n: ping\ndata: two\n\n",
        b"\n\n\ndata: one\n\n\n\ndata: two\n\n",
        b"data: one\n\ndata: two\n",
        b"data: one\n\ndata: two",
        b"retry: 5\nunknown\ndata: one\n\ndata: two\n\n",
    ],
    ids=["lf", "crlf", "cr", "no-space", "bom", "comments", "blank", "no-blank", "no-lf", "fields"],
)
def test_oddities_of_the_format_are_all_read_alike(stream):
    assert data_of(stream) == [b"one", b"two"]


def test_several_data_lines_are_one_event():
    assert data_of(b"data: {\ndata:  1}\n\n") == [b"{\n 1}"]


def test_events_without_blank_lines_between_them_are_told_apart():
    stream = b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\ndata: [DONE]\n'
    assert data_of(stream) == [b'{"a":1}', b'{"b":2}', b"[DONE]", b"[DONE]"]


def test_the_native_protocol_carries_id_kind_and_status():
    stream = (
        b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n"
        b"id:2\nevent:error\n:HTTP_STATUS/400\ndata:{}\n\n"
        b"id:3\nevent:error\nstatus:429\ndata:{}\n\n"
    )
    assert decoded(stream) == [
        SSEvent("result", b"{}", "1", 200),
        SSEvent("error", b"{}", "2", 400),
        SSEvent("error", b"{}", "3", 429),
    ]


def test_native_events_without_blank_lines_keep_their_own_status():
    stream = b"id:1\n:HTTP_STATUS/200\ndata:{}\nid:2\n:HTTP_STATUS/400\ndata:{}\n"
    assert [(event.id, event.status) for event in decoded(stream)] == [("1", 200), ("2", 400)]


def test_unicode_line_separators_end_no_line():
    text = "data: a\u2028b\u0085c\u2029d\n\n".encode()
    assert data_of(text) == ["a\u2028b\u0085c\u2029d".encode()]


def test_a_line_without_end_is_refused_at_its_limit():
    decoder = Decoder(max_event_bytes=100)
    decoder.feed(b"data: " + b"x" * 90)
    with pytest.raises(TooLongError):
        decoder.feed(b"x" * 10)


def test_an_event_of_many_lines_is_refused_at_its_limit():
    decoder = Decoder(max_event_bytes=100)
    with pytest.raises(TooLongError):
        decoder.feed(b"data: xxxxxxxx\n" * 20)


PIECES = st.sampled_from(
    [
        b"data: ", b"data:", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b": ping", b"[DONE]",
        b'{"a":"\xf0\x9f\x98\x80"}', b'{"b":1}', b"x", b" ", b"event:error\n", b"id: 4\n",
        b":HTTP_STATUS/400\n", b"status:500\n", b"\xef\xbb\xbf", b'data: {"c": "d"}\n\n',
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map(b"".join), st.data())
@example(b"\xef\xbb\xbfdata: x\r\n\r\ndata: y\r", None)
def test_any_chunking_decodes_the_same(stream, data):
    whole = decoded(stream)
    assert decoded(*(stream[at : at + 1] for at in range(len(stream)))) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
        edges = [0, *cuts, len(stream)]
        chunks = [stream[a:b] for a, b in pairwise(edges)]
        assert decoded(*chunks) == whole


def test_a_token_a_read_costs_microseconds():
    line = b'data: {"choices":[{"delta":{"content":"word"},"index":0}],"id":"chatcmpl-1"}\n\n'
    decoder = Decoder()
    began = time.perf_counter()
    for _ in range(10_000):
        decoder.feed(line)
    # About 1.5 µs here; the bound only catches a way that has become slow by an order.
    assert (time.perf_counter() - began) / 10_000 < 50e-6


def test_a_long_line_in_small_pieces_takes_linear_time():
    decoder = Decoder()
    piece = b"x" * 1000
    decoder.feed(b"data: ")
    began = time.perf_counter()
    for _ in range(4000):
        decoder.feed(piece)
    assert decoder.feed(b"\n\n")[0].data == piece * 4000
    assert time.perf_counter() - began < 2
