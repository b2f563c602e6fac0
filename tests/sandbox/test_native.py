"""The service's own protocol: the bytes of it, and the official dashscope SDK on top."""

from __future__ import annotations

import json
from itertools import pairwise

import dashscope
import httpx
import pytest

from . import media

ALGO = "<400> InternalError.Algo.InvalidParameter: "
TEXT = "/services/aigc/text-generation/generation"
MULTIMODAL = "/services/aigc/multimodal-generation/generation"
HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.fixture
def native(sandbox):
    """A plain client of the protocol, with the key."""
    base = sandbox.base_url.replace("/compatible-mode/v1", "/api/v1")
    headers = {"authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=base, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def sdk(sandbox, monkeypatch):
    """The official SDK, pointed at the sandbox."""
    base = sandbox.base_url.replace("/compatible-mode/v1", "/api/v1")
    monkeypatch.setattr(dashscope, "base_http_api_url", base)
    monkeypatch.setattr(dashscope, "api_key", sandbox.api_key)
    return dashscope


def body(messages=HELLO, model="qwen-plus", **parameters):
    parameters = {"result_format": "message"} | parameters
    return {"model": model, "input": {"messages": messages}, "parameters": parameters}


def frames(native, path=TEXT, **fields):
    """The events of a stream as (id, event, status, data)."""
    answer = native.post(path, json=body(**fields), headers={"X-DashScope-SSE": "enable"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events.pop() == ""
    found = []
    for event in events:
        lines = event.split("\n")
        assert len(lines) == 4
        number, name, status, data = lines
        assert data.startswith("data:{")
        found.append((number, name, status, json.loads(data[5:])))
    return found


def test_frames_are_the_service_s(native):
    found = frames(native, incremental_output=True)
    assert [number for number, *_ in found] == [f"id:{at}" for at in range(1, len(found) + 1)]
    assert {event[1:3] for event in found} == {("event:result", ":HTTP_STATUS/200")}
    bodies = [event[3] for event in found]
    reasons = [entry["output"]["choices"][0]["finish_reason"] for entry in bodies]
    assert reasons == ["null"] * (len(found) - 1) + ["stop"]
    spent = [entry["usage"]["output_tokens"] for entry in bodies]
    assert spent == sorted(spent)
    assert spent[0] == 1
    last = bodies[-1]["usage"]
    assert last["total_tokens"] == last["input_tokens"] + last["output_tokens"]
    assert len({entry["request_id"] for entry in bodies}) == 1


def texts(found):
    return [entry["output"]["choices"][0]["message"]["content"] for *_, entry in found]


def test_frames_hold_what_is_new_or_everything_so_far(native):
    parts = texts(frames(native, incremental_output=True))
    whole = texts(frames(native))
    assert whole[-1] == "".join(parts)
    assert all(after.startswith(before) for before, after in pairwise(whole))
    assert texts(frames(native, model="qwen3-max"))[1] != whole[1]


def test_a_text_result_is_just_text(native):
    answer = native.post(TEXT, json={"model": "qwen-plus", "input": {"messages": HELLO}}).json()
    assert "qwenchat sandbox" in answer["output"]["text"]
    assert answer["output"]["finish_reason"] == "stop"
    prompt = native.post(TEXT, json={"model": "qwen-plus", "input": {"prompt": "Hello there"}})
    assert prompt.json()["output"]["text"] == answer["output"]["text"]


def test_thinking_comes_first(native):
    found = frames(native, enable_thinking=True)
    messages = [entry["output"]["choices"][0]["message"] for *_, entry in found]
    switch = next(at for at, message in enumerate(messages) if message["content"])
    assert all(message["reasoning_content"] for message in messages[:switch])
    assert not any(message["reasoning_content"] for message in messages[switch:])
    assert found[-1][3]["usage"]["output_tokens_details"]["reasoning_tokens"] == switch


def refused(native, path=TEXT, **fields):
    answer = native.post(path, json=body(**fields))
    assert set(answer.json()) == {"request_id", "code", "message"}
    return answer.status_code, answer.json()["code"], answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        (
            MULTIMODAL,
            {},
            (400, "InvalidParameter", "url error, please check url！"),
        ),
        (
            TEXT,
            {"model": "qwen3-vl-plus"},
            (400, "InvalidParameter", "url error, please check url！"),
        ),
        (
            TEXT,
            {"model": "qwen-none"},
            (
                404,
                "ModelNotFound",
                "The model `qwen-none` does not exist or you do not have access to it.",
            ),
        ),
        (
            TEXT,
            {"temperature": 2},
            (400, "InvalidParameter", "Temperature should be in [0.0, 2.0)"),
        ),
        (
            TEXT,
            {"result_format": "xml"},
            (400, "InvalidParameter", "xml is not one of ['text', 'message'] - 'result_format'"),
        ),
        (
            TEXT,
            {"result_format": "text", "enable_thinking": True},
            (
                400,
                "InvalidParameter",
                ALGO + 'result_format must be "message" with tools or enable_thinking',
            ),
        ),
        (
            TEXT,
            {"incremental_output": "yes"},
            (
                400,
                "InvalidParameter",
                "'yes' is not of type 'boolean' - 'incremental_output'",
            ),
        ),
        (
            TEXT,
            {"model": "qwen-max", "enable_thinking": True},
            (
                400,
                "InvalidParameter.NotSupportEnableThinking",
                "The model qwen-max does not support enable_thinking.",
            ),
        ),
        (
            TEXT,
            {"messages": [{"role": "user", "content": "/sandbox error 429"}]},
            (429, "Throttling.RateQuota", "You exceeded your current requests list."),
        ),
    ],
)
def test_refusals_have_native_codes(native, path, fields, expected):
    assert refused(native, path, **fields) == expected


def test_a_body_without_input_is_refused(native):
    answer = native.post(TEXT, json={"model": "qwen-plus", "messages": HELLO})
    assert answer.status_code == 400
    assert answer.json()["code"] == "InvalidParameter"


def test_a_wrong_key_is_refused(native):
    answer = native.post(TEXT, json=body(), headers={"authorization": "Bearer sk-invalid"})
    assert (answer.status_code, answer.json()["code"]) == (401, "InvalidApiKey")


def test_refused_streams_are_error_events(native):
    answer = native.post(
        TEXT,
        json=body(temperature=3, enable_thinking=True),
        headers={"X-DashScope-SSE": "enable"},
    )
    assert answer.status_code == 400
    assert answer.text.startswith("id:1\nevent:error\n:HTTP_STATUS/400\ndata:{")
    thinking = native.post(
        TEXT,
        json=body(enable_thinking=True, incremental_output=False),
        headers={"X-DashScope-SSE": "enable"},
    )
    assert 'incremental_output must be \\"true\\"' in thinking.text


def test_the_sdk_gets_an_answer(sdk):
    answer = sdk.Generation.call(model="qwen-plus", messages=HELLO, result_format="message")
    assert answer.status_code == 200
    assert "**2 words**" in answer.output.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_the_sdk_streams(sdk):
    def text(**options):
        return [
            chunk.output.choices[0].message.content
            for chunk in sdk.Generation.call(
                model="qwen-plus", messages=HELLO, result_format="message", stream=True, **options
            )
        ]

    assert text()[-1] == "".join(text(incremental_output=True))


def test_the_sdk_tells_refusals(sdk):
    answer = sdk.Generation.call(model="qwen-max", messages=HELLO, enable_thinking=True)
    assert answer.status_code == 400
    assert answer.code == "InvalidParameter.NotSupportEnableThinking"
    streamed = list(
        sdk.Generation.call(model="qwen-max", messages=HELLO, enable_thinking=True, stream=True)
    )
    assert streamed[-1].code == "InvalidParameter.NotSupportEnableThinking"


def test_the_sdk_tells_failures_within_a_stream(sdk):
    messages = [{"role": "user", "content": "/sandbox moderation\n200 words"}]
    *some, failed = sdk.Generation.call(
        model="qwen-plus", messages=messages, result_format="message", stream=True
    )
    assert some
    assert (failed.status_code, failed.code) == (400, "DataInspectionFailed")


def test_the_sdk_asks_about_a_document(sdk, client, ready):
    file = client.files.create(file=("a.txt", b"The moon is far."), purpose="file-extract")
    ready(file.id)
    answer = sdk.Generation.call(
        model="qwen-long",
        messages=[
            {"role": "system", "content": f"fileid://{file.id}"},
            {"role": "user", "content": "How far is the moon?"},
        ],
        result_format="message",
    )
    assert "> The moon is far." in answer.output.choices[0].message.content


def test_the_sdk_shows_pictures(sdk):
    content = [
        {"image": media.url(media.image("orange", (640, 480))), "max_pixels": 262144},
        {"text": "What is this?"},
    ]
    answer = sdk.MultiModalConversation.call(
        model="qwen3-vl-plus", messages=[{"role": "user", "content": content}]
    )
    text = answer.output.choices[0].message.content[0]["text"]
    assert "mostly orange" in text
    assert "`max_pixels` 262144" in text
    assert answer.usage.image_tokens == 236
    assert answer.usage.input_tokens_details["image_tokens"] == 236


def test_the_sdk_shows_videos_and_streams_about_them(sdk):
    pictures = [media.url(media.image(color)) for color in ("red", "red", "black", "black")]
    clip = media.url(media.video(["red", "blue"], seconds=4), "video/mp4")
    content = [{"video": pictures, "fps": 1}, {"video": clip, "max_frames": 5}, {"text": "?"}]
    chunks = list(
        sdk.MultiModalConversation.call(
            model="qwen3-vl-plus",
            messages=[
                {"role": "system", "content": [{"text": "Be brief."}]},
                {"role": "user", "content": content},
            ],
            stream=True,
            incremental_output=True,
        )
    )
    parts = [chunk.output.choices[0].message.content for chunk in chunks]
    text = "".join(part[0]["text"] for part in parts if part)
    assert "came as 4 frames" in text
    assert "begins red and ends black" in text
    assert "look at 5 frames" in text
    assert chunks[-1].output.choices[0].finish_reason == "stop"
