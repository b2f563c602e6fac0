"""Calls as no model should make them, and choices that must not be said twice: the answer goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conversations.models import Message, ToolCall
from tests.upstream import DONE, Gate, Reply, answer, chunk, sse

from .conftest import limits
from .test_tools import _tools, ask, calls, deleted  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from typing import Any

    from .conftest import ChatUpstream, Socket

SUM = '{"a": 1, "b": 1}'


async def stored(message: str) -> list[tuple[str, str, str]]:
    rows = ToolCall.objects.filter(message=message).order_by("round", "position")
    return [(row.status, row.code, row.result) async for row in rows]


def histories(upstream: ChatUpstream) -> list[list[tuple[str, str]]]:
    """Of each request, the ids that were called and those that were answered."""
    found = []
    for received in upstream.requests:
        messages = received.json["messages"]
        called = [call["id"] for each in messages for call in each.get("tool_calls", ())]
        told = [each["tool_call_id"] for each in messages if each["role"] == "tool"]
        found.append(list(zip(called, told, strict=True)))
    return found


async def test_two_calls_with_one_id_are_two_and_only_the_first_runs(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "add", SUM), ("c1", "add", SUM)), Reply(answer("Two.")))
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    done, again = await stored(message)
    assert done == ("done", "", "2")
    assert again[:2] == ("failed", "repeated")
    history = histories(upstream)[1]
    assert all(called == told for called, told in history)
    assert len(set(history)) == 2


async def test_an_id_of_an_earlier_round_is_not_run_again(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(
        calls(("c1", "add", SUM)), calls(("c1", "add", SUM)), Reply(answer("Still two."))
    )
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    assert [row[:2] for row in await stored(message)] == [("done", ""), ("failed", "repeated")]
    assert len({called for called, _ in histories(upstream)[2]}) == 2


@pytest.mark.parametrize("id_", ["", "c" * 201])
async def test_calls_without_a_usable_id_get_one(
    page: Socket, upstream: ChatUpstream, id_: str
) -> None:
    upstream.script(calls((id_, "add", SUM), (id_, "add", SUM)), Reply(answer("Two.")))
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    assert {row[0] for row in await stored(message)} <= {"done", "failed"}
    (first, told), (second, _) = histories(upstream)[1]
    assert first == told != second
    assert first.startswith("call_")


@pytest.mark.parametrize("name", ["", "two words", "x" * 300, "名字"])
async def test_a_name_that_no_tool_can_have_goes_into_no_history(
    page: Socket, upstream: ChatUpstream, name: str
) -> None:
    upstream.script(calls(("c1", name, "{}")), Reply(answer("Sorry.")))
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    assert (await stored(message))[0][1] == "unknown"
    said = upstream.requests[1].json["messages"][-2]["tool_calls"][0]["function"]["name"]
    assert said.isascii()
    assert 0 < len(said) <= 64
    assert " " not in said


async def test_a_forced_call_is_forced_once(page: Socket, upstream: ChatUpstream) -> None:
    """The service calls again for as long as it is told to."""
    upstream.script(calls(("c1", "add", SUM)), Reply(answer("Two.")))
    await ask(page, tool_choice="add")
    await page.until("end")
    first, second = (received.json for received in upstream.requests)
    assert first["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert "tool_choice" not in second
    assert second["tools"] == first["tools"]


async def test_a_choice_of_the_models_own_stays(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(calls(("c1", "add", SUM)), Reply(answer("Two.")))
    await ask(page, tool_choice="auto")
    await page.until("end")
    assert [received.json["tool_choice"] for received in upstream.requests] == ["auto", "auto"]


@pytest.mark.parametrize("text", ["", "Well"])
async def test_a_filter_ends_the_answer_and_nothing_runs(
    page: Socket, upstream: ChatUpstream, text: str
) -> None:
    upstream.script(
        calls(("c1", "delete_file", '{"name": "a"}'), finish="content_filter", text=text)
    )
    message = await ask(page)
    end = await page.until("end")
    assert end["status"] == ("interrupted" if text else "failed")
    assert end["error"]["code"] == "content_filtered"
    assert (await Message.objects.aget(id=message)).text == text
    assert (await stored(message), deleted) == ([], [])


@pytest.mark.parametrize("arguments", ['{"a": NaN, "b": 1}', '["a"]', "3", "null", '{"a": 1'])
async def test_arguments_that_are_no_object_are_replayed_as_one(
    page: Socket, upstream: ChatUpstream, arguments: str
) -> None:
    upstream.script(calls(("c1", "add", arguments)), Reply(answer("Sorry.")))
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    assert (await stored(message))[0][1] == "arguments"
    said = upstream.requests[1].json["messages"][-2]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(said) == {}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("add", '{"a": "x", "b": 1}'),
        ("nothing", '{"a": 1}'),
        ("fails", "{}"),
        ("fails", '{"a": "\\ud800"}'),
    ],
)
async def test_a_model_is_told_of_what_it_wrote(
    page: Socket, upstream: ChatUpstream, name: str, arguments: str
) -> None:
    """What did not fit is replayed as it was: a model that saw {} in its place would mend the wrong thing."""
    upstream.script(calls(("c1", name, arguments)), Reply(answer("Sorry.")))
    await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    said = upstream.requests[1].json["messages"][-2]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(said) == json.loads(arguments.replace("\\ud800", "\ufffd"))


async def test_arguments_without_end_end_the_answer(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    settings.LIMITS = limits(settings, answer_bytes=2000)
    part = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": "1" * 500}}
    flood = [sse(chunk({"content": None, "tool_calls": [part]})) for _ in range(8)]
    upstream.script(Reply([*flood, Gate(), DONE]))
    message = await ask(page)
    end = await page.until("end")
    assert (end["status"], end["finish_reason"]) == ("failed", "length")
    assert await stored(message) == []
    assert upstream.requests[0].cut or await upstream.requests[0].closed.wait()


def thinking(*steps: Any) -> Reply:
    thought = chunk({"content": None, "reasoning_content": "hm see"})
    return Reply([sse(thought), *steps])


async def test_answer_now_keeps_what_the_tools_found(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(
        calls(("c1", "add", SUM)),
        thinking(Gate()),
        calls(("c1", "add", SUM), ("c2", "add", SUM)),
        Reply(answer("Two.")),
    )
    message = await ask(page, thinking=True)
    await page.until("delta", lambda event: "see" in event.get("reasoning", ""))
    await page.say("answer_now", request="n", message=message)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "Two.")
    bodies = [received.json for received in upstream.requests]
    assert [body["enable_thinking"] for body in bodies] == [True, True, False, False]
    assert bodies[2]["messages"] == bodies[1]["messages"]
    said = bodies[3]["messages"][-3]
    assert "see" not in said.get("reasoning_content", "")
    assert [row[:2] for row in await stored(message)] == [
        ("done", ""),
        ("failed", "repeated"),
        ("done", ""),
    ]


async def test_a_thought_that_was_ended_is_not_told_as_a_calls(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(thinking(Gate()), calls(("c1", "add", SUM)), Reply(answer("Two.")))
    message = await ask(page, thinking=True)
    await page.until("delta", lambda event: "see" in event.get("reasoning", ""))
    await page.say("answer_now", request="n", message=message)
    assert (await page.until("end"))["text"] == "Two."
    assert "reasoning_content" not in upstream.requests[2].json["messages"][-2]
    assert (await Message.objects.aget(id=message)).reasoning == "hm see"


async def test_a_thought_that_leaks_after_a_call_takes_nothing_else_along(
    page: Socket, upstream: ChatUpstream
) -> None:
    """As Qwen 3.5 does in the rounds after the first (dashscope-api §13.2)."""
    upstream.script(
        calls(("c1", "add", SUM), text="I will add."),
        calls(("c2", "add", SUM), text="So it is two.\n</think>\n\nOnce more."),
        Reply(answer("Two.")),
    )
    message = await ask(page)
    end = await page.until("end")
    assert end["text"] == "I will add.\n\nOnce more.\n\nTwo."
    assert (await Message.objects.aget(id=message)).reasoning == "So it is two.\n"
    first, second = (
        each for each in upstream.requests[2].json["messages"] if each["role"] == "assistant"
    )
    assert (first["content"], first.get("reasoning_content")) == ("I will add.", None)
    assert second["content"] == "Once more."
    assert second["reasoning_content"] == "So it is two.\n"
