"""The code interpreter: what ran is told by the native protocol alone, and numbers are real."""

from __future__ import annotations

import json

import pytest

from qwenchat.sandbox.interpreting import expressions

from .test_native import MULTIMODAL, TEXT, native, sdk  # noqa: F401 -- fixtures

QUESTION = "What is 123 to the power of 21?"
POWER = str(123**21)
ALGO = "<400> InternalError.Algo.InvalidParameter: "
ON = {"enable_code_interpreter": True, "enable_thinking": True}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time"}}


def messages(text=QUESTION):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (QUESTION, ["123**21"]),
        ("123 的 21 次方是多少？", ["123**21"]),
        ("Work out 17 * 24 and then 2 ^ 10.", ["17 * 24", "2 ** 10"]),
        ("What are 1,000 × 3 and 2 raised to the power 8?", ["1000 * 3", "2**8"]),
        ("I have 3 cats and 21 dogs.", []),
    ],
)
def test_arithmetic_is_found_in_questions(question, found):
    assert [text.replace(" ", "") for text in expressions(question)] == [
        text.replace(" ", "") for text in found
    ]


def test_the_official_dashscope_sdk_reads_which_code_ran(sdk):  # noqa: F811
    frames = list(
        sdk.Generation.call(
            model="qwen3-max",
            messages=messages(),
            result_format="message",
            stream=True,
            incremental_output=True,
            **ON,
        )
    )
    told = [frame.output.get("tool_info") for frame in frames]
    code = {"type": "code_interpreter", "code_interpreter": {"code": "print(123**21)"}}
    first = next(at for at, info in enumerate(told) if info)
    assert not any(told[:first])
    assert all(info == [code] for info in told[first:])
    spoken = [frame.output.choices[0].message for frame in frames]
    assert any(message.reasoning_content for message in spoken[:first])
    assert POWER in "".join(message.reasoning_content for message in spoken[first:])
    assert POWER in "".join(message.content for message in spoken)
    assert frames[-1].usage["plugins"] == {"code_interpreter": {"count": 1}}
    assert frames[-1].output.choices[0].finish_reason == "stop"


def test_the_official_openai_sdk_streams_and_is_not_told_the_code(client):
    stream = client.chat.completions.create(
        model="qwen3.7-plus",
        messages=messages(),
        stream=True,
        stream_options={"include_usage": True},
        extra_body=ON,
    )
    chunks = list(stream)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert POWER in "".join(delta.content or "" for delta in deltas)
    raw = json.dumps([chunk.model_dump() for chunk in chunks])
    assert "tool_info" not in raw
    assert "print(" not in raw
    usage = chunks[-1].usage
    assert usage.completion_tokens > usage.completion_tokens_details.reasoning_tokens > 0


def streamed(native, text, path=MULTIMODAL, model="qwen3.7-plus", **parameters):  # noqa: F811
    parameters = {"result_format": "message", "incremental_output": True, **ON, **parameters}
    body = {"model": model, "input": {"messages": messages(text)}, "parameters": parameters}
    answer = native.post(path, json=body, headers={"X-DashScope-SSE": "enable"})
    assert answer.status_code == 200, answer.text
    lines = [line[5:] for line in answer.text.split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines]


def test_several_programs_run_one_after_the_other(native):  # noqa: F811
    frames = streamed(native, "What is 17 * 24, and what is 2 ^ 64?")
    counts = [len(frame["output"].get("tool_info", [])) for frame in frames]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2}
    codes = [entry["code_interpreter"]["code"] for entry in frames[-1]["output"]["tool_info"]]
    assert codes == ["print(17 * 24)", "print(2 ** 64)"]
    between = counts.index(1)
    thought = frames[between + 1]["output"]["choices"][0]["message"]["reasoning_content"]
    assert thought
    spent = [frame["usage"]["output_tokens"] for frame in frames]
    assert spent[between] == spent[between - 1]  # what ran is no token of the answer


def test_nothing_runs_where_there_is_nothing_to_work_out(native):  # noqa: F811
    frames = streamed(native, "Tell me about lighthouses")
    assert not any("tool_info" in frame["output"] for frame in frames)
    text = "".join(
        part["text"]
        for frame in frames
        for part in frame["output"]["choices"][0]["message"]["content"]
    )
    assert "I ran no program" in text
    assert "plugins" not in frames[-1]["usage"]


def test_what_cannot_be_worked_out_is_not_claimed(native):  # noqa: F811
    frames = streamed(native, "What is 9 to the power of 999999?")
    assert not any("tool_info" in frame["output"] for frame in frames)


def test_an_answer_is_continued_from_what_was_computed(client):
    def text_of(stream):
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    ask = client.chat.completions.create
    whole = text_of(ask(model="qwen3-max", messages=messages(), stream=True, extra_body=ON))
    half = whole[: whole.index(POWER) + 5]
    rest = text_of(
        ask(
            model="qwen3-max",
            messages=[*messages(), {"role": "assistant", "content": half, "partial": True}],
            stream=True,
        )
    )
    assert half + rest == whole


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"enable_code_interpreter": "yes"},
            "'yes' is not of type 'boolean' - 'enable_code_interpreter'",
        ),
        ({"model": "qwen-plus"}, f"{ALGO}This model does not support enable_code_interpreter."),
        (
            {"enable_thinking": False},
            f"{ALGO}enable_code_interpreter is only supported when enable_thinking is true",
        ),
        ({"stream": False}, f"{ALGO}enable_code_interpreter is only supported in stream mode"),
        ({"tools": [CLOCK]}, f"{ALGO}enable_code_interpreter cannot be used together with tools"),
    ],
)
def test_what_the_service_refuses_is_refused(post, native, fields, message):  # noqa: F811
    given = {"model": "qwen3-max", "stream": True, **ON, **fields}
    refused = post(**given)
    assert refused.status_code == 400
    assert json.loads(refused.text.removeprefix("data: "))["error"]["message"] == message
    name, streams = given.pop("model"), given.pop("stream")
    body = {
        "model": name,
        "input": {"messages": messages()},
        "parameters": {"result_format": "message", **given},
    }
    headers = {"X-DashScope-SSE": "enable"} if streams else {}
    own = native.post(TEXT, json=body, headers=headers)
    assert own.status_code == 400
    assert message in own.text
