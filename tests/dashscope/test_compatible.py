from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qwenchat.dashscope.compatible as compatible
from qwenchat.dashscope import (
    ContentFilteredError,
    CutError,
    Finished,
    InvalidRequestError,
    ProtocolError,
    RateLimitedError,
    ReasoningDelta,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCall,
    ToolCallDelta,
    UnavailableError,
    Usage,
)
from qwenchat.dashscope.compatible import Reader
from qwenchat.dashscope.folding import Folder
from tests.upstream import DONE, answer, chunk, completion, sse


def read(*chunks, **options):
    reader = Reader(**options)
    events = [event for data in chunks for event in reader.feed(data)]
    return events + reader.close(), reader


def folded(*chunks, **options):
    events, reader = read(*chunks, **options)
    folder = Folder()
    folder.add(events)
    return folder.completion(), reader.failure


def text_of(*chunks, **options):
    return folded(*chunks, **options)[0].text


def test_the_example_in_the_module_is_read_as_it_says():
    lines = compatible.__doc__.splitlines()
    stream = "\n".join(line.strip() for line in lines if line.startswith("    data:") or not line)
    events, reader = read(stream.replace("\n", "\n\n").encode())
    assert events == [
        Started("qwen-plus", "c-3b", ""),
        TextDelta("Hel"),
        TextDelta("lo"),
        Finished("stop"),
        Usage(22, 2, 24, 0, 0),
    ]
    assert reader.failure is None


