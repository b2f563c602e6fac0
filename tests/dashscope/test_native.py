"""The service's own protocol, from bytes to events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qwenchat.dashscope.native as native
from qwenchat.dashscope import (
    ContentFilteredError,
    CutError,
    Finished,
    InvalidRequestError,
    OcrResult,
    OcrWord,
    ProtocolError,
    RateLimitedError,
    ReasoningDelta,
    SearchSources,
    Source,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)
from qwenchat.dashscope.folding import Folder
from qwenchat.dashscope.native import NativeReader
from tests.dashscope.conftest import native_frame

FOUND = [
    {"site_name": "无", "icon": "", "index": 1, "title": "Medals", "url": "https://example.org/a"},
    {"site_name": "News", "index": 2, "title": "Paris", "url": "http://example.org/b"},
]
SOURCES = (
    Source(1, "Medals", "https://example.org/a", ""),
    Source(2, "Paris", "http://example.org/b", "News"),
)


def frames(*messages, finish="stop", cumulative=False, usage=True, **extra):
    """Give the frames of an answer; the last one finishes. `extra` joins the first one's output."""
    made = []
    for at, message in enumerate(messages):
        reason = finish if at == len(messages) - 1 else "null"
        counted = {"input_tokens": 9, "output_tokens": at + 1, "total_tokens": 10 + at}
        made.append(
            native_frame(
                message,
                finish=reason,
                number=at + 1,
                usage=counted if usage else None,
                **(extra if at == 0 else {}),
            )
        )
    return made


def said(*pieces, **more):
    return [{"role": "assistant", "content": piece, **more} for piece in pieces]


def read(*chunks, incremental=True, **options):
    reader = NativeReader(model="qwen-plus", incremental=incremental, **options)
    events = [event for data in chunks for event in reader.feed(data)]
    return events + reader.close(), reader


def folded(*chunks, **options):
    events, reader = read(*chunks, **options)
    folder = Folder()
    folder.add(events)
    return folder.completion(), reader.failure


def test_the_example_in_the_module_is_read_as_it_says():
    lines = [line.strip() for line in native.__doc__.splitlines() if line.startswith("    ")]
    frame = "\n".join(lines).replace('"},\n"finish', '"},"finish')
    events, reader = read(frame.encode() + b"\n\n")
    assert events == [Started("qwen-plus", "", "r-1"), TextDelta("Hel"), Usage(9, 1, 0, 0, 0)]
    assert type(reader.failure) is CutError


def test_a_stream_ends_without_done_and_usage_is_that_of_the_last_frame():
    events, reader = read(*frames(*said("Hel", "lo", "")))
    assert events == [
        Started("qwen-plus", "", "req-native"),
        TextDelta("Hel"),
        TextDelta("lo"),
        Finished("stop"),
        Usage(9, 3, 12, 0, 0),
    ]
    assert reader.failure is None


def test_the_word_null_is_no_reason_to_finish():
    events, reader = read(*frames(*said("Hel", "lo"), finish="null"))
    assert not any(isinstance(event, Finished) for event in events)
    assert type(reader.failure) is CutError


def test_frames_that_repeat_all_that_came_before_give_what_is_new():
    cumulative = said("Hel", "Hello", "Hello there.", "Hello there.")
    done, failure = folded(*frames(*cumulative), incremental=False)
    assert (done.text, failure) == ("Hello there.", None)


def test_new_pieces_are_read_alike_when_nobody_asked_for_them():
    done, _ = folded(*frames(*said("Hel", "lo", " there.")), incremental=False)
    assert done.text == "Hello there."


def test_pieces_that_happen_to_repeat_are_kept_when_they_were_asked_for():
    done, _ = folded(*frames(*said("1", "10", "100")), incremental=True)
    assert done.text == "110100"


def test_half_a_character_at_a_frames_end_is_replaced_by_the_whole():
    done, _ = folded(*frames(*said("世", "世\ufffd", "世界")), incremental=False)
    assert done.text == "世界"


