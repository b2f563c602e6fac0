"""The official SDKs as their users use them: whole loops of tools, answers by schema, searches."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import openai
import pydantic
import pytest
from dashscope.api_entities.aio_session import close_shared_aio_session

from qwenchat.dashscope import Client
from qwenchat.dashscope.folding import Folder
from qwenchat.dashscope.payloads import assistant, chat, tool, user

from .test_native import TEXT, native, sdk  # noqa: F401 -- fixtures
from .test_tools import TIME, WEATHER, merged

QUESTION = "Compare the weather in Paris and London"
SHAPES = "ABCDEFGHIJ"
# OpenAI's own helpers go by the number alone.
NUMBERED = "ABCDEGH"
RESULTS = {"Paris": '{"degrees": 21.5}', "London": '{"degrees": 13.25}'}


def result_of(arguments):
    return RESULTS[json.loads(arguments)["location"]]


def asked(shape, question=QUESTION):
    return [{"role": "user", "content": f"{question}\n/sandbox shape {shape}"}]


def told(calls):
    """The messages of a round, from (id, name, arguments)."""
    return [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
                for id_, name, arguments in calls
            ],
        },
        *(
            {"role": "tool", "tool_call_id": id_, "content": result_of(arguments)}
            for id_, _, arguments in calls
        ),
    ]


def assert_answered(text):
    for city, result in RESULTS.items():
        assert f"`get_current_weather` (location: {city})" in text
        assert str(json.loads(result)["degrees"]) in text


OPTIONS = {"model": "qwen-plus", "tools": [WEATHER, TIME], "parallel_tool_calls": True}


@pytest.mark.parametrize("shape", NUMBERED)
def test_openais_sdk_streams_a_loop(client, shape):
    messages = asked(shape)
    stream = client.chat.completions.create(messages=messages, stream=True, **OPTIONS)
    calls, reason, _ = merged(stream)
    assert reason == ("stop" if shape == "H" else "tool_calls")
    messages += told([(call["id"], call["name"], call["arguments"]) for call in calls])
    stream = client.chat.completions.create(messages=messages, stream=True, **OPTIONS)
    assert_answered("".join(part.choices[0].delta.content or "" for part in stream))


@pytest.mark.parametrize("shape", SHAPES.replace("J", ""))
def test_openais_sdk_runs_a_loop_of_whole_answers(client, shape):
    messages = asked(shape)
    first = client.chat.completions.create(messages=messages, **OPTIONS)
    calls = [
        (call.id, call.function.name, call.function.arguments)
        for call in first.choices[0].message.tool_calls
    ]
    final = client.chat.completions.create(messages=messages + told(calls), **OPTIONS)
    assert_answered(final.choices[0].message.content)


async def test_openais_sdk_runs_loops_at_the_same_time(sandbox):
    async with openai.AsyncOpenAI(
        base_url=sandbox.base_url, api_key=sandbox.api_key, max_retries=0, timeout=30
    ) as client:

        async def loop(shape):
            messages = asked(shape)
            async with client.chat.completions.stream(messages=messages, **OPTIONS) as stream:
                async for _ in stream:
                    pass
                first = await stream.get_final_completion()
            calls = [
                (call.id, call.function.name, call.function.arguments)
                for call in first.choices[0].message.tool_calls
            ]
            final = await client.chat.completions.create(messages=messages + told(calls), **OPTIONS)
            return final.choices[0].message.content

        for text in await asyncio.gather(*map(loop, "ABE")):
            assert_answered(text)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
async def test_our_client_reads_calls_of_every_shape(sandbox, shape, streamed):
    client = Client(sandbox.base_url, sandbox.api_key)
    body = chat(messages=asked(shape), stream=streamed, **OPTIONS)
    try:
        if streamed:
            folder = Folder()
            async with asyncio.timeout(20), aclosing(client.stream(body)) as stream:
                async for events in stream:
                    folder.add(events)
            done = folder.completion()
        else:
            done = await client.complete(body)
        assert [json.loads(call.arguments)["location"] for call in done.tool_calls] == [
            "Paris",
            "London",
        ]
        assert len({call.id for call in done.tool_calls}) == (1 if shape == "J" else 2)
        if shape == "J":
            return
        history = [assistant("", tool_calls=done.tool_calls)]
        history += [tool(call.id, result_of(call.arguments)) for call in done.tool_calls]
        messages = [user(asked(shape)[0]["content"]), *history]
        final = await client.complete(chat(messages=messages, **OPTIONS))
        assert_answered(final.text)
    finally:
        await client.aclose()


class Weather(pydantic.BaseModel):
    """What is known of a city's weather."""

    city: str
    degrees: float
    rain: bool
    hours: list[int]


