"""A round of calls ends, whatever the tools do: each call has an outcome, and the model is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from typing import Any

import pytest

from qwenchat.tools import running
from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import tool
from qwenchat.tools.results import as_data, as_text
from qwenchat.tools.running import Approved, Call, Limits, Refused, Run

ran: list[Any] = []
release = threading.Event()


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()
    release.clear()


@tool
def echo(text: str) -> str:
    """Says it again."""
    ran.append(text)
    return text


@tool(side_effects=True)
def send(to: str, text: str = "") -> str:
    """Sends it."""
    ran.append((to, text))
    return f"sent to {to}"


@tool
async def hang() -> None:
    """Never answers."""
    await asyncio.Event().wait()


@tool(timeout_s=0.05)
def hang_in_thread() -> None:
    """Never answers, and cannot be stopped."""
    release.wait(30)


@tool
def crash() -> None:
    """Has a bug."""
    raise KeyError("the password is 1234")


@tool
def decline() -> None:
    """Cannot."""
    raise ToolError("There is no such city.")


@tool
async def own_timeout() -> None:
    """Meets a timeout of its own."""
    raise TimeoutError


TOOLS = [echo, send, hang, hang_in_thread, crash, decline, own_timeout]


def call(name: str, arguments: Any = None, id: str = "") -> Call:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return Call(id, name, text)


def run(**options: Any) -> Run:
    return Run(TOOLS, Context(), **options)


async def test_a_call_ends_with_its_result_as_marked_data():
    (outcome,) = await run().round([call("echo", {"text": "hello"}, "call_1")])
    assert (outcome.state, outcome.result, outcome.code) == ("done", "hello", "")
    assert outcome.content == as_data("echo", "hello")
    assert outcome.arguments == {"text": "hello"}


async def test_calls_of_one_round_run_at_the_same_time_and_keep_their_order():
    both = asyncio.Barrier(2)

    @tool
    async def meet(name: str) -> str:
        """Waits for the other."""
        await both.wait()
        return name

    async with asyncio.timeout(5):
        outcomes = await Run([meet], Context()).round(
            [call("meet", {"name": "a"}, "1"), call("meet", {"name": "b"}, "2")]
        )
    assert [outcome.result for outcome in outcomes] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "arguments", "code", "said"),
    [
        ("nothing", {}, "unknown", "There is no such tool. Offered are: echo, send"),
        ("echo", "{", "arguments", "not valid JSON"),
        ("echo", '{"text": "cut sho', "arguments", "not valid JSON"),
        ("echo", {}, "arguments", "text: is missing"),
        ("echo", {"text": "a", "b": 1}, "arguments", "b: is unknown"),
        ("decline", {}, "tool", "There is no such city."),
        ("crash", {}, "crash", "The tool failed (KeyError)."),
        ("own_timeout", {}, "crash", "The tool failed (TimeoutError)."),
    ],
)
async def test_what_goes_wrong_is_told_to_the_model(name, arguments, code, said):
    outcome, fine = await run().round(
        [call(name, arguments, "1"), call("echo", {"text": "x"}, "2")]
    )
    assert (outcome.state, outcome.code) == ("failed", code)
    assert said in outcome.content
    assert "1234" not in outcome.content
    assert fine.state == "done"
    json.loads(outcome.arguments_json)


async def test_a_crash_is_logged_with_its_traceback(caplog):
    with caplog.at_level(logging.ERROR):
        await run().round([call("crash")])
    assert "KeyError" in caplog.text


async def test_a_call_that_was_cut_short_never_runs():
    # What there is of it may well be valid JSON.
    (outcome,) = await run().round([Call("1", "echo", '{"text": "a"}', is_cut=True)])
    assert (outcome.state, outcome.code) == ("failed", "cut")
    assert ran == []


async def test_an_id_never_runs_twice():
    rounds = run(seen={"before"})
    first = await rounds.round([call("echo", {"text": "a"}, "1"), call("echo", {"text": "b"}, "1")])
    second = await rounds.round(
        [call("echo", {"text": "c"}, "1"), call("echo", {"text": "d"}, "before")]
    )
    assert [outcome.code for outcome in first + second] == ["", "repeated", "repeated", "repeated"]
    assert ran == ["a"]


@pytest.mark.parametrize("name", ["hang", "hang_in_thread"])
async def test_a_tool_that_hangs_is_left(name):
    limits = Limits(seconds=0.05)
    async with asyncio.timeout(5):
        hung, fine = await run(limits=limits).round([call(name), call("echo", {"text": "x"})])
    release.set()
    assert (hung.state, hung.code) == ("failed", "timeout")
    assert "did not answer within 0.05 seconds" in hung.result
    assert hung.duration_ms >= 50
    assert fine.state == "done"


async def test_a_tool_that_does_not_listen_is_left_alone(monkeypatch, caplog):
    monkeypatch.setattr(running, "GOODBYE_S", 0.05)
    begun, end = asyncio.Event(), asyncio.Event()

    @tool
    async def deaf() -> None:
        """Goes on whatever it is told."""
        begun.set()
        while not end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await end.wait()

    async with asyncio.timeout(5):
        (outcome,) = await Run([deaf], Context(), limits=Limits(seconds=0.05)).round([call("deaf")])
        assert (outcome.state, outcome.code) == ("failed", "timeout")
        # Stopping does not wait for it either.
        begun.clear()
        rounds = Run([deaf], Context())
        task = asyncio.create_task(rounds.round([call("deaf")]))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert rounds.outcomes[0].state == "cancelled"
    assert "does not end" in caplog.text
    end.set()
    await asyncio.gather(*running.deaf)
    assert not running.deaf


async def test_a_tool_that_cancels_itself_has_a_bug_and_does_not_end_the_answer():
    @tool
    async def odd() -> None:
        """Cancels."""
        raise asyncio.CancelledError

    first, second = await Run([odd, echo], Context()).round(
        [call("odd"), call("echo", {"text": "x"})]
    )
    assert (first.state, first.code, second.state) == ("failed", "crash", "done")


async def test_a_tool_may_ask_about_some_of_its_calls_only():
    def asks(arguments, context):
        return "address" if arguments["n"] > context.extra["most"] else None

    @tool(asks=asks)
    def count(n: int) -> int:
        """Counts."""
        ran.append(n)
        return n

    async def approve(call, _tool, arguments):
        return Approved({"n": 7}) if arguments["n"] == 8 else Refused()

    states = []
    rounds = Run([count], Context(extra={"most": 5}), approve=approve)
    rounds.watch = lambda outcome: states.append((outcome.state, outcome.code))
    for n in (5, 8, 9):
        await rounds.round([call("count", {"n": n})])
    assert ran == [5, 7]
    assert states == [
        ("running", ""),
        ("done", ""),
        ("waiting", "address"),
        ("running", ""),
        ("done", ""),
        ("waiting", "address"),
        ("refused", "refused"),
    ]


@pytest.mark.parametrize("arguments", ['{"text": 1e999}', '{"text": ' + "[" * 90 + "]" * 90 + "}"])
async def test_what_cannot_be_written_again_does_not_run(arguments):
    (outcome,) = await run().round([call("echo", arguments)])
    assert (outcome.state, outcome.code, ran) == ("failed", "arguments", [])


async def test_half_characters_are_not_sent_back():
    (outcome,) = await run().round([call("echo", '{"text": "a\\ud800"}')])
    assert json.loads(outcome.arguments_json.encode()) == {"text": "a\ufffd"}


async def test_the_seventeenth_call_is_one_too_many():
    rounds = run()
    outcomes = await rounds.round([call("echo", {"text": str(n)}, str(n)) for n in range(17)])
    assert [outcome.code for outcome in outcomes] == [""] * 16 + ["too_many"]
    assert rounds.is_exhausted
    assert len(ran) == 16


async def test_the_ninth_round_is_one_too_many():
    rounds = run()
    for n in range(8):
        assert not rounds.is_exhausted
        await rounds.round([call("echo", {"text": str(n)}, str(n))])
    assert rounds.is_exhausted
    (outcome,) = await rounds.round([call("echo", {"text": "x"}, "x")])
    assert (outcome.code, len(ran)) == ("too_many", 8)


async def test_a_side_effect_waits_for_approval_of_these_arguments():
    asked = []

    async def approve(call, tool, arguments):
        asked.append((call.id, tool.name, arguments))
        assert ran == []
        return Approved()

    states = []
    rounds = run(approve=approve, watch=lambda outcome: states.append(outcome.state))
    (outcome,) = await rounds.round([call("send", {"to": "bob"}, "1")])
    assert asked == [("1", "send", {"to": "bob"})]
    assert states == ["waiting", "running", "done"]
    assert ran == [("bob", "")]
    assert outcome.state == "done"


async def test_without_anybody_to_ask_nothing_happens():
    (outcome,) = await run().round([call("send", {"to": "bob"})])
    assert (outcome.state, outcome.code) == ("refused", "refused")
    assert ran == []


async def test_a_refusal_is_told_and_the_other_calls_run():
    async def approve(*_):
        return Refused()

    refused, fine = await run(approve=approve).round(
        [call("send", {"to": "bob"}), call("echo", {"text": "x"})]
    )
    assert (refused.state, refused.result) == ("refused", "The person did not allow this call.")
    assert refused.arguments == {"to": "bob"}
    assert (fine.state, ran) == ("done", ["x"])


async def test_edited_arguments_run_and_are_checked_again():
    edits = [{"to": "carol", "text": "hi"}, {"to": 7}]

    async def approve(*_):
        return Approved(edits.pop(0))

    rounds = run(approve=approve)
    (edited,) = await rounds.round([call("send", {"to": "bob"})])
    (wrong,) = await rounds.round([call("send", {"to": "bob"})])
    assert ran == [("carol", "hi")]
    assert edited.arguments == {"to": "carol", "text": "hi"}
    assert (wrong.state, wrong.code) == ("failed", "arguments")


async def test_arguments_that_do_not_fit_are_not_shown_for_approval():
    async def approve(*_):
        raise AssertionError

    (outcome,) = await run(approve=approve).round([call("send", {"to": 7})])
    assert outcome.code == "arguments"


async def test_waiting_for_a_person_does_not_count_as_the_tools_time():
    asked, approved = asyncio.Event(), asyncio.Event()

    async def approve(*_):
        asked.set()
        await approved.wait()
        return Approved()

    rounds = run(approve=approve, limits=Limits(seconds=0.2))
    async with asyncio.timeout(5):
        task = asyncio.create_task(rounds.round([call("send", {"to": "bob"}), call("hang")]))
        await asked.wait()
        asyncio.get_running_loop().call_later(0.4, approved.set)
        sent, hung = await task
    assert (sent.state, hung.code) == ("done", "timeout")


async def test_stopping_ends_every_call_and_keeps_what_was_done():
    seen = []
    rounds = run(watch=seen.append)
    started = asyncio.Event()

    @tool
    async def wait() -> None:
        """Waits."""
        started.set()
        await asyncio.Event().wait()

    rounds.tools = [*TOOLS, wait]
    await rounds.round([call("echo", {"text": "x"}, "1")])
    task = asyncio.create_task(rounds.round([call("wait", id="2"), call("hang", id="3")]))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [outcome.state for outcome in rounds.outcomes] == ["done", "cancelled", "cancelled"]
    cancelled = {outcome.call.id for outcome in seen if outcome.state == "cancelled"}
    assert cancelled == {"2", "3"}


async def test_what_was_stopped_while_it_changed_something_says_so():
    started = asyncio.Event()

    @tool(side_effects=True, timeout_s=0.05)
    async def change(way: str) -> str:
        """Changes something."""
        started.set()
        if way == "hangs":
            await asyncio.Event().wait()
        return "changed"

    async def approve(*_):
        return Approved()

    rounds = Run([change], Context(), approve=approve)
    (slow,) = await rounds.round([call("change", {"way": "hangs"})])
    assert slow.code == "timeout"
    assert "may or may not have had its effect" in slow.result
    for way, state, code in (("hangs", "cancelled", "halfway"), ("is quick", "done", "")):
        started.clear()
        task = asyncio.create_task(rounds.round([call("change", {"way": way})]))
        await started.wait()
        task.cancel()  # in the very moment in which the quick one is done
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (rounds.outcomes[-1].state, rounds.outcomes[-1].code) == (state, code)


async def test_a_result_of_megabytes_is_cut_and_says_so():
    @tool
    def big() -> str:
        """Says much."""
        return "ü" * 5_000_000

    (outcome,) = await Run([big], Context()).round([call("big")])
    assert len(outcome.result.encode()) < 100_200
    assert outcome.result.endswith("[Cut here: this is the first 100,000 of 10,000,000 bytes.]")


@pytest.mark.parametrize("result", [b"\x89PNG\r\n" * 1000, "\x00\x01\x02" * 1000, bytearray(5)])
def test_binary_results_are_named_and_not_shown(result):
    assert "binary data" in as_text(result)
    assert len(as_text(result)) < 100


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "Done."),
        ("", ""),
        ({"a": "ü", "b": [1, None]}, '{"a": "ü", "b": [1, null]}'),
        ([1, 2], "[1, 2]"),
        (3.5, "3.5"),
        (True, "true"),
        ("a\x00b\x1b[0m\n", "ab[0m\n"),
        ("\ud800x", "?x"),
    ],
)
def test_results_become_text(result, text):
    assert as_text(result) == text


def test_no_result_can_hold_the_end_of_its_own_marks():
    inner = as_data("a", "x")
    outer = as_data("a", inner)
    end = outer.rpartition("\n")[2]
    assert end not in inner
    assert outer.count(end) == 1
    assert as_data("a", inner) == outer


async def test_a_call_by_an_impossible_name_is_told_and_marks_stay_marks():
    (outcome,) = await run().round([call('x">\n<evil ' + "y" * 500)])
    assert (outcome.state, outcome.code) == ("failed", "unknown")
    assert outcome.content.startswith('<tool-result tool="xevilyyy')
    assert outcome.content.count("\n") == 2


async def test_a_result_that_is_no_json_is_a_crash_and_not_the_end():
    @tool
    def odd() -> object:
        """Gives a loop."""
        loop: list[Any] = []
        loop.append(loop)
        return loop

    (outcome,) = await Run([odd], Context()).round([call("odd")])
    assert (outcome.state, outcome.code) == ("failed", "crash")