def test_a_chain_of_thought_and_its_count_are_read():
    messages = [
        {"role": "assistant", "content": "", "reasoning_content": "Hm"},
        {"role": "assistant", "content": "", "reasoning_content": "m."},
        {"role": "assistant", "content": "Yes", "reasoning_content": ""},
    ]
    chunks = frames(*messages, usage=False)
    usage = {
        "input_tokens": 20,
        "output_tokens": 30,
        "total_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 25},
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    chunks.append(native_frame({"content": "", "role": "assistant"}, finish="stop", usage=usage))
    events, _ = read(*chunks)
    assert events[1:4] == [ReasoningDelta("Hm"), ReasoningDelta("m."), TextDelta("Yes")]
    assert events[-1] == Usage(20, 30, 50, 4, 25)


def test_sources_come_before_the_text_and_once():
    chunks = [
        native_frame({"content": "", "role": "assistant"}, search_info={"search_results": FOUND}),
        native_frame(
            {"content": "Gold [1]", "role": "assistant"}, search_info={"search_results": []}
        ),
        native_frame(
            {"content": "", "role": "assistant"},
            finish="stop",
            search_info={"search_results": FOUND[:1]},
        ),
    ]
    events, _ = read(*chunks)
    assert events == [
        Started("qwen-plus", "", "req-native"),
        SearchSources(SOURCES),
        TextDelta("Gold [1]"),
        Finished("stop"),
    ]
    assert folded(*chunks)[0].sources == SOURCES


def test_the_first_list_of_sources_that_is_not_empty_counts():
    chunks = [
        native_frame({"content": "a"}, search_info={"search_results": []}),
        native_frame({"content": "b"}, finish="stop", search_info={"search_results": FOUND}),
    ]
    assert folded(*chunks)[0].sources == SOURCES


@pytest.mark.parametrize(
    "broken",
    [
        {"index": 1, "title": "x", "url": "javascript:alert(1)"},
        {"index": 1, "title": "x", "url": "data:text/html,x"},
        {"index": "1", "title": "x", "url": "https://example.org"},
        {"index": True, "title": "x", "url": "https://example.org"},
        {"index": 1, "title": "x"},
        {"title": "x", "url": "ftp://example.org"},
        {"title": "x", "url": "https://example.org/" + "x" * 4000},
        "https://example.org",
        None,
    ],
)
def test_what_is_no_page_of_the_web_is_no_source(broken):
    info = {"search_results": [broken, *FOUND]}
    assert folded(native_frame({"content": "x"}, finish="stop", search_info=info))[0].sources == (
        SOURCES
    )


def test_sources_without_a_number_have_that_of_their_place():
    pages = [{"title": "", "url": f"https://example.org/{page}"} for page in "abc"]
    info = {"search_results": [pages[0], pages[1] | {"index": None}, pages[2] | {"index": 3}]}
    done, _ = folded(native_frame({"content": "x"}, finish="stop", search_info=info))
    assert [(each.index, each.url[-1]) for each in done.sources] == [(1, "a"), (2, "b"), (3, "c")]


def test_of_two_sources_with_one_number_the_first_counts():
    info = {"search_results": [*FOUND, FOUND[0] | {"url": "https://example.org/other"}]}
    done, _ = folded(native_frame({"content": "x"}, finish="stop", search_info=info))
    assert done.sources == SOURCES


def test_more_sources_than_any_search_finds_are_left_out():
    pages = [FOUND[1] | {"index": number} for number in range(1, 1001)]
    chunks = frames(*said("x"), search_info={"search_results": pages})
    assert [each.index for each in folded(*chunks)[0].sources] == list(range(1, 101))


def test_a_source_has_no_endless_words():
    page = FOUND[1] | {"title": "t" * 10**6, "site_name": "s" * 10**6}
    done, _ = folded(*frames(*said("x"), search_info={"search_results": [page]}))
    assert (len(done.sources[0].title), len(done.sources[0].site)) == (500, 500)


def test_words_and_fields_of_ocr_are_read():
    result = {
        "kv_result": {"Date": "2024-01-02", "Seller": {"Name": "null"}},
        "words_info": [
            {
                "text": "Total",
                "location": [10, 12, 90, 12, 90, 40, 10, 40],
                "rotate_rect": [50, 26, 80, 28, 0.5],
            },
            {"text": "no place", "location": [1, 2, "3"], "rotate_rect": None},
            {"location": [1, 2, 3, 4, 5, 6, 7, 8]},
        ],
    }
    content = [{"text": "```json\n{}\n```", "ocr_result": result}]
    chunk = native_frame({"role": "assistant", "content": content}, finish="stop")
    found = OcrResult(
        (
            OcrWord("Total", (10, 12, 90, 12, 90, 40, 10, 40), (50.0, 26.0, 80.0, 28.0, 0.5)),
            OcrWord("no place", (), ()),
        ),
        {"Date": "2024-01-02", "Seller": {"Name": "null"}},
    )
    events, _ = read(chunk)
    assert events[1:] == [found, TextDelta("```json\n{}\n```"), Finished("stop")]
    assert folded(chunk)[0].ocr == found


def test_an_ocr_result_that_is_repeated_is_given_once():
    part = {"ocr_result": {"kv_result": {"a": "b"}}}
    chunks = frames(*said([{"text": "x", **part}], [{"text": "y", **part}]), usage=False)
    events, _ = read(*chunks)
    assert [event for event in events if isinstance(event, OcrResult)] == [
        OcrResult((), {"a": "b"})
    ]


def test_tool_calls_are_read_in_both_ways_of_repeating():
    def calling(arguments):
        function = {"name": "weather", "arguments": arguments}
        call = {"id": "call_1", "type": "function", "index": 0, "function": function}
        return {"role": "assistant", "content": "", "tool_calls": [call]}

    wanted = (ToolCall("call_1", "weather", '{"city":"Paris"}'),)
    new = frames(calling('{"city"'), calling(':"Paris"}'), finish="tool_calls")
    assert folded(*new)[0].tool_calls == wanted
    repeated = frames(calling('{"city"'), calling('{"city":"Paris"}'), finish="tool_calls")
    assert folded(*repeated, incremental=False)[0].tool_calls == wanted


def calling(*calls, numbered=True, content="", **more):
    """A message that calls; each call is (id, name, arguments)."""
    made = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        | ({"index": at} if numbered else {})
        for at, (id_, name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": made, **more}


@pytest.mark.parametrize("numbered", [True, False])
def test_two_calls_grow_side_by_side_in_frames_that_repeat(numbered):
    whole = frames(
        calling(("a", "weather", '{"city"'), numbered=numbered, content="Hm"),
        calling(("a", "weather", '{"city":1}'), numbered=numbered, content="Hm."),
        calling(
            ("a", "weather", '{"city":1}'), ("b", "weather", ""), numbered=numbered, content="Hm."
        ),
        calling(
            ("a", "weather", '{"city":1}'),
            ("b", "weather", '{"city":2}'),
            numbered=numbered,
            content="Hm.",
        ),
        finish="tool_calls",
        search_info={"search_results": FOUND},
    )
    done, failure = folded(*whole, incremental=False)
    assert done.tool_calls == (
        ToolCall("a", "weather", '{"city":1}'),
        ToolCall("b", "weather", '{"city":2}'),
    )
    assert (done.text, done.sources, done.finish_reason) == ("Hm.", SOURCES, "tool_calls")
    assert failure is None


def test_new_fragments_without_numbers_go_by_their_ids():
    done, _ = folded(
        *frames(
            calling(("a", "weather", '{"city"'), numbered=False),
            calling(("", "", ":1}"), numbered=False),
            calling(("b", "weather", '{"city":2}'), numbered=False),
            finish="tool_calls",
        )
    )
    assert [call.arguments for call in done.tool_calls] == ['{"city":1}', '{"city":2}']


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "InvalidParameter", InvalidRequestError),
        (400, "DataInspectionFailed", ContentFilteredError),
        (429, "Throttling.RateQuota", RateLimitedError),
    ],
)
@pytest.mark.parametrize("framing", [":HTTP_STATUS/{}", "status:{}"])
def test_an_error_frame_ends_the_answer_after_its_text(status, code, kind, framing):
    error = json.dumps({"code": code, "message": "no", "request_id": "r-7"})
    frame = f"id:2\nevent:error\n{framing.format(status)}\ndata:{error}\n\n".encode()
    events, reader = read(frames(*said("Hel", "lo"))[0], frame)
    assert TextDelta("Hel") in events
    assert type(reader.failure) is kind
    assert (reader.failure.status, reader.failure.request_id) == (status, "r-7")