def test_openais_sdk_parses_an_answer_by_its_schema(client):
    answer = client.chat.completions.parse(
        model="qwen3.7-plus",
        messages=[{"role": "user", "content": "The weather in Paris, please"}],
        response_format=Weather,
        extra_body={"enable_thinking": False},
    )
    assert isinstance(answer.choices[0].message.parsed, Weather)
    with client.chat.completions.stream(
        model="qwen3.7-plus",
        messages=[{"role": "user", "content": "The weather in Paris, please"}],
        response_format=Weather,
        extra_body={"enable_thinking": False},
    ) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion().choices[0].message.parsed
    assert streamed == answer.choices[0].message.parsed


def test_openais_sdk_raises_what_the_service_refuses_of_a_schema(client):
    with pytest.raises(openai.BadRequestError, match="Json mode response is not supported"):
        client.chat.completions.parse(
            model="qwen3.7-plus",
            messages=[{"role": "user", "content": "Weather"}],
            response_format=Weather,
        )


BUSY = [
    ("", "limit_requests", "Throttling.RateQuota"),
    ("burst", "limit_burst_rate", "Throttling.BurstRate"),
    ("tokens", "insufficient_quota", "Throttling.AllocationQuota"),
    ("concurrency", "Throttling.Concurrency", "Throttling.Concurrency"),
]


@pytest.mark.parametrize(("kind", "code", "native_code"), BUSY)
def test_too_many_requests_are_refused_in_the_services_ways(client, sdk, kind, code, native_code):  # noqa: F811
    messages = [{"role": "user", "content": f"/sandbox busy {kind}"}]
    for stream in (False, True):
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="qwen-plus", messages=messages, stream=stream)
        assert stream or caught.value.code == code
    refused = sdk.Generation.call(model="qwen-plus", messages=messages)
    assert (refused.status_code, refused.code) == (429, native_code)
    (refused,) = sdk.Generation.call(model="qwen-plus", messages=messages, stream=True)
    assert (refused.status_code, refused.code) == (429, native_code)


NATIVE = {"model": "qwen-plus", "tools": [WEATHER, TIME], "result_format": "message"}


def native_calls(frames):
    """The calls of a native stream whose frames hold what is new."""
    slots = {}
    for frame in frames:
        assert frame.status_code == 200, frame
        for part in frame.output.choices[0].message.get("tool_calls") or ():
            function = part["function"]
            slot = slots.setdefault(part["index"], ["", "", ""])
            slot[0] = slot[0] or part["id"]
            slot[1] = slot[1] or function.get("name") or ""
            slot[2] += function.get("arguments") or ""
    return [tuple(slots[at]) for at in sorted(slots)]


def text_of(frames):
    return "".join(frame.output.choices[0].message.content for frame in frames)


@pytest.mark.parametrize("shape", "ABCDE")
def test_the_services_sdk_streams_a_loop(sdk, shape):  # noqa: F811
    options = NATIVE | {"stream": True, "incremental_output": True, "parallel_tool_calls": True}
    messages = asked(shape)
    frames = list(sdk.Generation.call(messages=messages, **options))
    assert frames[-1].output.choices[0].finish_reason == "tool_calls"
    messages += told(native_calls(frames))
    assert_answered(text_of(sdk.Generation.call(messages=messages, **options)))


