"""The service's own code interpreter: asked for, shown as it is told, kept, and never run or said again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conversations.generation.runner import runner
from conversations.models import Conversation, Message, Round, ToolCall
from tests.upstream import Gate, Reply, answer

from .conftest import Socket
from .test_search import upstream  # noqa: F401 -- the fixture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .test_search import NativeUpstream

MODEL = "qwen3.7-plus"
TOOLS = ["code_interpreter"]
ON = {"format": "text", "model": MODEL, "tools": TOOLS}
POWER, SUM = "print(123**21)", "print(1 + 1)"


def told(*codes: str) -> list[dict[str, Any]]:
    return [{"type": "code_interpreter", "code_interpreter": {"code": code}} for code in codes]


def frame(
    text: str = "",
    *,
    thought: str = "",
    codes: Sequence[str] = (),
    count: int = 0,
    finish: str = "null",
) -> bytes:
    message = {"role": "assistant", "content": [{"text": text}] if text else []}
    choice = {"message": message | {"reasoning_content": thought}, "finish_reason": finish}
    output: dict[str, Any] = {"choices": [choice]}
    if codes:
        output["tool_info"] = told(*codes)
    usage: dict[str, Any] = {"input_tokens": 5, "output_tokens": 1}
    if count:
        usage["plugins"] = {"code_interpreter": {"count": count}}
    body = {"output": output, "usage": usage, "request_id": "r"}
    return b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:" + json.dumps(body).encode() + b"\n\n"


def replied(*codes: str) -> Reply:
    return Reply(
        [
            frame(thought="I compute."),
            frame(codes=codes, count=len(codes)),
            frame(thought=" Now I know.", codes=codes, count=len(codes)),
            frame("It is 2.", codes=codes, count=len(codes)),
            frame(codes=codes, count=len(codes), finish="stop"),
        ]
    )


def code_in(call: dict[str, Any]) -> str:
    return str(json.loads(call["arguments"])["code"])


async def runs_of(message: str) -> list[ToolCall]:
    return [row async for row in ToolCall.objects.filter(message=message)]


async def refused(page: Socket, **fields: Any) -> dict[str, Any]:
    fields = {"conversation": None, "parent": None, "text": "2?", **fields}
    await page.say("send", request="r", **fields)
    return await page.until("error")


async def test_a_run_is_a_card_that_says_what_ran_and_not_more(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(replied(POWER))
    ack = await page.ask("123 to the power of 21?", options=ON)
    message = ack["messages"][1]["id"]
    call = (await page.until("tool"))["call"]
    assert (call["name"], call["title"]) == ("code_interpreter", "Code interpreter")
    assert (call["status"], call["by_service"], call["origin"]) == ("done", True, "model service")
    assert code_in(call) == POWER
    assert call["result"] == "The model service ran this code. It does not tell the result."
    assert call["duration_ms"] is None
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "It is 2.")
    sent = upstream.requests[0]
    assert sent.path == "/api/v1/services/aigc/multimodal-generation/generation"
    assert sent.json["parameters"]["enable_code_interpreter"] is True
    assert sent.json["parameters"]["enable_thinking"] is True
    assert "tools" not in sent.json["parameters"]
    (row,) = await runs_of(message)
    assert (row.name, row.status, row.by_service, row.round) == (
        "code_interpreter",
        "done",
        True,
        1,
    )
    assert code_in({"arguments": row.arguments}) == POWER
    stored = await Message.objects.aget(id=message)
    assert stored.reasoning == "I compute. Now I know."
    conversation = await Conversation.objects.aget(id=ack["conversation"])
    assert conversation.tools == TOOLS


async def test_runs_repeated_by_later_frames_are_shown_once(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(
        Reply(
            [
                frame(codes=[POWER]),
                frame(thought="More.", codes=[POWER]),
                frame(codes=[POWER, "print("]),
                frame(codes=[POWER, SUM]),
                frame("2", codes=[POWER, SUM]),
                frame(finish="stop", count=3),
            ]
        )
    )
    ack = await page.ask("2?", options=ON)
    end = await page.until("end")
    rows = await runs_of(ack["messages"][1]["id"])
    written = [json.loads(row.arguments).get("code") for row in rows]
    assert written == [POWER, SUM, None]  # the service counted one more than it told
    assert "neither the code nor the result" in rows[2].result
    assert [row.position for row in rows] == [0, 1, 2]
    assert end["status"] == "complete"


async def test_the_compatible_endpoint_is_asked_as_documented_and_tells_nothing(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    ack = await page.ask("2?", options={**ON, "protocol": "compatible"})
    await page.until("end")
    body = upstream.requests[0].json
    assert (body["enable_code_interpreter"], body["enable_thinking"]) == (True, True)
    assert await runs_of(ack["messages"][1]["id"]) == []


async def test_it_stays_with_the_conversation_and_is_left_out_where_a_model_has_none(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(Reply(answer("Hi.")), replied(POWER))
    ack = await page.ask(
        "Hi", options={**ON, "model": "qwen-plus", "tools": [*TOOLS, "calculator"]}
    )
    await page.until("end")
    plain = upstream.requests[0].json
    assert "enable_code_interpreter" not in plain
    assert [each["function"]["name"] for each in plain["tools"]] == ["calculator"]
    conversation = await Conversation.objects.aget(id=ack["conversation"])
    assert conversation.tools == ["code_interpreter", "calculator"]
    await page.ask(
        "And now?", conversation=ack["conversation"], options={**ON, "tools": ["code_interpreter"]}
    )
    await page.until("end")
    assert upstream.requests[1].json["parameters"]["enable_code_interpreter"] is True


async def test_thinking_is_switched_on_where_nobody_said_and_never_against_a_word(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    refusal = await refused(page, options={**ON, "thinking": False})
    assert (refusal["code"], refusal["field"]) == ("invalid", "options.thinking")
    assert "Switch thinking on, or the code interpreter off" in refusal["message"]
    assert not await Message.objects.aexists()
    upstream.script(replied(POWER))
    await page.ask("2?", options={**ON, "model": "qwen3-max"})  # which does not think by itself
    await page.until("end")
    assert upstream.requests[0].json["parameters"]["enable_thinking"] is True


async def test_it_goes_with_no_other_tool_and_says_what_to_do(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    refusal = await refused(page, options={**ON, "tools": [*TOOLS, "calculator"]})
    assert (refusal["code"], refusal["field"]) == ("invalid", "options.tools")
    assert "Switch the others off, or the code interpreter" in refusal["message"]
    assert not await Message.objects.aexists()
    assert not await Conversation.objects.aexists()
    # A tool that is not offered any more is none.
    upstream.script(replied(POWER), Reply([frame("2", finish="stop")]))
    ack = await page.ask("2?", options={**ON, "tools": [*TOOLS, "gone__tool"]})
    await page.until("end")
    again = {"conversation": ack["conversation"], "options": {"format": "text", "model": MODEL}}
    await Conversation.objects.aupdate(tools=[*TOOLS, "calculator"])
    assert (await refused(page, **again))["field"] == "options.tools"
    await page.say(
        "regenerate", request="g", message=ack["messages"][1]["id"], options={"format": "text"}
    )
    assert (await page.until("error"))["field"] == "options.tools"


async def test_json_needs_an_answer_without_thinking_so_it_is_refused(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    options = {**ON, "response_format": {"type": "json_object"}}
    refusal = await refused(page, text="2 as JSON?", options=options)
    assert refusal["field"] == "options.response_format"


async def test_no_tool_this_time_holds_for_it_too(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    await page.ask("2?", options={**ON, "tool_choice": "none"})
    await page.until("end")
    assert "enable_code_interpreter" not in upstream.requests[0].json


async def test_of_several_models_those_that_have_it_use_it(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    models = {"model": None, "models": ["qwen-plus", MODEL]}

    def reply(received: Any) -> Reply:
        upstream.requests.append(received)
        return (
            replied(POWER) if received.path.endswith("/generation") else upstream.respond(received)
        )

    upstream.next_reply = reply  # type: ignore[method-assign]
    ack = await page.ask("2?", options={**ON, **models})
    plain, able = (each["id"] for each in ack["messages"][1:])
    for _ in range(2):
        await page.until("end")
    assert await runs_of(plain) == []
    assert len(await runs_of(able)) == 1


async def test_what_ran_is_never_told_to_the_model_as_a_call(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(replied(POWER, SUM), replied(SUM))
    ack = await page.ask("2?", options=ON)
    await page.until("end")
    await page.ask("Sure?", conversation=ack["conversation"], options={"format": "text"})
    await page.until("end")
    history = upstream.requests[1].json["input"]["messages"]
    assert [message["role"] for message in history[-3:]] == ["user", "assistant", "user"]
    raw = json.dumps(history)
    assert "tool_calls" not in raw
    assert "print(" not in raw
    assert len(upstream.requests) == 2


async def test_an_answer_that_was_cut_goes_on_from_its_text_and_keeps_its_runs(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(
        Reply([frame(thought="Hm."), frame(codes=[POWER]), frame("It is", codes=[POWER]), Gate()]),
        Reply([frame(" 2.", finish="stop")]),
    )
    ack = await page.ask("2?", options=ON)
    message = ack["messages"][1]["id"]
    await page.until("delta", lambda event: "It is" in event.get("text", ""))
    await runner.drain(0)
    runner.is_draining = False
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("interrupted", "It is")
    assert len(await runs_of(message)) == 1
    await page.say("continue", request="c", message=message, options={"format": "text"})
    snapshot = await page.until("snapshot")
    assert [code_in(call) for call in snapshot["calls"]] == [POWER]
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert end["text"] == "It is 2."
    parameters = upstream.requests[1].json["parameters"]
    assert parameters["enable_thinking"] is False
    assert "enable_code_interpreter" not in parameters
    last = upstream.requests[1].json["input"]["messages"][-1]
    assert (last["role"], last["partial"]) == ("assistant", True)
    assert len(await runs_of(message)) == 1


async def test_a_stop_before_the_first_word_keeps_what_ran_and_a_new_start_adds_to_it(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(Reply([frame(thought="Hm."), frame(codes=[POWER]), Gate()]), replied(SUM))
    ack = await page.ask("2?", options=ON)
    message = ack["messages"][1]["id"]
    await page.until("tool")
    await page.say("stop", message=message)
    assert (await page.until("end"))["status"] == "stopped"
    (row,) = await runs_of(message)
    assert (row.status, row.round) == ("done", 1)
    await page.say("continue", request="c", message=message, options={"format": "text"})
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert end["text"] == "It is 2."
    rows = await runs_of(message)
    assert [(row.round, json.loads(row.arguments)["code"]) for row in rows] == [
        (1, POWER),
        (2, SUM),
    ]
    assert upstream.requests[1].json["parameters"]["enable_code_interpreter"] is True
    assert "print(" not in json.dumps(upstream.requests[1].json["input"])


async def test_it_goes_on_as_it_began_though_the_conversation_has_other_tools_now(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(Reply([frame(thought="Hm."), frame(codes=[POWER]), Gate()]), replied(SUM))
    ack = await page.ask("2?", options=ON)
    message = ack["messages"][1]["id"]
    await page.until("tool")
    await page.say("stop", message=message)
    await page.until("end")
    await Conversation.objects.aupdate(tools=["calculator"])
    await page.say("continue", request="c", message=message, options={"format": "text"})
    await page.until("end", lambda event: event["status"] == "complete")
    parameters = upstream.requests[1].json["parameters"]
    assert parameters["enable_code_interpreter"] is True
    assert "tools" not in parameters


async def test_answer_now_asks_again_without_it(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
) -> None:
    upstream.script(
        Reply([frame(thought="Hm."), frame(codes=[POWER]), Gate()]), Reply(answer("Two."))
    )
    ack = await page.ask("2?", options=ON)
    message = ack["messages"][1]["id"]
    await page.until("tool")
    await page.say("answer_now", request="n", message=message)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "Two.")
    body = upstream.requests[1].json
    assert body["enable_thinking"] is False
    assert "enable_code_interpreter" not in body
    assert len(await runs_of(message)) == 1
    assert await Round.objects.filter(message=message).acount() == 2


async def test_a_second_tab_and_the_page_have_the_card(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
    alice_cookie: str,
) -> None:
    gate = Gate()
    upstream.script(
        Reply([frame(thought="Hm."), frame(codes=[POWER]), gate, frame("2", finish="stop")])
    )
    ack = await page.ask("2?", options={"model": MODEL, "tools": TOOLS})
    event = await page.until("tool")
    assert '<span class="nb">print</span>' in event["html"]
    assert "It does not tell the result" in event["html"]
    async with Socket(alice_cookie) as other:
        await other.say("open", request="o", conversation=ack["conversation"])
        snapshot = await other.until("snapshot")
        (call,) = snapshot["calls"]
        assert code_in(call) == POWER
        assert "model service" in call["html"]
        gate.open()
        end = await other.until("end")
    assert "data-call" in end["fragment"]


@pytest.mark.parametrize("search", [True, {"forced_search": True}])
async def test_it_may_be_on_together_with_a_search(
    page: Socket,
    upstream: NativeUpstream,  # noqa: F811
    search: Any,
) -> None:
    upstream.script(replied(POWER))
    await page.ask("2?", options={**ON, "search": search})
    await page.until("end")
    parameters = upstream.requests[0].json["parameters"]
    assert (parameters["enable_search"], parameters["enable_code_interpreter"]) == (True, True)