def test_a_whole_answer_is_read_as_one():
    whole = {
        "output": {
            "choices": [{"finish_reason": "stop", "message": {"content": "Yes [1]."}}],
            "search_info": {"search_results": FOUND},
        },
        "usage": {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15},
        "request_id": "r-9",
        "code": "",
        "message": "",
    }
    done, failure = folded(json.dumps(whole).encode(), incremental=False)
    assert failure is None
    assert (done.text, done.finish_reason, done.request_id) == ("Yes [1].", "stop", "r-9")
    assert (done.sources, done.usage) == (SOURCES, Usage(12, 3, 15, 0, 0))


def test_an_answer_beside_the_choices_is_read_too():
    whole = {"output": {"text": "Yes.", "finish_reason": "stop"}, "request_id": "r"}
    assert folded(json.dumps(whole).encode())[0].text == "Yes."


@pytest.mark.parametrize(
    "payload",
    [
        {"output": None},
        {"output": []},
        {"output": {"choices": {}}},
        {"output": {"choices": ["x", None]}},
        {"output": {"choices": [{"message": "x", "finish_reason": 3}]}},
        {"output": {"choices": [{"message": {"content": 5, "tool_calls": [None, {}]}}]}},
        {"output": {"search_info": {"search_results": {}}}},
        {"output": {"choices": [{"message": {"content": [{"ocr_result": {"words_info": 1}}]}}]}},
        {"request_id": "r"},
        [],
        "x",
    ],
)
def test_frames_of_unknown_shape_are_no_answer_and_no_crash(payload):
    frame = b"data:" + json.dumps(payload).encode() + b"\n\n"
    _, reader = read(frame)
    assert isinstance(reader.failure, ProtocolError)
    done, failure = folded(frame, *frames(*said("fine")))
    assert (done.text, failure) == ("fine", None)