@pytest.mark.parametrize("shape", "ABCDE")
def test_frames_that_repeat_hold_the_calls_so_far(sdk, native, shape):  # noqa: F811
    body = {
        "model": "qwen-plus",
        "input": {"messages": asked(shape)},
        "parameters": {
            "tools": [WEATHER, TIME],
            "result_format": "message",
            "parallel_tool_calls": True,
            "incremental_output": False,
        },
    }
    answer = native.post(TEXT, json=body, headers={"X-DashScope-SSE": "enable"})
    lines = [line[5:] for line in answer.text.split("\n") if line.startswith("data:")]
    choice = json.loads(lines[-1])["output"]["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    arguments = [call["function"]["arguments"] for call in choice["message"]["tool_calls"]]
    assert [json.loads(text) for text in arguments] == [
        {"location": "Paris"},
        {"location": "London"},
    ]
    assert [call["index"] for call in choice["message"]["tool_calls"]] == [0, 1]


@pytest.fixture
async def waiting():
    """What the service's SDK opens for calls that wait is closed again."""
    yield
    await close_shared_aio_session()


@pytest.mark.usefixtures("waiting")
async def test_the_services_sdk_runs_a_loop_without_blocking(sdk):  # noqa: F811
    options = NATIVE | {"parallel_tool_calls": True}
    messages = asked("A")
    first = await sdk.AioGeneration.call(messages=messages, **options)
    calls = [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in first.output.choices[0].message.tool_calls
    ]
    final = await sdk.AioGeneration.call(messages=messages + told(calls), **options)
    assert_answered(final.output.choices[0].message.content)
    stream = await sdk.AioGeneration.call(
        messages=messages, stream=True, incremental_output=True, **options
    )
    assert native_calls([frame async for frame in stream]) == calls


def test_the_services_sdk_streams_a_search(sdk):  # noqa: F811
    frames = list(
        sdk.Generation.call(
            model="qwen-plus",
            messages=[{"role": "user", "content": "What is the latest news?"}],
            result_format="message",
            stream=True,
            incremental_output=True,
            enable_search=True,
            search_options={
                "enable_source": True,
                "enable_citation": True,
                "citation_format": "[ref_<number>]",
                "forced_search": True,
                "prepend_search_result": True,
            },
        )
    )
    infos = [frame.output.search_info["search_results"] for frame in frames]
    assert [source["index"] for source in infos[0]] == [1, 2, 3]
    assert not any(infos[1:])
    assert frames[0].output.choices[0].message.content == ""
    assert "[ref_1]" in text_of(frames)
    assert frames[-1].usage["plugins"]["search"]["count"] == 1


def test_what_is_refused_of_a_search_is_refused_in_both_protocols(client, sdk):  # noqa: F811
    messages = [{"role": "user", "content": "What is new?"}]
    refused = sdk.Generation.call(model="qwen-long", messages=messages, enable_search=True)
    assert (refused.status_code, refused.code) == (400, "InvalidParameter")
    assert refused.message.endswith("This model does not support enable_search.")
    with pytest.raises(openai.BadRequestError, match=r"8 is not one of \[7, 30, 180, 365\]"):
        client.chat.completions.create(
            model="qwen-plus",
            messages=messages,
            extra_body={"enable_search": True, "search_options": {"freshness": 8}},
        )


def test_the_services_sdk_is_told_what_is_wrong_with_its_tools(sdk):  # noqa: F811
    search = {"type": "function", "function": {"name": "search", "parameters": {}}}
    refused = sdk.Generation.call(messages=asked("A"), **NATIVE | {"tools": [search]})
    assert (refused.status_code, refused.code) == (400, "InvalidParameter")
    assert refused.message.endswith("Tool names are not allowed to be [search]")
    called = told([("c1", "get_current_weather", '{"location": "Paris"}')])[:1]
    refused = sdk.Generation.call(messages=asked("A") + called, **NATIVE)
    assert "must be followed by tool messages" in refused.message
