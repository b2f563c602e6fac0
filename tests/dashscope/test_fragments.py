"""Tool calls in pieces: whatever shape the pieces have and wherever they are cut, the same calls."""

from __future__ import annotations

import json
from itertools import pairwise, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenchat.dashscope import CutError, ToolCall, ToolCallDelta
from qwenchat.dashscope.compatible import Reader
from qwenchat.dashscope.folding import Folder
from tests.upstream import DONE, chunk, completion, sse


def folded(*chunks):
    events, reader = read(*chunks)
    folder = Folder()
    folder.add(events)
    return folder.completion(), reader


def read(*chunks):
    reader = Reader()
    events = [event for data in chunks for event in reader.feed(data)]
    return events + reader.close(), reader


def calls_of(*fragments, finish="tool_calls"):
    """What a stream of these fragments calls, each in a chunk of its own."""
    stream = [sse(chunk({"content": None, "tool_calls": [each]})) for each in fragments]
    done, reader = folded(*stream, sse(chunk({}, finish=finish)), DONE)
    assert reader.failure is None
    return done.tool_calls


def fragment(index=None, call_id="", name="", arguments=""):
    """A fragment that says only what it is given."""
    said = {} if index is None else {"index": index}
    function = {"name": name} if name else {}
    return said | {"id": call_id, "function": function | {"arguments": arguments}}


PARIS, ROME = '{"city": "Paris"}', '{"city": "Rome"}'
BOTH = (ToolCall("a", "weather", PARIS), ToolCall("b", "weather", ROME))

TWO_CALLS = {
    "one after the other": [
        fragment(0, "a", "weather", PARIS[:5]),
        fragment(0, "", "", PARIS[5:]),
        fragment(1, "b", "weather", ROME[:5]),
        fragment(1, "", "", ROME[5:]),
    ],
    "interleaved": [
        fragment(0, "a", "weather", PARIS[:5]),
        fragment(1, "b", "weather", ROME[:5]),
        fragment(0, "", "", PARIS[5:]),
        fragment(1, "", "", ROME[5:]),
    ],
    "with a gap": [fragment(2, "a", "weather", PARIS), fragment(9, "b", "weather", ROME)],
    "without numbers": [
        fragment(None, "a", "weather", PARIS[:5]),
        fragment(None, "", "", PARIS[5:]),
        fragment(None, "b", "weather", ROME),
    ],
    "without numbers, interleaved by their ids": [
        fragment(None, "a", "weather", PARIS[:5]),
        fragment(None, "b", "weather", ROME[:5]),
        fragment(None, "a", "", PARIS[5:]),
        fragment(None, "b", "", ROME[5:]),
    ],
    "without numbers, names repeated": [
        fragment(None, "a", "weather", PARIS[:5]),
        fragment(None, "a", "weather", PARIS[5:]),
        fragment(None, "b", "weather", ROME[:5]),
        fragment(None, "b", "weather", ROME[5:]),
    ],
    "all numbered 0": [
        fragment(0, "a", "weather", PARIS[:5]),
        fragment(0, "", "", PARIS[5:]),
        fragment(0, "b", "weather", ROME[:5]),
        fragment(0, "", "", ROME[5:]),
    ],
    "numbers that begin with 1, then none": [
        fragment(1, "a", "weather", PARIS),
        fragment(None, "b", "weather", ROME),
    ],
}


@pytest.mark.parametrize("shape", TWO_CALLS)
def test_two_calls_are_told_apart(shape):
    assert calls_of(*TWO_CALLS[shape]) == BOTH


def test_a_number_holds_although_ids_change_or_are_the_same():
    changing = [fragment(0, "x1", "weather", PARIS[:5]), fragment(0, "x2", "weather", PARIS[5:])]
    assert calls_of(*changing) == (ToolCall("x1", "weather", PARIS),)
    alike = [fragment(0, "a", "weather", PARIS), fragment(1, "a", "weather", ROME)]
    assert calls_of(*alike) == (ToolCall("a", "weather", PARIS), ToolCall("a", "weather", ROME))


def test_neither_numbers_nor_ids_leave_names_and_whole_arguments():
    fragments = [
        fragment(None, "", "weather", PARIS[:5]),
        fragment(None, "", "weather", PARIS[5:]),
        fragment(None, "", "weather", ROME),
        fragment(None, "", "clock"),
    ]
    found = calls_of(*fragments)
    assert [(call.name, call.arguments) for call in found] == [
        ("weather", PARIS),
        ("weather", ROME),
        ("clock", "{}"),
    ]


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_arguments_of_nothing_are_an_empty_object(nothing):
    call = {"index": 0, "id": "a", "function": {"name": "clock", "arguments": nothing}}
    assert calls_of(call) == (ToolCall("a", "clock", "{}"),)


@pytest.mark.parametrize("name", [None, ""])
def test_a_name_that_comes_again_as_nothing_changes_nothing(name):
    again = {"index": 0, "id": None, "type": None, "function": {"name": name, "arguments": "}"}}
    assert calls_of(fragment(0, "a", "clock", "{"), again) == (ToolCall("a", "clock", "{}"),)


@pytest.mark.parametrize("function", [None, "clock", [], 3])
def test_a_fragment_without_a_function_breaks_nothing(function):
    broken = {"index": 0, "id": "a", "type": "function", "function": function}
    assert calls_of(broken, fragment(0, "", "clock", "{}")) == (ToolCall("a", "clock", "{}"),)


