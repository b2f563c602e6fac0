"""Programs that the service runs: how they are asked for, and what the native protocol tells of them."""

from __future__ import annotations

import json

import pytest

import qwenchat.dashscope.coderuns as coderuns
from qwenchat.dashscope import CodeRun, Finished, ReasoningDelta, TextDelta
from qwenchat.dashscope.folding import Folder
from qwenchat.dashscope.native import NativeReader
from qwenchat.dashscope.payloads import FieldError, chat, function_tool, user

ASK = [user("What is 123 to the power of 21?")]
ON = {"enable_code_interpreter": True, "stream": True, "thinking": True}
POWER, SUM = "print(123**21)", "print(1 + 1)"


# ---- asking -------------------------------------------------------------------------------------


def test_it_is_asked_for_at_the_top_or_among_the_parameters():
    body = chat("qwen3.7-plus", ASK, **ON)
    assert (body["enable_code_interpreter"], body["enable_thinking"]) == (True, True)
    own = chat("qwen3.7-plus", ASK, native=True, **ON)
    assert own["parameters"]["enable_code_interpreter"] is True
    assert "enable_code_interpreter" not in own


def test_a_model_that_thinks_by_habit_needs_not_be_told_to():
    assert chat("qwen3.5-plus", ASK, enable_code_interpreter=True, stream=True)
    with pytest.raises(FieldError, match="switch thinking on"):
        chat("qwen3-max", ASK, enable_code_interpreter=True, stream=True)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("qwen-plus", {}, "has no code interpreter"),
        ("qwen3.8-max", {}, "has no code interpreter"),
        ("qwen3.7-plus", {"thinking": False}, "only while the model thinks"),
        ("qwen3.7-plus", {"stream": False}, "streamed"),
        ("qwen3.7-plus", {"tools": [function_tool("clock", "The time")]}, "together with tools"),
        ("qwen3.7-plus", {"enable_code_interpreter": "yes"}, "true or false"),
    ],
)
def test_what_the_service_refuses_is_refused_before_it_is_sent(model, options, words):
    with pytest.raises(FieldError, match=words) as caught:
        chat(model, ASK, **{**ON, **options})
    assert caught.value.field == "enable_code_interpreter"


def test_models_that_have_none_are_not_even_told_so():
    off = {"enable_code_interpreter": False}
    assert "enable_code_interpreter" not in chat("qwen-plus", ASK, **off)
    assert chat("qwen3-max", ASK, **off)["enable_code_interpreter"] is False
    body = chat("llama", ASK, dialect="openai", enable_code_interpreter=True)
    assert "enable_code_interpreter" not in body


# ---- reading ------------------------------------------------------------------------------------


def told(*codes):
    return [{"type": "code_interpreter", "code_interpreter": {"code": code}} for code in codes]


def frame(message, *, finish="null", count=None, **output):
    usage = {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10}
    if count is not None:
        usage["plugins"] = {"code_interpreter": {"count": count}}
    choice = {"message": {"role": "assistant", "content": "", **message}, "finish_reason": finish}
    body = {"output": {"choices": [choice], **output}, "usage": usage, "request_id": "r-1"}
    return b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:" + json.dumps(body).encode() + b"\n\n"


def read(*chunks):
    reader = NativeReader(model="qwen3.7-plus", incremental=True)
    events = [event for data in chunks for event in reader.feed(data)] + reader.close()
    assert reader.failure is None
    return events


def runs(*chunks):
    return [event for event in read(*chunks) if isinstance(event, CodeRun)]


END = frame({"content": "Done."}, finish="stop")


def test_the_example_in_the_module_is_read_as_it_says():
    example = "".join(
        line.strip() for line in coderuns.__doc__.splitlines() if line.startswith("    ")
    )
    body = json.loads(example.replace("[...]", "[]"))
    found = coderuns.CodeRuns()
    assert found.news(body["output"]["tool_info"]) == [CodeRun(0, "123**21")]
    found.count(body["usage"])
    assert found.untold() == []