def test_a_thinking_stream_has_two_phases_and_its_tokens_counted():
    usage = {
        "prompt_tokens": 26,
        "completion_tokens": 66,
        "total_tokens": 92,
        "prompt_tokens_details": {"cached_tokens": 5, "text_tokens": 26},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    events, _ = read(*answer(["Hi"], reasoning=["The ", "user"], usage=usage))
    assert events[1:] == [
        ReasoningDelta("The "),
        ReasoningDelta("user"),
        TextDelta("Hi"),
        Finished("stop"),
        Usage(26, 66, 92, 5, 40),
    ]


@given(st.data())
def test_any_chunking_reads_the_same(data):
    events = [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": None, "reasoning_content": "想一想 \U0001f914"}),
        chunk({"content": "I mean\n</think>\n\n"}),
        chunk({"content": "é\u2028\u0085 😀"}),
        chunk({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f"}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "", "function": {"arguments": "{}"}}]}),
        chunk({"content": "!"}, finish="stop"),
        chunk(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
    ]
    stream = b"".join(sse(event) for event in events) + DONE
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert folded(*chunks) == folded(stream)
    assert folded(stream)[0].reasoning == "想一想 \U0001f914I mean\n"
    assert folded(stream)[0].text == "é\u2028\u0085 😀!"


def test_content_in_the_closing_chunk_counts():
    events, _ = read(sse(chunk({"content": "all"}, finish="length")), DONE)
    assert events[1:] == [TextDelta("all"), Finished("length")]


def test_shapes_that_other_servers_send_are_understood():
    stream = [
        {"choices": [], "usage": None},
        {"choices": [{"delta": {}}]},
        {"choices": [{"delta": {"role": None, "content": None}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": "a"}}], "timings": {"n": 1}},
        {"choices": [{"delta": {"content": [{"type": "text", "text": "b"}]}}]},
        {"choices": [{"delta": {"reasoning": "r"}}]},
        {"choices": [{"index": 1, "delta": {"content": "another choice"}}]},
        {"choices": [{"message": {"content": "c"}, "finish_reason": "null"}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"choices": [{"delta": {}}], "usage": {"prompt_tokens": 3, "completion_tokens": 3}},
    ]
    done, failure = folded(*(sse(event) for event in stream), DONE)
    assert (done.text, done.reasoning, done.finish_reason) == ("abc", "r", "stop")
    assert done.usage == Usage(3, 3, 0, 0, 0)
    assert failure is None


def test_the_last_sane_usage_wins():
    stream = [
        chunk({"content": "a"}, usage={"prompt_tokens": 1, "completion_tokens": 1}),
        chunk({"content": "b"}, finish="stop"),
        chunk(usage={"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}),
        chunk(usage={"prompt_tokens": -1, "completion_tokens": 9}),
        chunk(usage={"prompt_tokens": 10**12, "completion_tokens": 9}),
        chunk(usage={"prompt_tokens": "7", "completion_tokens": True}),
        chunk(usage={}),
    ]
    assert folded(*map(sse, stream), DONE)[0].usage == Usage(7, 9, 16, 0, 0)


def test_broken_events_are_skipped_and_counted():
    events, reader = read(
        b"data: {oops\n\n", b"data: 3\n\n", sse({"choices": "no"}), *answer(["Hi"])
    )
    assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta("Hi")]
    assert reader.skipped == 3
    assert reader.failure is None


def test_nothing_but_broken_events_is_an_error():
    _, reader = read(b"data: {oops\n\ndata: ]\n\n", DONE)
    assert type(reader.failure) is ProtocolError
    assert "2 events" in str(reader.failure)


@pytest.mark.parametrize("body", [b"", b"\n\n", b"<!doctype html><p>", b"upstream error\n", b"{"])
def test_what_is_no_answer_is_an_error(body):
    events, reader = read(body)
    assert events == []
    assert type(reader.failure) is ProtocolError


def test_the_end_without_a_reason_is_a_cut_and_what_came_is_given_first():
    events, reader = read(*answer(["Hi"])[:2])
    assert events[1:] == [TextDelta("Hi")]
    assert isinstance(reader.failure, CutError)


def test_done_without_a_reason_ends_an_answer_but_not_an_empty_one():
    assert folded(sse(chunk({"content": "Hi"})), DONE)[0].finish_reason == "stop"
    assert isinstance(folded(sse(chunk({"content": ""})), DONE)[1], CutError)


def test_what_comes_after_done_is_ignored():
    events, reader = read(*answer(["Hi"]), DONE, sse(chunk({"content": "more"})))
    assert TextDelta("more") not in events
    assert reader.failure is None


def test_a_whole_answer_instead_of_a_stream_is_used():
    body = json.dumps(completion("Hello!", reasoning_content="Hm")).encode()
    done, failure = folded(body[:20], body[20:])
    assert (done.text, done.reasoning, done.finish_reason) == ("Hello!", "Hm", "stop")
    assert done.usage is not None
    assert failure is None


def test_lone_surrogates_are_replaced_and_pairs_over_two_chunks_joined():
    parts = [rb"a\ud83d", rb"\ude00b\u0000", rb"c\ude00"]
    stream = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % part for part in parts]
    assert text_of(*stream, DONE) == "a😀bc\ufffd"


def test_a_half_character_at_the_end_comes_before_the_finish():
    stream = (
        rb'data: {"choices":[{"delta":{"content":"a\ud83d"},"finish_reason":"stop"}]}' + b"\n\n"
    )
    events, _ = read(stream, DONE)
    assert events[1:] == [TextDelta("a"), TextDelta("\ufffd"), Finished("stop")]


def test_bytes_that_are_no_utf8_lose_nothing_else():
    stream = b'data: {"choices":[{"delta":{"content":"a\xff\xfeb"},"finish_reason":"stop"}]}\n\n'
    assert text_of(stream) == "a\ufffd\ufffdb"


def test_a_chain_of_thought_that_leaked_is_renamed():
    events, _ = read(*answer(["I think", " so.\n</th", "ink>\n", "\nHello"]))
    assert events[1:-1] == [
        TextDelta("I think"),
        TextDelta(" so.\n"),
        TextWasReasoning(),
        TextDelta("Hello"),
        Finished("stop"),
    ]
    done, _ = folded(*answer(["I think", " so.\n</th", "ink>\n", "\nHello"]))
    assert (done.text, done.reasoning) == ("Hello", "I think so.\n")


# The four ways in which tool calls were seen on the wire (dashscope-api §3.4), and two of other
# servers.
A = [
    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a'}},
    {"index": 0, "id": "", "type": "function", "function": {"arguments": '": 1}'}},
]
B = [
    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f"}},
    {"index": 0, "id": "call_1", "type": "function", "function": {"arguments": '{"a": 1}'}},
]
C = [*A, {"function": {"arguments": None}, "index": 0, "id": "", "type": "function"}]
D = [*A, {"index": 0, "function": {"name": None, "arguments": None}}]
E = [{"id": "call_1", "function": {"name": "f"}}, {"function": {"arguments": '{"a": 1}'}}]
F = [{"index": 0, "id": "call_1", "function": {"name": "f", "arguments": {"a": 1}}}]


@pytest.mark.parametrize("fragments", [A, B, C, D, E, F], ids="ABCDEF")
def test_fragments_of_a_tool_call_are_merged(fragments):
    stream = [sse(chunk({"content": None, "tool_calls": [each]})) for each in fragments]
    done, _ = folded(*stream, sse(chunk({}, finish="tool_calls")), DONE)
    (call,) = done.tool_calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("call_1", "f", {"a": 1})
    assert done.finish_reason == "tool_calls"


def test_two_calls_are_kept_apart_and_one_without_arguments_has_none():
    calls = [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "b", "function": {"name": "g", "arguments": "[1]"}},
    ]
    events, _ = read(sse(chunk({"tool_calls": calls}, finish="tool_calls")), DONE)
    assert events[1:3] == [ToolCallDelta(0, "a", "f", ""), ToolCallDelta(1, "b", "g", "[1]")]
    folder = Folder()
    folder.add(events)
    assert folder.completion().tool_calls == (ToolCall("a", "f", "{}"), ToolCall("b", "g", "[1]"))


def test_absurd_indexes_grow_nothing():
    call = {"index": 10**9, "function": {"name": "f"}}
    events, reader = read(sse(chunk({"content": "a", "tool_calls": [call]}, finish="stop")), DONE)
    assert not any(isinstance(event, ToolCallDelta) for event in events)
    assert reader.skipped == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"message": "x", "code": "data_inspection_failed"}}, ContentFilteredError),
        ({"error": {"message": "x", "type": "limit_requests", "code": None}}, RateLimitedError),
        ({"error": "it broke"}, UnavailableError),
        ({"code": "InvalidParameter", "message": "x", "request_id": "r"}, InvalidRequestError),
        ({"code": "InternalError.Algo", "message": "x", "request_id": "r"}, UnavailableError),
        ({"error": {"message": "<429> Throttling.RateQuota: x", "code": "e"}}, RateLimitedError),
    ],
)
def test_an_error_inside_the_stream_ends_it_after_what_came(event, kind):
    events, reader = read(
        *answer(["Hi"])[:2], sse(event), sse(chunk({"content": "late"})), request_id="req-1"
    )
    assert events[1:] == [TextDelta("Hi")]
    assert type(reader.failure) is kind
    assert reader.failure.request_id in ("r", "req-1")


def test_a_native_error_event_has_the_status_of_its_comment():
    stream = b'id:7\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling","message":"x"}\n\n'
    _, reader = read(stream)
    assert isinstance(reader.failure, RateLimitedError)
    assert reader.failure.status == 429


def test_a_null_code_in_an_answer_is_no_error():
    assert text_of(sse(chunk({"content": "a"}, finish="stop", code="", error=None)), DONE) == "a"


def test_an_event_without_end_is_an_error():
    reader = Reader()
    reader.feed(b"data: ")
    for _ in range(9):
        reader.feed(b"x" * 1024 * 1024)
    assert type(reader.failure) is ProtocolError


def test_a_cumulative_stream_gives_only_what_is_new():
    pieces = ["Good", "Good morning", "Good morning", "Good morning!"]
    assert text_of(*answer(pieces), cumulative=True) == "Good morning!"


def test_an_answer_cut_by_the_services_time_limit_says_so():
    assert folded(*answer(["Hi"]), partial_response=True)[0].finish_reason == "length"
