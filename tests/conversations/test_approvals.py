"""A call that waits for its person, whatever else happens meanwhile: it runs once or not at all."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from conversations.generation import ending, recovery, toolkit
from conversations.generation.asking import Asking
from conversations.generation.asking import Run as AskingRun
from conversations.generation.live import LiveAnswer
from conversations.generation.runner import runner
from conversations.models import CallStatus, Message, Status, ToolCall
from qwenchat.tools.declaring import tool
from tests.upstream import DONE, Gate, Reply, answer, chunk, sse

from .conftest import ChatUpstream, Socket, limits
from .test_tools import TEXT, add, calls, deleted, events

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from django.contrib.auth.models import User

    from qwenchat.tools.declaring import Tool

begun = asyncio.Event()
ran: list[Any] = []


@tool(side_effects=True)
async def pay(amount: int, to: str = "", more: dict[str, Any] | None = None) -> str:
    """Pays, which takes a while when it is much.

    amount: how much
    to: whom
    more: what else there is to say
    """
    ran.append((amount, to))
    begun.set()
    if amount == 1000:
        await asyncio.Event().wait()
    return "paid"


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Tool] = {each.name: each for each in (add, pay)}
    monkeypatch.setattr(
        toolkit, "offered", lambda names: [known[name] for name in names if name in known]
    )
    ran.clear()
    begun.clear()
    deleted.clear()


async def ask(page: Socket, text: str = "Go", **options: Any) -> str:
    ack = await page.ask(text, options={**TEXT, "tools": ["add", "pay"], **options})
    return str(ack["messages"][1]["id"])


async def waiting(page: Socket) -> str:
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    return str(event["call"]["id"])


def paying(amount: int = 5, id_: str = "c1", **more: Any) -> Reply:
    return calls((id_, "pay", json.dumps({"amount": amount, **more})))


async def restart() -> None:
    await runner.drain(0)
    runner.is_draining = False


# ---- once or not at all ------------------------------------------------------------------------------


async def test_a_call_that_waits_is_stored_as_such_before_anybody_sees_it(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying())
    await ask(page)
    assert (await ToolCall.objects.aget(id=await waiting(page))).status == "waiting"


async def test_an_approved_call_never_runs_again_after_a_crash(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying(1000), Reply(answer("Well.")))
    message = await ask(page)
    id_ = await waiting(page)
    await page.say("approve", request="ok", call=id_, approved=True)
    async with asyncio.timeout(10):
        await begun.wait()
    row = await ToolCall.objects.aget(id=id_)
    assert (row.status, row.decision) == ("running", "approved")
    # What kill -9 leaves: nobody of the old process writes anything more.
    await Message.objects.filter(id=message).aupdate(worker="gone", heartbeat=None)
    await sync_to_async(recovery.end_orphans)()
    runner.stop(runner_of(message))
    await page.until("end")
    assert (await ToolCall.objects.aget(id=id_)).status == "running"
    await page.say("continue", request="c", message=message, options=TEXT)
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert (end["text"], ran) == ("Well.", [(1000, "")])
    row = await ToolCall.objects.aget(id=id_)
    assert (row.status, row.code) == ("cancelled", "lost")
    assert "may or may not" in upstream.requests[-1].json["messages"][-1]["content"]


def runner_of(message: str) -> Any:
    return next(answer for answer in runner.running if str(answer) == message)


async def test_a_process_that_lost_its_answer_does_not_run_what_is_approved(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying())
    message = await ask(page)
    id_ = await waiting(page)
    await Message.objects.filter(id=message).aupdate(worker="another process")
    await page.say("approve", request="ok", call=id_, approved=True)
    await page.until("end")
    row = await ToolCall.objects.aget(id=id_)
    assert (ran, row.status, row.decision) == ([], "waiting", "approved")


async def test_of_two_tabs_that_allow_it_with_other_arguments_one_is_heard(
    page: Socket, upstream: ChatUpstream, alice_cookie: str
) -> None:
    upstream.script(paying(), Reply(answer("Done.")))
    await ask(page)
    id_ = await waiting(page)
    async with Socket(alice_cookie) as other:
        await asyncio.gather(
            page.say("approve", request="1", call=id_, approved=True, arguments={"amount": 1}),
            other.say("approve", request="2", call=id_, approved=True, arguments={"amount": 2}),
        )
        await page.until("end")
        said = await other.next()
    refused = [event for event in [*page.events, said] if event["type"] == "error"]
    assert len(refused) == 1
    assert ran == [(2 if refused[0]["request"] == "1" else 1, "")]


async def test_a_stopped_answer_takes_its_waiting_call_along(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying())
    message = await ask(page)
    id_ = await waiting(page)
    streaming = runner.running[uuid.UUID(message)].streaming
    for _ in range(3):
        runner.stop(uuid.UUID(message))
    assert streaming is not None
    assert streaming.cancelling() == 1
    end = await page.until("end")
    assert end["status"] == "stopped"
    await page.say("approve", request="late", call=id_, approved=True)
    assert (await page.until("error"))["code"] == "invalid"
    assert ran == []
    assert (await ToolCall.objects.aget(id=id_)).status == "cancelled"


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_at_the_same_moment_it_runs_once_or_not_at_all(
    page: Socket, upstream: ChatUpstream, alice_cookie: str, seed: int
) -> None:
    order = random.Random(seed)
    upstream.script(paying(1000 if seed % 2 else 5), Reply(answer("Well.")))
    message = await ask(page)
    id_ = await waiting(page)
    async with Socket(alice_cookie) as tab:

        async def after_a_while(what: Coroutine[Any, Any, None]) -> None:
            for _ in range(order.randrange(4)):
                await asyncio.sleep(0)
            await what

        together = [
            page.say("approve", request="a", call=id_, approved=True),
            tab.say("approve", request="b", call=id_, approved=True, arguments={"amount": 1000}),
            tab.say("stop", request="s", message=message),
            tab.say("answer_now", request="n", message=message),
            page.say("regenerate", request="r", message=message, options={}),
            *([restart()] if seed % 3 == 0 else []),
        ]
        order.shuffle(together)
        await asyncio.gather(*map(after_a_while, together))
        await page.until("end", lambda event: event["message"] == message)
    # After a restart the approval has begun it again.
    tasks = [each.task for each in runner.running.values() if each.task]
    runner.stop(uuid.UUID(message))
    await asyncio.gather(*tasks)
    row = await ToolCall.objects.select_related("message").aget(id=id_)
    assert len(ran) <= 1
    if row.message.status == "interrupted":
        assert row.status == "waiting" or ran
    else:
        assert row.status in ("done", "cancelled", "refused")
    # Nobody is told that nothing happened when something did.
    if ran:
        assert (row.status, row.code) in (("done", ""), ("cancelled", "halfway"))
    else:
        assert row.code in ("", "cancelled", "refused")


async def test_a_conversation_that_is_deleted_takes_it_along(
    page: Socket, upstream: ChatUpstream, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.script(paying())
    await ask(page)
    id_ = await waiting(page)
    browser = Client()
    await sync_to_async(browser.force_login)(alice)
    conversation = page.events[1]["conversation"]
    await sync_to_async(browser.post)(f"/c/{conversation}/delete/")
    await page.until("conversation", lambda event: event["conversation"].get("deleted", False))
    await page.say("approve", request="late", call=id_, approved=True)
    assert (await page.until("error"))["code"] == "not_found"
    assert ran == []
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_a_word_that_nobody_took_can_be_said_again(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying())
    message = await ask(page)
    id_ = await waiting(page)
    await restart()
    await page.until("end")
    # Said in the moment in which its process had died and nobody knew.
    await ToolCall.objects.filter(id=id_).aupdate(decision="approved")
    upstream.script(Reply(answer("Paid.")))
    await page.say("approve", request="again", call=id_, approved=True)
    assert (await page.until("end", lambda event: event["message"] == message))["text"] == "Paid."
    assert ran == [(5, "")]


@pytest.mark.parametrize("word", ["refused", ""])
async def test_what_waited_before_a_restart_runs_on_no_other_word_than_its_persons(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    upstream.script(paying())
    message = await ask(page)
    id_ = await waiting(page)
    await restart()
    await page.until("end")
    # Staff have found meanwhile that it only reads.
    only_reads = replace(pay, side_effects=False)
    monkeypatch.setattr(toolkit, "offered", lambda _names: [only_reads])
    if word:
        await ToolCall.objects.filter(id=id_).aupdate(decision=word)
    upstream.script(Reply(answer("Well.")))
    await page.say("continue", request="c", message=message, options=TEXT)
    if not word:
        assert await waiting(page) == id_
        await page.say("approve", request="no", call=id_, approved=False)
    await page.until("end", lambda event: event["status"] == "complete")
    assert ran == []
    assert (await ToolCall.objects.aget(id=id_)).status == "refused"


async def test_a_word_about_one_tool_is_none_about_another_of_its_name(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script(paying())
    await ask(page)
    id_ = await waiting(page)
    await restart()
    await page.until("end")
    elsewhere = replace(pay, origin="evil.example")
    monkeypatch.setattr(toolkit, "offered", lambda _names: [elsewhere])
    upstream.script(Reply(answer("Well.")))
    await page.say("approve", request="ok", call=id_, approved=True)
    await page.until("end", lambda event: event["status"] == "complete")
    row = await ToolCall.objects.aget(id=id_)
    assert (ran, row.status, row.code) == ([], "refused", "changed")


async def test_an_approval_that_is_sent_again_is_answered_again(
    page: Socket, upstream: ChatUpstream, alice_cookie: str
) -> None:
    upstream.script(paying(), Reply(answer("Paid.")))
    await ask(page)
    id_ = await waiting(page)
    await page.say("approve", request="ok", call=id_, approved=True)
    await page.until("end")
    async with Socket(alice_cookie) as again:  # the first ack was lost with its connection
        await again.say("approve", request="ok", call=id_, approved=True)
        assert (await again.until("ack"))["request"] == "ok"
        await again.say("approve", request="other", call=id_, approved=True)
        assert (await again.until("error"))["code"] == "invalid"
    assert ran == [(5, "")]


async def test_an_approval_while_the_server_ends_is_left_to_the_next_one(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying())
    await ask(page)
    id_ = await waiting(page)
    runner.is_draining = True
    await page.say("approve", request="ok", call=id_, approved=True)
    await page.say("ping")
    await page.until("pong")
    assert not [event for event in page.events if event.get("request") == "ok"]
    assert (await ToolCall.objects.aget(id=id_)).decision == ""
    runner.is_draining = False
    await restart()


async def test_a_server_that_ends_does_not_wait_for_those_who_wait_for_their_person(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying(), Reply(answer("Paid.")))
    message = await ask(page)
    id_ = await waiting(page)
    await runner.drain(3600)  # would end after an hour
    runner.is_draining = False
    assert (await Message.objects.aget(id=message)).status == "interrupted"
    assert (await ToolCall.objects.aget(id=id_)).status == "waiting"
    await page.say("approve", request="ok", call=id_, approved=True)
    assert (await page.until("end"))["status"] == "interrupted"
    assert (await page.until("end"))["text"] == "Paid."
    assert ran == [(5, "")]


async def test_a_waiting_call_of_the_last_round_still_runs_after_a_restart(
    page: Socket, upstream: ChatUpstream
) -> None:
    adding = [calls((f"c{n}", "add", '{"a": 1, "b": 1}')) for n in range(7)]
    upstream.script(*adding, paying(id_="last"))
    await ask(page)
    id_ = await waiting(page)
    await restart()
    upstream.script(Reply(answer("Paid.")))
    await page.say("approve", request="ok", call=id_, approved=True)
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert (end["text"], ran) == ("Paid.", [(5, "")])
    assert upstream.requests[-1].json["tool_choice"] == "none"


# ---- arguments that the person put there -------------------------------------------------------------


async def test_arguments_that_do_not_fit_can_be_mended(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying(), Reply(answer("Done.")))
    await ask(page)
    id_ = await waiting(page)
    for wrong in (
        {"amount": "much"},
        {},
        {"amount": 1, "when": "now"},
        {"amount": 1, "to": "x" * 200_000},
    ):
        await page.say("approve", request="r", call=id_, approved=True, arguments=wrong)
        error = await page.until("error")
        assert (error["code"], error["field"]) == ("invalid", "arguments")
    for wrong in ("[1]", "no JSON", '{"amount": 1e999}', 7, [1]):
        await page.say("approve", request="r", call=id_, approved=True, arguments=wrong)
        assert (await page.until("error"))["field"] == "arguments"
    assert (await ToolCall.objects.aget(id=id_)).status == "waiting"
    await page.say("approve", request="ok", call=id_, approved=True, arguments={"amount": 7})
    await page.until("end")
    assert ran == [(7, "")]


@pytest.mark.parametrize(
    ("text", "amount", "to"),
    [
        ('{"amount": 123456789012345678901234567890}', 123456789012345678901234567890, ""),
        ('{"amount": 1, "to": "a\\u0000b\\ud83dc"}', 1, "ab\ufffdc"),
        ('{"amount": 1, "to": "\\ud83d\\ude00"}', 1, "😀"),
    ],
)
async def test_odd_arguments_reach_the_tool_and_the_page(
    page: Socket, upstream: ChatUpstream, text: str, amount: int, to: str
) -> None:
    upstream.script(paying(), Reply(answer("Done.")))
    await ask(page)
    await page.say("approve", request="ok", call=await waiting(page), approved=True, arguments=text)
    end = await page.until("end")
    assert (end["status"], ran) == ("complete", [(amount, to)])
    assert events(page, "tool")[-1]["call"]["edited"]["amount"] == amount
    history = upstream.requests[1].json["messages"][-2]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(history)["amount"] == amount


# ---- what models write -------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["x" * 5000, "a\x00b", ""])
async def test_a_call_keeps_its_place_whatever_its_id(
    page: Socket, upstream: ChatUpstream, id_: str
) -> None:
    upstream.script(calls((id_, "add", '{"a": 1, "b": 2}')), Reply(answer("Three.")))
    message = await ask(page)
    assert (await page.until("end"))["text"] == "Three."
    row = await ToolCall.objects.aget(message=message)
    assert (row.status, row.result) == ("done", "3")
    said, result = upstream.requests[1].json["messages"][-2:]
    assert said["tool_calls"][0]["id"] == result["tool_call_id"] == row.call_id


@pytest.mark.parametrize("name", ["pay\x00", "add" * 3000, ""])
async def test_a_call_by_an_impossible_name_is_told(
    page: Socket, upstream: ChatUpstream, name: str
) -> None:
    upstream.script(calls(("c1", name, "{}")), Reply(answer("Well.")))
    message = await ask(page)
    assert (await page.until("end"))["status"] == "complete"
    assert (await ToolCall.objects.aget(message=message)).code in ("unknown", "arguments")
    assert ran == []


async def test_calls_that_share_an_id_are_two_calls_of_which_one_runs(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(
        calls(("same", "pay", '{"amount": 1}'), ("same", "pay", '{"amount": 2}')),
        calls(("same", "pay", '{"amount": 3}')),
        Reply(answer("Done.")),
    )
    message = await ask(page)
    await page.say("approve", request="ok", call=await waiting(page), approved=True)
    await page.until("end")
    rows = [row async for row in ToolCall.objects.filter(message=message)]
    assert [(row.status, row.code) for row in rows] == [
        ("done", ""),
        ("failed", "repeated"),
        ("failed", "repeated"),
    ]
    assert ran == [(1, "")]
    assert len({row.call_id for row in rows}) == 3
    told = upstream.requests[2].json["messages"]
    asked = [call["id"] for each in told for call in each.get("tool_calls", ())]
    assert asked == [each["tool_call_id"] for each in told if each["role"] == "tool"]


async def test_of_calls_that_came_interleaved_the_one_that_was_cut_does_not_run(
    page: Socket, upstream: ChatUpstream
) -> None:
    def part(index: int, arguments: str, id_: str = "", name: str = "") -> bytes:
        function = {"arguments": arguments} | ({"name": name} if name else {})
        return sse(chunk({"tool_calls": [{"index": index, "id": id_, "function": function}]}))

    parts = [
        part(3, '{"a": 1,', "c3", "add"),
        part(9, '{"a": 5, "b": 5}', "c9", "add"),
        part(3, ' "b": 1}'),
        sse(chunk({}, finish="length")),
    ]
    upstream.script(Reply([*parts, DONE]), Reply(answer("Well.")))
    message = await ask(page)
    await page.until("end")
    rows = [row async for row in ToolCall.objects.filter(message=message)]
    assert [(row.call_id, row.code) for row in rows] == [("c3", "cut"), ("c9", "")]


async def test_arguments_nested_without_end_are_told_and_shown(
    page: Socket, upstream: ChatUpstream
) -> None:
    deep = f'{{"amount": 1, "more": {{"a": {"[" * 500}{"]" * 500}}}}}'
    upstream.script(calls(("c1", "pay", deep)), Reply(answer("Well.")))
    await page.ask("Go", options={"tools": ["pay"]})
    end = await page.until("end")
    row = await ToolCall.objects.aget()
    assert (end["status"], row.code) == ("complete", "arguments")
    assert "nested deeper" in row.result


# ---- meanwhile ---------------------------------------------------------------------------------------


async def test_answer_now_does_nothing_to_a_call_that_waits(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(paying(), Reply(answer("Done.")))
    message = await ask(page, thinking=True)
    id_ = await waiting(page)
    await page.say("answer_now", request="n", message=message)
    await page.until("ack")
    await page.say("approve", request="ok", call=id_, approved=True)
    assert (await page.until("end"))["text"] == "Done."
    assert ran == [(5, "")]
    assert len(upstream.requests) == 2


async def test_answer_now_keeps_what_tools_have_given(page: Socket, upstream: ChatUpstream) -> None:
    thinking = answer("never", reasoning=["Three,", " I see"])[:3]
    upstream.script(
        calls(("c1", "add", '{"a": 1, "b": 2}')),
        Reply([*thinking, Gate()]),
        Reply(answer("It is three.")),
    )
    message = await ask(page, thinking=True)
    await page.until("delta", lambda event: "see" in event.get("reasoning", ""))
    await page.say("answer_now", request="n", message=message)
    assert (await page.until("end"))["text"] == "It is three."
    second, third = (received.json for received in upstream.requests[1:])
    assert third["messages"] == second["messages"]
    assert third["enable_thinking"] is False
    assert await ToolCall.objects.acount() == 1


async def test_a_person_who_is_waited_for_may_ask_elsewhere(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    settings.LIMITS = limits(settings, running_answers=2)
    for _ in range(3):
        upstream.script(paying())
        await ask(page)
        await waiting(page)
    upstream.script(Reply(answer("Yes?")))
    message = await ask(page)
    assert (await page.until("end", lambda event: event["message"] == message))["text"] == "Yes?"
    for _ in range(5):
        upstream.script(paying())
        await ask(page)
        await waiting(page)
    await page.say("send", request="r", text="Go", conversation=None, parent=None, options=TEXT)
    assert "wait for you" in (await page.until("error"))["message"]
    await restart()


def test_the_time_of_an_answer_stands_still_while_its_person_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    live = LiveAnswer(*([None] * 3))  # type: ignore[arg-type]
    asked = Asking(live, AskingRun(started=now), lambda: None)
    now = 110.0
    with asked.waiting():
        now = 700.0
        with asked.waiting():
            now = 710.0
        assert asked.worked_s(now) == 10
    now = 715.0
    assert asked.worked_s(now) == 15


def test_what_is_stopped_between_a_request_and_its_calls_is_stopped() -> None:
    live = LiveAnswer(*([None] * 3), text="I will.", finish_reason="tool_calls")  # type: ignore[arg-type]
    run = AskingRun(started=0.0)
    assert ending.verdict(live, run, "stop") == (Status.STOPPED, "")
    live.finish_reason, run.goes_on = "stop", True
    assert ending.verdict(live, run, "shutdown") == (Status.INTERRUPTED, "")
    run.goes_on = False
    assert ending.verdict(live, run, "stop") == (Status.COMPLETE, "")


async def test_no_call_of_an_answer_that_is_over_goes_on(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script(paying())
    message = await ask(page)
    id_ = await waiting(page)
    # The end of the call itself cannot be stored.
    monkeypatch.setattr("conversations.generation.store.save_calls", broken)
    await page.say("stop", message=message)
    await page.until("end")
    assert (await ToolCall.objects.aget(id=id_)).status == CallStatus.CANCELLED


def broken(*_: object) -> None:
    raise OSError("the disk is full")