def test_a_run_comes_between_the_thoughts_before_and_after_it():
    events = read(
        frame({"reasoning_content": "I compute."}),
        frame({"reasoning_content": ""}, tool_info=told(POWER), count=1),
        frame({"reasoning_content": "Now I know."}, tool_info=told(POWER), count=1),
        frame({"content": "It is 7."}, count=1),
        frame({}, finish="stop", count=1),
    )
    kinds = (CodeRun, ReasoningDelta, TextDelta, Finished)
    assert [event for event in events if isinstance(event, kinds)] == [
        ReasoningDelta("I compute."),
        CodeRun(0, POWER),
        ReasoningDelta("Now I know."),
        TextDelta("It is 7."),
        Finished("stop"),
    ]


@pytest.mark.parametrize(
    "lists",
    [
        [told(POWER), told(POWER, SUM)],
        [told(POWER), told(SUM)],
        [told(POWER), told(POWER), told(SUM), told(SUM)],
        [told(POWER), [], None, told(SUM), told(POWER, SUM)],
        [told(POWER, SUM)],
    ],
)
def test_each_run_is_told_once_whether_lists_repeat_it_or_not(lists):
    found = runs(*(frame({}, tool_info=each) for each in lists), END)
    assert found == [CodeRun(0, POWER), CodeRun(1, SUM)]


def test_the_same_code_run_twice_is_two_runs_where_the_list_says_so():
    twice = told(POWER, POWER)
    found = runs(
        frame({}, tool_info=told(POWER), count=1), frame({}, tool_info=twice, count=2), END
    )
    assert found == [CodeRun(0, POWER), CodeRun(1, POWER)]


def test_code_may_grow_from_frame_to_frame():
    found = runs(
        frame({}, tool_info=told(SUM)),
        frame({}, tool_info=told("print(")),
        frame({}, tool_info=told("print(123")),
        frame({}, tool_info=told(POWER)),
        END,
    )
    assert found[0] == CodeRun(0, SUM)
    assert found[-1].code == POWER


def test_it_may_stand_in_the_message_as_well():
    assert runs(frame({"tool_info": told(POWER)}), END) == [CodeRun(0, POWER)]


def test_what_was_counted_and_not_told_is_a_run_without_code():
    found = runs(
        frame({}, tool_info=told(POWER), count=2),
        frame({"content": "Done."}, finish="stop", count=3),
    )
    assert found == [CodeRun(0, POWER), CodeRun(1, ""), CodeRun(2, "")]


@pytest.mark.parametrize(
    "info",
    [
        {},
        "print(1)",
        [None, 7, {}, {"type": "code_interpreter"}],
        [{"type": "code_interpreter", "code_interpreter": {"code": None}}],
        [{"type": "code_interpreter", "code_interpreter": "x"}],
        [{"type": "web_search", "code_interpreter": {"code": "x"}}],
        told(""),
    ],
)
def test_what_is_no_run_is_left_out(info):
    assert runs(frame({}, tool_info=info, count="2"), END) == []


def test_a_flood_of_runs_and_endless_code_are_bounded():
    many = told(*(f"print({number})" for number in range(500)))
    found = runs(frame({}, tool_info=many, count=10**9), END)
    assert len(found) == 32
    (long,) = runs(frame({}, tool_info=told("x" * 500_000)), END)
    assert len(long.code) == 100_000


def test_code_is_made_fit_to_store():
    (run,) = runs(frame({}, tool_info=told("print(1)\x00\ud800")), END)
    assert run.code == "print(1)\ufffd"


def test_a_whole_answer_has_its_runs():
    folder = Folder()
    folder.add(
        read(frame({}, tool_info=told("print(1)")), frame({}, tool_info=told("print(1) #")), END)
    )
    assert folder.completion().runs == (CodeRun(0, "print(1) #"),)
