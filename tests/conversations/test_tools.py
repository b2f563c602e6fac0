"""Rounds of tools: every call is stored, bounded, shown, told to the model, and approved where it must be."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from conversations.generation import toolkit
from conversations.generation.runner import runner
from conversations.models import Message, Round, ToolCall
from conversations.toolbox import catalogue
from qwenchat.tools.declaring import tool
from tests.upstream import DONE, Gate, Reply, answer, chunk, sse

from .conftest import ChatUpstream, Socket, limits

if TYPE_CHECKING:
    from qwenchat.tools.declaring import Tool

TEXT = {"format": "text"}
deleted: list[str] = []
held = asyncio.Event()


@tool
def add(a: int, b: int) -> int:
    """Adds two numbers.

    a: the first
    b: the second
    """
    return a + b


@tool
def fails() -> str:
    """Never works."""
    raise ValueError("secret detail")


@tool(side_effects=True)
def delete_file(name: str) -> str:
    """Deletes a file.

    name: which
    """
    deleted.append(name)
    return f"{name} is gone"


@tool(side_effects=True)
async def delete_slowly(name: str) -> str:
    """Deletes a file, and is not done with it.

    name: which
    """
    deleted.append(name)
    await held.wait()
    return "never"


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Tool] = {each.name: each for each in (add, fails, delete_file, delete_slowly)}
    monkeypatch.setattr(
        toolkit, "offered", lambda names: [known[name] for name in names if name in known]
    )
    deleted.clear()


def calls(
    *wanted: tuple[str, str, str], finish: str = "tool_calls", text: str = "", thought: str = ""
) -> Reply:
    """An answer that calls: (id, name, arguments), each in fragments as the service writes them."""
    events = [chunk({"content": text, "role": "assistant"})]
    if thought:
        events.append(chunk({"content": None, "reasoning_content": thought}))
    for index, (id_, name, arguments) in enumerate(wanted):
        half = len(arguments) // 2
        head = {"index": index, "id": id_, "type": "function"}
        function = {"name": name, "arguments": arguments[:half]}
        events.append(chunk({"content": None, "tool_calls": [{**head, "function": function}]}))
        rest = {"index": index, "id": "", "function": {"arguments": arguments[half:]}}
        events.append(chunk({"content": None, "tool_calls": [rest]}))
    events += [chunk({}, finish=finish), chunk(usage={"prompt_tokens": 5, "completion_tokens": 2})]
    return Reply([*(sse(event) for event in events), DONE])


async def ask(page: Socket, text: str = "Go", *tools: str, **options: Any) -> str:
    names = list(tools or ("add", "fails", "delete_file"))
    ack = await page.ask(text, options={**TEXT, "tools": names, **options})
    return str(ack["messages"][1]["id"])


def events(page: Socket, type: str) -> list[dict[str, Any]]:
    return [event for event in page.events if event["type"] == type]


async def test_a_call_runs_and_its_result_goes_back_to_the_model(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "add", '{"a": 2, "b": 40}')), Reply(answer("It is 42.")))
    message = await ask(page)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "It is 42.")
    first, second = (received.json for received in upstream.requests)
    assert [each["function"]["name"] for each in first["tools"]] == ["add", "fails", "delete_file"]
    assert first["parallel_tool_calls"] is True
    said, result = second["messages"][-2:]
    assert said["tool_calls"][0]["id"] == "c1"
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"a": 2, "b": 40}
    assert (result["role"], result["tool_call_id"]) == ("tool", "c1")
    assert "42" in result["content"]
    row = await ToolCall.objects.aget(message=message)
    assert (row.status, row.result, row.name) == ("done", "42", "add")
    states = [event["call"]["status"] for event in events(page, "tool")]
    assert states == ["running", "done"]
    seqs = [
        event["seq"] for event in page.events if event.get("message") == message and "seq" in event
    ]
    assert seqs == sorted(seqs)
    assert len(set(seqs)) == len(seqs)
    assert await Round.objects.filter(message=message).acount() == 2
    assert end["usage"]["prompt_tokens"] > 5


@pytest.mark.usefixtures("server")
async def test_a_server_that_is_not_the_service_is_offered_tools_too(
    alice_cookie: str, settings: Any
) -> None:
    async with ChatUpstream(prefix="/v1") as other:
        settings.DASHSCOPE_BASE_URL = other.base_url
        other.script(calls(("c1", "add", '{"a": 2, "b": 40}')), Reply(answer("It is 42.")))
        async with Socket(alice_cookie) as page:
            await ask(page, model="llama")
            assert (await page.until("end"))["text"] == "It is 42."
        said = other.requests[1].json["messages"][-2]
        assert said["tool_calls"][0]["id"] == "c1"


async def test_calls_of_one_round_run_together(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(
        calls(("c1", "add", '{"a": 1, "b": 1}'), ("c2", "add", '{"a": 2, "b": 2}')),
        Reply(answer("Done.")),
    )
    message = await ask(page)
    await page.until("end")
    rows = [row async for row in ToolCall.objects.filter(message=message)]
    assert [(row.position, row.result) for row in rows] == [(0, "2"), (1, "4")]


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (("c1", "nothing", "{}"), "unknown", "no such tool"),
        (("c1", "add", '{"a": 1'), "arguments", ""),
        (("c1", "add", '{"a": "x", "b": 1}'), "arguments", ""),
        (("c1", "fails", "{}"), "crash", "ValueError"),
    ],
)
async def test_what_goes_wrong_is_told_to_the_model_and_the_person(
    page: Socket, upstream: ChatUpstream, call: tuple[str, str, str], code: str, words: str
) -> None:
    upstream.script(calls(call), Reply(answer("Sorry.")))
    message = await ask(page)
    end = await page.until("end")
    assert end["status"] == "complete"
    row = await ToolCall.objects.aget(message=message)
    assert (row.status, row.code) == ("failed", code)
    assert words in row.result
    assert "secret" not in row.result
    history = upstream.requests[1].json["messages"][-2]
    json.loads(history["tool_calls"][0]["function"]["arguments"])


async def test_a_call_that_was_cut_never_runs(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(
        calls(("c1", "delete_file", '{"name": "a"}'), finish="length"), Reply(answer("Well."))
    )
    message = await ask(page)
    await page.until("end")
    row = await ToolCall.objects.aget(message=message)
    assert (row.status, row.code) == ("failed", "cut")
    assert deleted == []


async def test_a_loop_that_never_ends_is_ended(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(
        *(calls((f"c{n}", "add", '{"a": 1, "b": 1}')) for n in range(8)), Reply(answer("Enough."))
    )
    message = await ask(page)
    end = await page.until("end")
    assert end["text"] == "Enough."
    assert await ToolCall.objects.filter(message=message).acount() == 8
    assert upstream.requests[8].json["tool_choice"] == "none"


async def test_a_side_effect_waits_for_its_person(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Gone.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    assert deleted == []
    assert event["call"]["expires"]
    await page.say("approve", request="ok", call=event["call"]["id"], approved=True)
    end = await page.until("end")
    assert (end["text"], deleted) == ("Gone.", ["a"])


async def test_a_refused_call_is_told_to_the_model(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("As you wish.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await page.say("approve", call=event["call"]["id"], approved=False)
    end = await page.until("end")
    assert (end["text"], deleted) == ("As you wish.", [])
    assert (await ToolCall.objects.aget()).status == "refused"
    last = events(page, "tool")[-1]["call"]
    assert (last["status"], last["decision"]) == ("refused", "refused")
    assert "did not allow" in upstream.requests[1].json["messages"][-1]["content"]


async def test_arguments_can_be_changed_before_it_runs(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Gone.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await page.say("approve", call=event["call"]["id"], approved=True, arguments={"name": "b"})
    await page.until("end")
    assert deleted == ["b"]
    history = upstream.requests[1].json["messages"][-2]
    assert json.loads(history["tool_calls"][0]["function"]["arguments"]) == {"name": "b"}


async def test_only_the_owner_approves_and_only_once(
    page: Socket, upstream: ChatUpstream, bob_cookie: str
) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Gone.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    id_ = event["call"]["id"]
    async with Socket(bob_cookie) as other:
        await other.say("approve", request="r", call=id_, approved=True)
        assert (await other.until("error"))["code"] == "not_found"
    assert deleted == []
    await page.say("approve", request="one", call=id_, approved=True)
    await page.until("end")
    await page.say("approve", request="two", call=id_, approved=True)
    assert (await page.until("error"))["code"] == "invalid"
    assert deleted == ["a"]


async def test_edited_arguments_that_do_not_fit_can_still_be_mended(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue.builtin, "tools", lambda: (delete_file,))
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Gone.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    call = {"call": event["call"]["id"], "approved": True}
    await page.say("approve", request="r1", arguments={"name": 5}, **call)
    error = await page.until("error")
    assert (error["code"], error["field"]) == ("invalid", "arguments")
    assert "name must be a text, not a whole number" in error["message"]
    assert deleted == []
    await page.say("approve", request="r2", arguments={"name": "b"}, **call)
    await page.until("end")
    assert deleted == ["b"]


async def test_an_approval_is_void_after_its_time(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Late.")))
    await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    past = timezone.now() - timedelta(seconds=1)
    await ToolCall.objects.filter(id=event["call"]["id"]).aupdate(expires=past)
    await page.say("approve", request="late", call=event["call"]["id"], approved=True)
    assert (await page.until("error"))["code"] == "invalid"
    assert deleted == []
    await runner.drain(0)
    runner.is_draining = False


async def test_an_approval_survives_a_restart(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}'), text="I will delete it."))
    message = await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await runner.drain(0)
    runner.is_draining = False
    assert (await Message.objects.aget(id=message)).status == "interrupted"
    assert (await ToolCall.objects.aget()).status == "waiting"
    upstream.script(Reply(answer("Gone.")))
    await page.say("approve", request="ok", call=event["call"]["id"], approved=True)
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert deleted == ["a"]
    assert end["text"] == "I will delete it.\n\nGone."
    said = upstream.requests[-1].json["messages"][-2:]
    assert said[0]["content"] == "I will delete it."
    assert said[1]["tool_call_id"] == "c1"


async def test_what_was_thought_before_a_call_survives_a_restart(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}'), thought="It has to go."))
    message = await ask(page, "Go", thinking=True)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await runner.drain(0)
    runner.is_draining = False
    upstream.script(Reply(answer("Gone.", reasoning=["It went."])))
    await page.say("approve", request="ok", call=event["call"]["id"], approved=True)
    await page.until("end", lambda event: event["status"] == "complete")
    assert (await Message.objects.aget(id=message)).reasoning == "It has to go.\n\nIt went."
    said = upstream.requests[-1].json["messages"][-2]
    assert said["reasoning_content"] == "It has to go."


async def test_what_ran_when_the_server_ended_never_runs_again(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "delete_file", '{"name": "a"}')), Reply(answer("Gone.")))
    message = await ask(page)
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await runner.drain(0)
    runner.is_draining = False
    await ToolCall.objects.filter(id=event["call"]["id"]).aupdate(status="running")
    await page.say("continue", request="c", message=message, options=TEXT)
    await page.until("end", lambda event: event["status"] == "complete")
    assert deleted == []
    assert (await ToolCall.objects.aget()).code == "lost"
    assert "may or may not" in upstream.requests[-1].json["messages"][-1]["content"]


async def test_an_allowed_call_is_stored_as_running_before_it_runs(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(calls(("c1", "delete_slowly", '{"name": "a"}')))
    message = await ask(page, "Go", "delete_slowly")
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    await page.say("approve", request="ok", call=event["call"]["id"], approved=True)
    await page.until("tool", lambda event: event["call"]["status"] == "running")
    # Killed now, the server finds it so, and does not run it again.
    assert (await ToolCall.objects.aget()).status == "running"
    await page.say("stop", message=message)
    await page.until("end")
    assert (await ToolCall.objects.aget()).status == "cancelled"


async def test_a_second_tab_sees_the_calls(
    page: Socket, upstream: ChatUpstream, alice_cookie: str
) -> None:
    gate = Gate()
    upstream.script(calls(("c1", "add", '{"a": 1, "b": 1}')), Reply([gate, *answer("Two.")]))
    ack = await page.ask("Go", options={**TEXT, "tools": ["add"]})
    await page.until("tool", lambda event: event["call"]["status"] == "done")
    async with Socket(alice_cookie) as other:
        await other.say("open", request="o", conversation=ack["conversation"], format="text")
        snapshot = await other.until("snapshot")
        assert [call["status"] for call in snapshot["calls"]] == ["done"]
        gate.open()
        assert (await other.until("end"))["text"] == "Two."


async def test_a_conversation_keeps_its_tools(page: Socket, upstream: ChatUpstream) -> None:
    ack = await page.ask("Go", options={**TEXT, "tools": ["add"]})
    await page.until("end")
    await page.ask("Again", conversation=ack["conversation"], options=TEXT)
    await page.until("end")
    assert [each["function"]["name"] for each in upstream.requests[1].json["tools"]] == ["add"]
    await page.ask("Without", conversation=ack["conversation"], options={**TEXT, "tools": []})
    await page.until("end")
    assert "tools" not in upstream.requests[2].json


async def test_the_next_question_knows_what_the_tools_found(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(
        calls(("c1", "add", '{"a": 2, "b": 40}'), ("c2", "fails", "{}"), text="I add. "),
        Reply(answer("It is 42.")),
        Reply(answer("Yes.")),
        Reply(answer("Indeed.")),
    )
    ack = await page.ask("Go", options={**TEXT, "tools": ["add", "fails"]})
    await page.until("end")
    await page.ask("Sure?", conversation=ack["conversation"], options=TEXT)
    await page.until("end")
    _, called, first, second, said, question = upstream.requests[2].json["messages"]
    assert (called["content"], [call["id"] for call in called["tool_calls"]]) == (
        "I add. ",
        ["c1", "c2"],
    )
    assert "42" in first["content"]
    assert "ValueError" in second["content"]
    assert (said["content"], question["content"]) == ("It is 42.", "Sure?")

    await page.ask("Really?", conversation=ack["conversation"], options={**TEXT, "tools": []})
    await page.until("end")
    roles = [message["role"] for message in upstream.requests[3].json["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert upstream.requests[3].json["messages"][1]["content"] == "I add. \n\nIt is 42."


async def test_results_that_do_not_fit_are_not_sent_again(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    settings.LIMITS = limits(settings, history_result_tokens=3)
    upstream.script(calls(("c1", "add", '{"a": 2, "b": 40}')), Reply(answer("42.")))
    ack = await page.ask("Go", options={**TEXT, "tools": ["add"]})
    await page.until("end")
    await page.ask("Sure?", conversation=ack["conversation"], options=TEXT)
    await page.until("end")
    roles = [message["role"] for message in upstream.requests[2].json["messages"]]
    assert roles == ["user", "assistant", "user"]


async def test_earlier_thoughts_go_along_only_when_asked_for(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(Reply(answer("Four.", reasoning=["Two and two."])))
    options = {**TEXT, "model": "qwen3.7-plus", "thinking": True}
    ack = await page.ask("2 + 2?", options=options)
    await page.until("end")
    for keeps, model in ((None, "qwen3.7-plus"), (True, "qwen3.7-plus"), (True, "qwen-plus")):
        await page.ask(
            "Sure?",
            conversation=ack["conversation"],
            parent=ack["messages"][1]["id"],
            options={**options, "model": model, "preserve_thinking": keeps},
        )
        await page.until("end")
    plain, kept, other = (received.json for received in upstream.requests[1:])
    assert "reasoning_content" not in plain["messages"][1]
    assert kept["messages"][1]["reasoning_content"] == "Two and two."
    assert kept["preserve_thinking"] is True
    assert "preserve_thinking" not in other
    assert "reasoning_content" not in other["messages"][1]


async def test_answer_now_ends_the_thinking_and_keeps_the_question(
    page: Socket, upstream: ChatUpstream, alice_cookie: str
) -> None:
    thinking = answer("never", reasoning=["Hmm,", " let me see"])[:3]
    upstream.script(Reply([*thinking, Gate()]), Reply(answer("Forty-two.")))
    ack = await page.ask("Why?", options={**TEXT, "thinking": True})
    message = ack["messages"][1]["id"]
    await page.until("delta", lambda event: "see" in event.get("reasoning", ""))
    async with Socket(
        alice_cookie
    ) as late:  # a page that comes now knows for how long it has thought
        await late.say("open", request="o", conversation=ack["conversation"], format="text")
        snapshot = await late.until("snapshot")
        assert snapshot["thinking"] is True
        assert snapshot["thinking_ms"] >= 0
    await page.say("answer_now", request="n", message=message)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "Forty-two.")
    assert upstream.requests[1].json["enable_thinking"] is False
    assert upstream.requests[1].json["messages"] == upstream.requests[0].json["messages"]
    assert (await Message.objects.aget(id=message)).reasoning == "Hmm, let me see"


async def test_a_model_that_always_thinks_is_not_asked_to_answer_now(
    page: Socket, upstream: ChatUpstream
) -> None:
    gate = Gate()
    upstream.script(Reply([*answer("", reasoning=["Hmm"])[:2], gate, *answer("Done.")[1:]]))
    ack = await page.ask("Why?", options={**TEXT, "model": "qwq-plus"})
    message = ack["messages"][1]["id"]
    await page.until("delta", lambda event: "Hmm" in event.get("reasoning", ""))
    await page.say("answer_now", request="n", message=message)
    error = await page.until("error")
    assert (error["request"], error["code"], error["field"]) == ("n", "invalid", "message")
    assert error["message"] == "qwq-plus always thinks before it answers."
    gate.open()
    assert (await page.until("end"))["text"] == "Done."
    assert len(upstream.requests) == 1
