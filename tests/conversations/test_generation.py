"""An answer belongs to the server: it is saved as it grows, outlives its pages, and ends in order."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from conversations.generation import runner as runner_module
from conversations.generation import store
from conversations.generation.runner import runner
from conversations.models import Conversation, Message, Round
from tests.upstream import Gate, Reply, answer, completion, json_reply

from .conftest import ChatUpstream, Socket, limits

if TYPE_CHECKING:
    import pytest

TEXT = {"format": "text"}


async def test_an_answer_is_written_without_anybody_watching(
    server: None, upstream: ChatUpstream, alice_cookie: str
) -> None:
    gate = Gate()
    steps = answer(["One", " two"])
    upstream.script(Reply([*steps[:2], gate, *steps[2:]]))
    async with Socket(alice_cookie) as socket:
        ack = await socket.ask("Count", options=TEXT)
        await socket.until("delta")
    task = next(iter(runner.running.values())).task
    assert task is not None
    gate.open()
    await task
    assert (await Message.objects.aget(id=ack["messages"][1]["id"])).text == "One two"


async def test_progress_is_saved_while_an_answer_grows(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    upstream.script(Reply([*answer(["One two"])[:2], Gate()]))
    ack = await page.ask("Count", options=TEXT)
    await page.until("delta")
    await runner.save()
    stored = await Message.objects.aget(id=ack["messages"][1]["id"])
    assert (stored.text, stored.status) == ("One two", "streaming")
    assert stored.heartbeat is not None


async def test_the_exact_request_is_kept(page: Socket, upstream: ChatUpstream) -> None:
    ack = await page.ask("Hello", options={**TEXT, "system": "Be brief.", "temperature": 0.5})
    await page.until("end")
    sent = upstream.requests[0]
    round_ = await Round.objects.aget(message=ack["messages"][1]["id"])
    assert round_.body == sent.json
    assert round_.path == sent.path
    assert round_.response_id == "chatcmpl-test"
    assert round_.first_token_ms is not None
    assert sent.json["temperature"] == 0.5
    assert sent.json["enable_thinking"] is False
    assert sent.json["stream_options"] == {"include_usage": True}
    assert "sk-test" not in json.dumps(round_.body)


async def test_reasoning_and_its_time_are_kept(page: Socket, upstream: ChatUpstream) -> None:
    upstream.script(Reply(answer("42", reasoning=["Let me", " think"])))
    ack = await page.ask("Why?", options={**TEXT, "thinking": True})
    end = await page.until("end")
    assert end["usage"]["reasoning_tokens"] == 2
    stored = await Message.objects.aget(id=ack["messages"][1]["id"])
    assert stored.reasoning == "Let me think"
    assert stored.reasoning_ms is not None
    assert upstream.requests[0].json["enable_thinking"] is True


async def test_a_title_is_made_after_the_first_exchange_and_does_not_reorder(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        upstream, "respond", lambda received: json_reply(completion("“Greeting a friend.”"))
    )
    upstream.script(Reply(answer("Hello!")), Reply(answer("Again!")))
    ack = await page.ask("Hello there, how are you today?", options=TEXT)
    before = await Conversation.objects.aget(id=ack["conversation"])
    assert before.title == "Hello there, how are you today?"
    await page.until("conversation", lambda e: e["conversation"]["title"] == "Greeting a friend")
    after = await Conversation.objects.aget(id=ack["conversation"])
    assert (after.title, after.updated) == ("Greeting a friend", before.updated)
    [title] = upstream.titles
    assert title.json["max_tokens"] <= 64
    await page.ask("And again", conversation=ack["conversation"], options=TEXT)
    await page.until("end")
    assert len(upstream.titles) == 1


async def test_a_shutdown_saves_and_marks_what_was_running(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(Reply([*answer(["One two"])[:2], Gate()]))
    ack = await page.ask("Count", options=TEXT)
    await page.until("delta")
    await runner.drain(0.01)
    end = await page.until("end")
    assert (end["status"], end["error"], end["text"]) == ("interrupted", None, "One two")
    assert (await Message.objects.aget(id=ack["messages"][1]["id"])).can_continue


async def test_an_end_that_cannot_be_stored_is_tried_again(
    page: Socket, upstream: ChatUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def locked_once(outcome: store.Outcome) -> Message | None:
        tries.append(outcome)
        if len(tries) == 1:
            raise OperationalError("database is locked")
        return finish(outcome)

    finish = store.finish
    monkeypatch.setattr(store, "finish", locked_once)
    monkeypatch.setattr(runner_module, "FINISH_AGAIN_S", (0,))
    await page.ask("Hello", options=TEXT)
    assert (await page.until("end"))["status"] == "complete"
    assert len(tries) == 2


async def test_a_question_during_the_shutdown_is_left_for_the_next_process(
    page: Socket, upstream: ChatUpstream
) -> None:
    runner.is_draining = True
    await page.say("send", request="r", conversation=None, parent=None, text="Hello")
    await page.say("ping")
    assert (await page.next())["type"] == "pong"
    assert not await Message.objects.aexists()


async def test_deleting_a_conversation_ends_its_answer(
    page: Socket, upstream: ChatUpstream
) -> None:
    upstream.script(Reply([*answer(["One"])[:2], Gate()]))
    ack = await page.ask("Count", options=TEXT)
    await page.until("delta")
    await Conversation.objects.filter(id=ack["conversation"]).adelete()
    await runner.save()
    await upstream.requests[0].closed.wait()
    await asyncio.gather(*(each.task for each in runner.running.values() if each.task))
    assert not await Message.objects.aexists()


async def test_many_answers_at_once_lose_nothing(
    server: None, upstream: ChatUpstream, settings: Any, alice_cookie: str
) -> None:
    count = 60
    settings.LIMITS = limits(
        settings, running_answers=1000, answers_per_minute=1000, drain_seconds=1
    )
    words = [f"w{n} " for n in range(40)]
    upstream.script(*(Reply(answer(words)) for _ in range(count)))
    async with Socket(alice_cookie) as socket:
        for number in range(count):
            request = f"r{number}"
            await socket.say(
                "send", request=request, conversation=None, parent=None, text="Go", options=TEXT
            )
        ends = 0
        while ends < count:
            event = await socket.next()
            ends += event["type"] == "end"
            assert event["type"] != "error"
        for event in [event for event in socket.events if event["type"] == "end"]:
            assert event["text"] == "".join(words)
            assert socket.shown(event["message"]) == event["text"]


async def test_the_end_says_where_a_trimmed_context_began(
    page: Socket, upstream: ChatUpstream, settings: Any
) -> None:
    settings.QWENCHAT_MODELS = ["qwen-max"]
    first = await page.ask("字" * 15_000, options=TEXT)
    assert (await page.until("end"))["context_from"] is None
    second = await page.ask("字" * 10_000, conversation=first["conversation"], options=TEXT)
    assert (await page.until("end"))["context_from"] == second["messages"][0]["id"]
    assert len(upstream.requests[1].json["messages"]) == 1
