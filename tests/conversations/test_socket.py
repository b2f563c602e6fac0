"""The socket as its public description says, against a real model service on loopback."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection

from conversations import actions, presence
from conversations.database import in_database
from conversations.models import Message
from tests.upstream import Gate, Reply, answer

from .conftest import Socket, limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.upstream import Upstream

TEXT = {"format": "text"}


async def test_a_question_is_acknowledged_then_answered(page: Socket) -> None:
    ack = await page.ask("Hello", options=TEXT)
    question, answer = ack["messages"]
    assert question["role"] == "user"
    assert answer["role"] == "assistant"
    assert answer["parent"] == question["id"]
    end = await page.until("end")
    assert end["message"] == answer["id"]
    assert end["status"] == "complete"
    assert end["text"]
    assert page.shown(answer["id"]) == end["text"]
    stored = await Message.objects.aget(id=answer["id"])
    assert stored.text == end["text"]
    assert stored.status == "complete"


async def test_frames_in_html_build_the_stored_answer(page: Socket, upstream: Upstream) -> None:
    gate = Gate()
    pieces = ["# Title\n\n", "One **bold", "** word and", " more.\n\n- a\n", "- b\n\nEnd."]
    steps = answer(pieces)
    upstream.script(Reply([*steps[:4], gate, *steps[4:]]))
    ack = await page.ask("Hello")
    message = ack["messages"][1]
    assert "Hello" in ack["messages"][0]["html"]
    await page.until("delta", lambda event: "tail" in event or "blocks" in event)
    gate.open()
    end = await page.until("end")
    assert page.shown(message["id"], format="html").replace("\n", "") == end["html"].replace(
        "\n", ""
    )
    assert message["id"] in end["fragment"]


async def test_a_page_that_cuts_gets_only_the_changed_end(page: Socket, upstream: Upstream) -> None:
    words = [f"word{n} " for n in range(60)]
    steps = answer(words)
    gates = [Gate() for _ in range(5)]
    paced: list[object] = []
    for n, step in enumerate(steps):
        if n and n % 12 == 0 and n // 12 <= len(gates):
            paced.append(gates[n // 12 - 1])
        paced.append(step)
    upstream.script(Reply(paced))
    ack = await page.ask("Hello", cut=True)
    answer_id = ack["messages"][1]["id"]
    for gate in gates:
        await page.until("delta")
        gate.open()
    end = await page.until("end")
    deltas = [event for event in page.events if event["type"] == "delta"]
    assert any("drop" in event for event in deltas)
    assert page.shown(answer_id, format="html") == end["html"].strip()


async def test_the_same_request_again_stores_nothing(page: Socket, upstream: Upstream) -> None:
    first = await page.ask("Hello", request="r1", options=TEXT)
    await page.until("end")
    again = await page.ask("Hello", request="r1", options=TEXT)
    assert again == first
    assert await Message.objects.acount() == 2
    chats = [received for received in upstream.requests if received.json.get("stream")]
    assert len(chats) == 1


async def test_a_resend_after_the_answer_ended_is_told_the_end(
    page: Socket, alice_cookie: str
) -> None:
    await page.ask("Hello", request="r1", options=TEXT)
    await page.until("end")
    async with Socket(alice_cookie) as other:
        await other.ask("Hello", request="r1", options=TEXT)
        assert (await other.until("end"))["status"] == "complete"


async def test_stop_keeps_what_was_written_and_closes_the_upstream(
    page: Socket, upstream: Upstream
) -> None:
    steps = answer(["One two", " three"])
    upstream.script(Reply([*steps[:2], Gate()]))
    ack = await page.ask("Hello", options=TEXT)
    answer_id = ack["messages"][1]["id"]
    await page.until("delta")
    await page.say("stop", message=answer_id)
    end = await page.until("end")
    assert (end["status"], end["text"], end["error"]) == ("stopped", "One two", None)
    async with asyncio.timeout(1):
        await upstream.requests[0].closed.wait()
    await page.say("stop", message=answer_id, request="s2")
    assert (await page.until("ack"))["request"] == "s2"
    assert (await Message.objects.aget(id=answer_id)).status == "stopped"


async def test_stop_before_the_first_token(page: Socket, upstream: Upstream) -> None:
    upstream.script(Reply([Gate()]))
    ack = await page.ask("Hello", options=TEXT)
    await upstream.received()
    await page.say("stop", message=ack["messages"][1]["id"])
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("stopped", "")


async def test_stop_during_thinking_keeps_the_reasoning(page: Socket, upstream: Upstream) -> None:
    steps = answer("never", reasoning=["I wonder", " about it"])
    upstream.script(Reply([*steps[:3], Gate()]))
    ack = await page.ask("Hello", options={**TEXT, "thinking": True})
    await page.until("delta", lambda event: "reasoning" in event)
    await page.say("stop", message=ack["messages"][1]["id"])
    assert (await page.until("end"))["status"] == "stopped"
    stored = await Message.objects.aget(id=ack["messages"][1]["id"])
    assert stored.reasoning.startswith("I wonder")


async def test_continue_goes_on_with_the_same_answer(page: Socket, upstream: Upstream) -> None:
    upstream.script(Reply([*answer("One two")[:3], Gate()]), Reply(answer(" three four")))
    ack = await page.ask("Count", options=TEXT)
    answer_id = ack["messages"][1]["id"]
    await page.until("delta", lambda event: "two" in event.get("text", ""))
    await page.say("stop", message=answer_id)
    stopped = await page.until("end")
    await page.say("continue", request="c1", message=answer_id, options=TEXT)
    assert (await page.until("ack"))["messages"][0]["id"] == answer_id
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "One two three four")
    assert end["seq"] > stopped["seq"]
    sent = upstream.requests[1].json
    assert sent["messages"][-1] == {"role": "assistant", "content": "One two", "partial": True}
    assert sent["enable_thinking"] is False
    assert await (await Message.objects.aget(id=answer_id)).rounds.acount() == 2


async def test_a_complete_answer_cannot_be_continued(page: Socket) -> None:
    ack = await page.ask("Hello", options=TEXT)
    await page.until("end")
    await page.say("continue", request="c1", message=ack["messages"][1]["id"])
    error = await page.until("error")
    assert (error["request"], error["code"], error["field"]) == ("c1", "invalid", "message")


async def test_regenerate_makes_a_sibling(page: Socket, upstream: Upstream) -> None:
    first = (await page.ask("Hello", options=TEXT))["messages"]
    await page.until("end")
    await page.say("regenerate", request="g1", message=first[1]["id"], options=TEXT)
    ack = await page.until("ack")
    [again] = ack["messages"]
    assert again["parent"] == first[0]["id"]
    assert again["id"] != first[1]["id"]
    await page.until("end")


async def test_an_edited_first_question_is_a_new_root(page: Socket) -> None:
    first = await page.ask("Hello", options=TEXT)
    await page.until("end")
    question = first["messages"][0]["id"]
    edited = await page.ask(
        "Hallo", conversation=first["conversation"], parent=question, options=TEXT
    )
    assert edited["messages"][0]["parent"] is None
    await page.until("end")


async def test_several_models_answer_at_once(page: Socket, upstream: Upstream) -> None:
    ack = await page.ask("Hello", options={**TEXT, "models": ["qwen-plus", "qwen-flash"]})
    question, *answers = ack["messages"]
    assert [each["model"] for each in answers] == ["qwen-plus", "qwen-flash"]
    assert {each["parent"] for each in answers} == {question["id"]}
    for _ in answers:
        assert (await page.until("end"))["status"] == "complete"


async def test_two_pages_show_the_same(page: Socket, upstream: Upstream, alice_cookie: str) -> None:
    gate = Gate()
    steps = answer(["One", " two", " three"])
    upstream.script(Reply([*steps[:2], gate, *steps[2:]]))
    ack = await page.ask("Count", options=TEXT)
    answer_id = ack["messages"][1]["id"]
    await page.until("delta")
    async with Socket(alice_cookie) as other:
        await other.say("open", request="o1", conversation=ack["conversation"], format="text")
        opened = await other.until("opened")
        assert opened["conversation"]["leaf"] == answer_id
        assert (await other.until("snapshot"))["text"] == "One"
        gate.open()
        assert (await other.until("end"))["text"] == "One two three"
        assert other.shown(answer_id) == "One two three"
    await page.until("end")


async def test_another_tabs_question_arrives(page: Socket, alice_cookie: str) -> None:
    first = await page.ask("Hello", options=TEXT)
    await page.until("end")
    async with Socket(alice_cookie) as other:
        await other.ask("More", conversation=first["conversation"], options=TEXT)
        question = await page.until("message")
        assert question["message"]["text"] == "More"
        assert (await page.until("message"))["message"]["role"] == "assistant"
        assert (await page.until("end"))["status"] == "complete"


async def test_opening_tells_the_end_of_what_ended_meanwhile(
    page: Socket, alice_cookie: str
) -> None:
    ack = await page.ask("Hello", options=TEXT)
    await page.until("end")
    answer_id = ack["messages"][1]["id"]
    async with Socket(alice_cookie) as other:
        await other.say(
            "open",
            conversation=ack["conversation"],
            streaming=[answer_id, "nonsense"],
            format="text",
        )
        assert (await other.until("end"))["message"] == answer_id


# ---- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://testserver.evil.example", "https://testserver", "http://testserver:81"],
)
async def test_a_foreign_origin_is_refused_before_the_upgrade(
    server: None, alice_cookie: str, origin: str | None
) -> None:
    assert not await Socket(alice_cookie, origin=origin).connect()


async def test_a_signed_out_socket_is_told_so_and_closed(server: None) -> None:
    socket = Socket()
    assert await socket.connect()
    assert (await socket.next())["code"] == "unauthenticated"
    assert await socket.next() == {"type": "close", "code": 4401}


def sign_out(user: User, cookie: str) -> None:
    Session.objects.filter(session_key=cookie).delete()


def deactivate(user: User, cookie: str) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User, cookie: str) -> None:
    user.set_password("another horse battery")
    user.save()


@pytest.mark.parametrize("leave", [sign_out, deactivate, change_password])
async def test_an_open_socket_closes_when_its_session_is_over(
    server: None,
    settings: Any,
    alice: User,
    alice_cookie: str,
    leave: Callable[[User, str], None],
) -> None:
    settings.LIMITS = limits(settings, session_check_seconds=0)
    async with Socket(alice_cookie) as socket:
        await in_database(leave)(alice, alice_cookie)
        assert (await socket.until("error"))["code"] == "unauthenticated"
        assert (await socket.next())["code"] == 4401


async def test_a_socket_stays_while_its_session_lives(
    page: Socket, settings: Any, alice: User, alice_cookie: str
) -> None:
    assert await in_database(presence.signed_out)(presence.sockets) == []


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("no json", None),
        ("[]", None),
        ('"text"', None),
        ('{"type": 1}', "type"),
        ('{"type": "dance"}', "type"),
        ('{"type": "send", "text": "x"}', "request"),
        ('{"type": "send", "request": "r", "conversation": null, "parent": null}', "text"),
        (
            '{"type": "send", "request": "r", "text": 1, "conversation": null, "parent": null}',
            "text",
        ),
        ('{"type": "stop"}', "message"),
        ('{"type": "seen", "message": "x", "seq": "1"}', "seq"),
        ('{"type": "ping", "request": ""}', "request"),
        ('{"type": "open", "conversation": "x", "format": "pdf"}', "format"),
        ('{"type": "seen", "message": "x", "seq": NaN}', None),
        ("[" * 100_000, None),
    ],
)
async def test_a_malformed_frame_is_one_error_and_nothing_else(
    page: Socket, frame: str, field: str | None
) -> None:
    await page.say_raw(frame)
    error = await page.until("error")
    assert (error["code"], error.get("field")) == ("invalid", field)
    await page.say("ping", request="p")
    assert (await page.until("pong"))["request"] == "p"


async def test_twenty_malformed_frames_close_the_socket(page: Socket) -> None:
    for _ in range(20):
        await page.say_raw("{")
    assert (await page.until("close"))["code"] == 1008


async def test_binary_frames_close_the_socket(page: Socket) -> None:
    await page.communicator.send_to(bytes_data=b"\0")
    assert (await page.until("close"))["code"] == 1003


@pytest.mark.parametrize("text", ["", "   \n\t", "\x00"])
async def test_an_empty_question_is_refused(page: Socket, text: str) -> None:
    await page.say("send", request="r", conversation=None, parent=None, text=text)
    error = await page.until("error")
    assert (error["request"], error["code"], error["field"]) == ("r", "invalid", "text")
    assert not await Message.objects.aexists()


async def test_a_question_that_is_too_long_is_refused(page: Socket) -> None:
    await page.say("send", request="r", conversation=None, parent=None, text="x" * 100_001)
    error = await page.until("error")
    assert (error["code"], error["field"]) == ("too_large", "text")
    assert "100,000" in error["message"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"dance": 1}, "options.dance"),
        ({"temperature": 2.5}, "options.temperature"),
        ({"temperature": "hot"}, "options.temperature"),
        ({"top_p": 0}, "options.top_p"),
        ({"max_tokens": 10_000_000}, "options.max_tokens"),
        ({"models": ["qwen-plus"]}, "options.models"),
        ({"models": ["qwen-plus", "qwen-plus"]}, "options.models"),
        ({"search": "yes"}, "options.search"),
        ({"model": "qwen-long", "thinking": True}, "options.thinking"),
    ],
)
async def test_an_option_that_does_not_fit_is_named(
    page: Socket, options: dict[str, Any], field: str
) -> None:
    await page.say("send", request="r", conversation=None, parent=None, text="x", options=options)
    error = await page.until("error")
    assert (error["code"], error["field"]) == ("invalid", field)
    assert not await Message.objects.aexists()


async def test_an_unknown_model_is_refused(page: Socket) -> None:
    await page.say(
        "send", request="r", conversation=None, parent=None, text="x", options={"model": "gpt-9"}
    )
    assert (await page.until("error"))["code"] == "model_not_found"


async def test_other_peoples_ids_are_not_found(
    page: Socket, bob_cookie: str, upstream: Upstream
) -> None:
    upstream.script(Reply([*answer("One")[:2], Gate()]))
    ack = await page.ask("Secret", options=TEXT)
    theirs, answer_id = ack["conversation"], ack["messages"][1]["id"]
    await page.until("delta")
    commands: list[tuple[str, dict[str, Any]]] = [
        ("open", {"conversation": theirs}),
        ("send", {"conversation": theirs, "parent": None, "text": "x"}),
        ("send", {"conversation": None, "parent": answer_id, "text": "x"}),
        ("regenerate", {"message": answer_id}),
        ("continue", {"message": answer_id}),
        ("stop", {"message": answer_id}),
        ("open", {"conversation": "made-up"}),
        ("stop", {"message": "7e9f5f3e-0000-4000-8000-000000000000"}),
    ]
    async with Socket(bob_cookie) as bob:
        for number, (type_, fields) in enumerate(commands):
            await bob.say(type_, request=f"r{number}", **fields)
            error = await bob.until("error")
            assert (error["request"], error["code"]) == (f"r{number}", "not_found")
    assert (await Message.objects.aget(id=answer_id)).status in ("queued", "streaming")
    assert await Message.objects.acount() == 2


async def test_a_full_disk_refuses_before_anything_is_sent(
    page: Socket, upstream: Upstream
) -> None:
    def fill() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")

    def free() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = OFF")

    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told to refuse writes")
    await in_database(fill)()
    await page.say("send", request="r", conversation=None, parent=None, text="Hello")
    error = await page.until("error")
    assert (error["request"], error["code"]) == ("r", "storage_full")
    await in_database(free)()
    assert upstream.requests == []
    await page.ask("Hello", options=TEXT)
    await page.until("end")


async def test_a_bug_of_ours_is_one_error_with_a_reference_that_is_in_the_log(
    page: Socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(actions, "send", broken)
    await page.say("send", request="r", conversation=None, parent=None, text="Hello")
    error = await page.until("error")
    assert (error["request"], error["code"]) == ("r", "internal")
    [record] = [each for each in caplog.records if each.message == "a command failed"]
    assert record.reference in error["message"]  # type: ignore[attr-defined]
    assert "ZeroDivision" not in error["message"]
    await page.say("ping", request="p")
    assert (await page.until("pong"))["request"] == "p"


async def test_commands_that_need_no_answer_get_none(page: Socket) -> None:
    await page.say("stop", message="made-up")
    await page.say("approve", call="made-up", approved=True)
    await page.say("seen", message="made-up", seq=1, request="s")
    assert (await page.next())["request"] == "s"


async def test_a_branch_that_is_being_answered_is_busy(page: Socket, upstream: Upstream) -> None:
    upstream.script(Reply([Gate()]))
    ack = await page.ask("One", options=TEXT)
    await page.say("send", request="r2", conversation=ack["conversation"], parent=None, text="Two")
    assert (await page.until("error"))["code"] == "busy"
    await page.say("regenerate", request="r3", message=ack["messages"][1]["id"])
    assert (await page.until("error"))["code"] == "busy"


async def test_a_fifth_answer_at_once_is_refused(page: Socket, upstream: Upstream) -> None:
    upstream.script(*(Reply([Gate()]) for _ in range(4)))
    for number in range(4):
        await page.ask(f"Question {number}", options=TEXT)
    await page.say("send", request="r5", conversation=None, parent=None, text="Five")
    assert (await page.until("error"))["code"] == "rate_limited"


async def test_too_many_questions_a_minute_wait(page: Socket, settings: Any) -> None:
    settings.LIMITS = limits(settings, answers_per_minute=2)
    for _ in range(2):
        await page.ask("x", options=TEXT)
        await page.until("end")
    await page.say("send", request="r3", conversation=None, parent=None, text="x")
    error = await page.until("error")
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= 60
    await page.say("ping", request="p")
    await page.until("pong")


async def test_pings_and_seen_are_not_counted(page: Socket, settings: Any) -> None:
    settings.LIMITS = limits(settings, commands_per_minute=1)
    for number in range(5):
        await page.say("seen", message="x", seq=number)
        await page.say("ping", request=str(number))
        await page.until("pong")
    await page.say("close", conversation="x", request="c1")
    await page.until("ack")
    await page.say("close", conversation="x", request="c2")
    assert (await page.until("error"))["code"] == "rate_limited"


async def test_the_eleventh_socket_is_refused(
    server: None, settings: Any, alice_cookie: str
) -> None:
    settings.LIMITS = limits(settings, sockets_per_user=1)
    async with Socket(alice_cookie):
        second = Socket(alice_cookie)
        assert await second.connect()
        assert (await second.next())["code"] == "rate_limited"
        assert (await second.next())["code"] == 4429


async def test_errors_come_in_the_pages_language(server: None, alice_cookie: str) -> None:
    async with Socket(alice_cookie, language="zh-Hans") as socket:
        await socket.say("open", conversation="made-up", request="o")
        assert any("\u4e00" <= c <= "\u9fff" for c in (await socket.until("error"))["message"])