pieces = st.lists(st.text(max_size=6).filter(lambda text: "\ufffd" not in text), max_size=8)


@given(pieces, pieces, st.booleans(), st.data())
def test_any_cutting_of_the_bytes_and_either_way_of_repeating_gives_one_answer(
    thoughts, texts, cumulative, data
):
    messages, thought, text = [], "", ""
    for piece in thoughts:
        thought += piece
        messages.append({"reasoning_content": thought if cumulative else piece, "content": ""})
    for piece in texts:
        text += piece
        messages.append(
            {"content": text if cumulative else piece, "reasoning_content": thought * cumulative}
        )
    messages.append({"content": text * cumulative, "reasoning_content": thought * cumulative})
    whole = b"".join(
        frames(*messages, search_info={"search_results": FOUND}),
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    incremental = not cumulative
    assert folded(*chunks, incremental=incremental) == folded(whole, incremental=incremental)
    done, failure = folded(*chunks, incremental=incremental)
    assert failure is None
    assert "</think>" in text or (done.text, done.reasoning) == (cleaned(text), cleaned(thought))
    assert done.sources == SOURCES


def cleaned(text):
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c != "\x7f"))


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data):
    read(data, b"\n\n", *frames(*said("x")))
    read(b"data:{" + data, incremental=False)