def test_text_beside_a_call_is_kept_and_stop_is_no_reason_to_forget_the_call():
    deltas = [
        {"content": "I will look.", "tool_calls": [fragment(0, "a", "clock", "{}")]},
        {"content": " Wait."},
    ]
    stream = [sse(chunk(delta)) for delta in deltas]
    done, _ = folded(*stream, sse(chunk({"content": ""}, finish="stop")), DONE)
    assert (done.text, done.tool_calls) == ("I will look. Wait.", (ToolCall("a", "clock", "{}"),))
    assert done.finish_reason == "stop"


def test_a_call_that_is_only_in_the_closing_chunk_counts():
    closing = chunk({"tool_calls": [fragment(0, "a", "clock", "{}")]}, finish="tool_calls")
    done, _ = folded(sse(chunk({"content": ""})), sse(closing), DONE)
    assert done.tool_calls == (ToolCall("a", "clock", "{}"),)


def test_calls_of_a_stream_that_ends_with_usage_alone_are_told_to_be_cut():
    """Without a reason to finish and without [DONE] nobody knows whether the call is whole."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    call = sse(chunk({"tool_calls": [fragment(0, "a", "clock", "{")]}))
    done, reader = folded(call, sse(chunk(usage=usage)))
    assert done.tool_calls == (ToolCall("a", "clock", "{"),)
    assert isinstance(reader.failure, CutError)


def test_done_without_a_reason_after_a_call_is_the_end_of_calls():
    done, reader = folded(sse(chunk({"tool_calls": [fragment(0, "a", "clock", "{}")]})), DONE)
    assert (done.finish_reason, reader.failure) == ("tool_calls", None)


def test_arguments_cut_by_the_length_stay_as_they_came():
    (call,) = calls_of(fragment(0, "a", "weather", PARIS[:9]), finish="length")
    assert call.arguments == PARIS[:9]


@pytest.mark.parametrize("numbers", [(0, 1), (None, None), (0, 0)])
def test_a_whole_answer_has_its_calls(numbers):
    calls = [
        {"id": call.id, "type": "function", "function": vars_of(call)}
        | ({} if number is None else {"index": number})
        for call, number in zip(BOTH, numbers, strict=True)
    ]
    whole = completion("", tool_calls=calls)
    whole["choices"][0] |= {"finish_reason": "tool_calls"}
    done, _ = folded(json.dumps(whole).encode())
    assert (done.tool_calls, done.finish_reason) == (BOTH, "tool_calls")


def vars_of(call):
    return {"name": call.name, "arguments": call.arguments}


def test_ids_and_names_are_fit_to_be_stored():
    """Some databases refuse NUL, and none takes half a character."""
    call = rb'{"index":0,"id":"a\u0000\ud800","function":{"name":"clo\u0007ck","arguments":"{}"}}'
    stream = b'data: {"id":"x\\u0000","choices":[{"delta":{"tool_calls":[%s]}}]}\n\n' % call
    done, _ = folded(stream, sse(chunk({}, finish="tool_calls")), DONE)
    assert done.tool_calls == (ToolCall("a\ufffd", "clock", "{}"),)
    assert done.response_id == "x"


def test_more_calls_than_any_model_makes_are_left_out():
    stream = [sse(chunk({"tool_calls": [fragment(None, f"c{n}", "clock")]})) for n in range(200)]
    done, reader = folded(*stream, sse(chunk({}, finish="tool_calls")), DONE)
    assert len(done.tool_calls) == 128
    assert reader.skipped == 72


ARGUMENTS = st.dictionaries(
    st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=6), st.none()), max_size=3
).map(json.dumps)
CALLS = st.lists(st.tuples(st.sampled_from(["weather", "clock", "f"]), ARGUMENTS), max_size=4)


@given(CALLS, st.sampled_from(["A", "B", "C", "D"]), st.booleans(), st.data())
def test_any_shape_order_and_chunking_gives_the_same(wanted, style, interleaved, data):
    calls = [ToolCall(f"c{at}", name, text) for at, (name, text) in enumerate(wanted)]
    each = [pieces(at, call, style, data) for at, call in enumerate(calls)]
    if interleaved:
        fragments = [one for row in zip_longest(*each) for one in row if one is not None]
    else:
        fragments = [one for row in each for one in row]
    events = [chunk({"content": None, "tool_calls": [one]}) for one in fragments]
    stream = b"".join(map(sse, [*events, chunk({}, finish="tool_calls")])) + DONE
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert read(*parts)[0] == read(stream)[0]
    done, reader = folded(*parts)
    assert (done.tool_calls, reader.skipped) == (tuple(calls), 0)
    assert done.finish_reason == "tool_calls"


def pieces(at, call, style, data):
    """One call in the shape `style` of dashscope-api §3.4, cut anywhere."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(call.arguments)), max_size=3)))
    texts = [call.arguments[a:b] for a, b in pairwise([0, *cuts, len(call.arguments)])]
    first = {"index": at, "id": call.id, "type": "function", "function": {"name": call.name}}
    if style == "A":
        first["function"]["arguments"] = texts.pop(0)
    again = call.id if style == "B" else ""
    rest = [{"index": at, "id": again, "function": {"arguments": text}} for text in texts]
    if style == "C":
        rest.append({"index": at, "id": "", "function": {"arguments": None}})
    if style == "D":
        rest.insert(0, {"index": at, "function": {"name": None, "arguments": None}})
    return [first, *rest]


def test_events_name_a_call_by_its_own_place():
    reader = Reader()
    fragments = TWO_CALLS["all numbered 0"]
    events = [
        event
        for each in fragments
        for event in reader.feed(sse(chunk({"tool_calls": [each]})))
        if isinstance(event, ToolCallDelta)
    ]
    assert [event.index for event in events] == [0, 0, 1, 1]
