"""Tool calls, sources and thinking in the page, against a server that each test drives step by step."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import expect

from conversations import citations, showing_sources, toolshow

from .test_script import ask, at, chat  # noqa: F401  -- the fixture

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

ARGUMENTS = {"text": "Ask about clause 7", "day": "2026-11-27"}
SOURCES = [
    {"index": 1, "title": "Lake boats", "url": "https://lake.example/", "site": "West Lake"},
    {"index": 2, "title": "Tea", "url": "javascript:alert(1)", "site": ""},
]


def call(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "name": "create_reminder",
        "title": "",
        "origin": "calendar.example.org",
        "arguments": json.dumps(ARGUMENTS),
        "edited": None,
        "status": "waiting",
        "code": "",
        "result": "",
        "duration_ms": None,
        "side_effects": True,
        "expires": (timezone.now() + timedelta(minutes=10)).isoformat(),
        **fields,
    }


def told(server: Server, answer: str, made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The call in another state; every page hears of it."""
    now = made | changes
    live = server.live[answer]
    live.seq += 1
    server.tell(
        {
            "type": "tool",
            "message": answer,
            "seq": live.seq,
            "call": now,
            "html": toolshow.call_html(now, answer),
        }
    )
    return now


def found(server: Server, answer: str) -> None:
    live = server.live[answer]
    live.seq += 1
    server.tell(
        {
            "type": "sources",
            "message": answer,
            "seq": live.seq,
            "sources": SOURCES,
            "html": showing_sources.sources_html(answer, SOURCES),
        }
    )


def line(page: Page, made: dict[str, Any]) -> Locator:
    return page.locator(f"#call-{made['id']}")


def approvals(server: Server) -> list[dict[str, Any]]:
    return server.commands("approve")


def test_a_call_goes_from_running_to_done_in_its_place(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    one = told(server, answer, call(name="current_time", status="running", side_effects=False))
    two = told(server, answer, call(name="fetch_page", status="running", side_effects=False))
    expect(chat.locator(".trail")).to_be_visible()
    expect(chat.locator("[data-step=tool]")).to_have_count(2)
    expect(line(chat, one).locator(".spinner")).to_be_visible()
    expect(line(chat, one)).to_contain_text(re.compile(r"Running, \d+ s"))
    line(chat, one).locator("summary").click()
    told(server, answer, one, status="done", result='{"utc": "12:00"}', duration_ms=400)
    expect(line(chat, one).locator("summary")).to_contain_text("Done")
    expect(line(chat, one).locator("details")).to_have_attribute("open", "")
    expect(line(chat, one).locator("pre").last).to_have_text('{\n  "utc": "12:00"\n}')
    expect(line(chat, two)).to_have_attribute("data-status", "running")
    names = chat.locator("[data-step=tool] summary code").all_text_contents()
    assert names == ["current_time", "fetch_page"]
    told(server, answer, two, status="failed", code="timeout")
    expect(chat.locator("#announcer")).to_have_text("fetch_page failed.")
    server.write(answer, "It is noon.")
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")


def test_a_waiting_call_is_announced_and_allowed_once(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    made = told(server, answer, call())
    expect(chat.locator("#announcer")).to_have_text(
        "create_reminder waits for you: allow or refuse it."
    )
    card = line(chat, made)
    expect(card).to_contain_text("Allow create_reminder on calendar.example.org?")
    expect(card.locator("pre")).to_contain_text("Ask about clause 7")
    card.get_by_role("button", name="Allow once", exact=True).dblclick()
    server.wait(lambda: approvals(server))
    told(server, answer, made, status="running")
    expect(card.locator("summary")).to_be_focused()
    expect(card.get_by_role("button", name="Allow once")).to_have_count(0)
    (command,) = approvals(server)
    assert command["call"] == made["id"]
    assert command["approved"] is True
    assert "arguments" not in command


def test_a_call_is_refused_by_keyboard(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    made = told(server, answer, call())
    line(chat, made).get_by_role("button", name="Allow once", exact=True).focus()
    chat.keyboard.press("Tab")
    chat.keyboard.press("Enter")
    server.wait(lambda: approvals(server))
    assert approvals(server)[0]["approved"] is False
    told(server, answer, made, status="refused", code="refused", decision="refused")
    expect(line(chat, made)).to_contain_text("You refused")


def test_edited_arguments_are_checked_before_they_are_sent(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    made = told(server, answer, call())
    card = line(chat, made)
    card.get_by_role("button", name="Edit arguments").click()
    field = card.get_by_label("Arguments as JSON")
    expect(field).to_be_focused()
    expect(field).to_have_value(json.dumps(ARGUMENTS, indent=2))
    send = card.get_by_role("button", name="Allow once with these")
    for wrong, reason in [
        ("{", "This is not valid JSON."),
        ("[1]", "The arguments must be one JSON object."),
        ("null", "The arguments must be one JSON object."),
    ]:
        field.fill(wrong)
        send.click()
        expect(card.get_by_role("alert")).to_have_text(reason)
        expect(field).to_have_attribute("aria-invalid", "true")
    assert not approvals(server)
    server.refusals.append({"code": "invalid", "message": "day is missing", "field": "arguments"})
    field.fill('{"text": "Shorter"}')
    send.click()
    expect(card.get_by_role("alert")).to_have_text("day is missing")
    expect(field).to_have_value('{"text": "Shorter"}')
    whole = '{"text": "Shorter", "day": "2026-11-28", "id": 12345678901234567890}'
    field.fill(whole)
    field.press("Control+Enter")
    server.wait(lambda: len(approvals(server)) == 2)
    assert (
        approvals(server)[1]["arguments"] == whole
    )  # read and written here, the number is another


def test_escape_leaves_the_editing_and_not_the_answer(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    made = told(server, answer, call())
    card = line(chat, made)
    card.get_by_role("button", name="Edit arguments").click()
    card.get_by_label("Arguments as JSON").fill("{}")
    chat.keyboard.press("Escape")
    expect(card.get_by_role("button", name="Edit arguments")).to_be_focused()
    expect(card.locator("textarea")).to_have_value(json.dumps(ARGUMENTS, indent=2))
    assert not server.commands("stop")


def test_a_decision_in_another_tab_takes_the_buttons_away(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    other = chat.context.new_page()
    opened = len(server.commands("open"))
    other.goto(chat.url)
    server.wait(lambda: len(server.commands("open")) > opened)
    made = told(server, answer, call())
    line(other, made).get_by_role("button", name="Refuse").focus()
    line(chat, made).get_by_role("button", name="Allow once", exact=True).click()
    server.wait(lambda: approvals(server))
    told(server, answer, made, status="done", result="ok", duration_ms=120)
    for page in (chat, other):
        expect(line(page, made)).to_have_attribute("data-status", "done")
        expect(line(page, made).get_by_role("button", name="Refuse")).to_have_count(0)
    expect(line(other, made).locator("summary")).to_be_focused()
    other.close()


def test_what_is_being_edited_survives_a_lost_connection(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    made = told(server, answer, call())
    gone = told(server, answer, call(name="other", status="running"))
    line(chat, made).get_by_role("button", name="Edit arguments").click()
    line(chat, made).locator("textarea").fill('{"text": "mine"}')
    snapshot = server.snapshot

    def with_calls(live: Any, reader: int) -> dict[str, Any]:
        calls = [made | {"html": toolshow.call_html(made, answer)}]
        return snapshot(live, reader) | {"calls": calls}

    server.snapshot = with_calls  # type: ignore[method-assign]
    opened = len(server.commands("open"))
    server.disconnect()
    server.wait(lambda: len(server.commands("open")) > opened)
    expect(line(chat, gone)).to_have_count(0)
    expect(line(chat, made).locator("textarea")).to_have_value('{"text": "mine"}')


def test_arguments_and_results_are_copied_as_text(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.address)
    answer = ask(chat, server)
    evil = "</code><img src=x onerror=alert(1)>"
    made = told(server, answer, call(status="done", result=evil, duration_ms=5, name=evil))
    line(chat, made).locator("summary").click()
    line(chat, made).get_by_role("button", name="Copy result").click()
    expect(chat.locator("#announcer")).to_have_text("Copied")
    assert chat.evaluate("navigator.clipboard.readText()") == evil
    expect(chat.locator(".msg img")).to_have_count(0)


# ---- sources -----------------------------------------------------------------------------------------


def test_sources_come_and_marks_show_and_reach_them(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    found(server, answer)
    expect(chat.locator("[data-step=search] summary")).to_have_text("Searched the web, 2 sources")
    expect(chat.locator("a.cite-card")).to_have_attribute("href", "https://lake.example/")
    html = citations.linked("<p>Boats [ref_1] and [ref_3].</p>", answer, SOURCES)
    live = server.live[answer]
    live.seq += 1
    delta = {"type": "delta", "message": answer, "seq": live.seq, "blocks": [html], "tail": ""}
    server.tell(delta)
    mark = chat.locator("a.cite")
    expect(mark).to_have_text("1")
    mark.hover()
    preview = chat.locator("#cite-preview")
    expect(preview).to_be_visible()
    expect(preview).to_contain_text("Lake boats")
    expect(preview).to_contain_text("lake.example · West Lake")
    expect(mark).to_have_attribute("aria-describedby", "cite-preview")
    preview.hover()
    expect(preview).to_be_visible()
    chat.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    assert not server.commands("stop")
    chat.mouse.move(0, 0)
    chat.locator("[data-step=search] summary").click()
    expect(chat.locator("a.cite-card")).to_be_hidden()
    mark.click()
    expect(chat.locator("a.cite-card")).to_be_visible()
    assert chat.url.endswith(f"#s-{answer}-1")


def test_a_mark_that_is_focused_shows_its_source(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    found(server, answer)
    html = citations.linked("<p>Boats [ref_1].</p>", answer, SOURCES)
    server.tell({"type": "delta", "message": answer, "seq": 9, "blocks": [html], "tail": ""})
    expect(chat.locator("a.cite")).to_be_visible()
    chat.locator("a.cite-card").focus()
    chat.keyboard.press("Tab")
    expect(chat.locator("a.cite")).to_be_focused()
    expect(chat.locator("#cite-preview")).to_be_visible()
    chat.keyboard.press("Tab")
    expect(chat.locator("#cite-preview")).to_be_hidden()
    expect(chat.locator("a.cite")).to_have_attribute(
        "title", "Lake boats · West Lake · lake.example"
    )


def test_search_and_answer_again_asks_for_a_search(chat: Page, server: Server) -> None:  # noqa: F811
    path = f"/c/{server.conversation()}/"
    at(chat, server, path)
    shown = chat.locator(".msg--assistant")
    message = shown.get_attribute("data-message")
    html = showing_sources.sources_html(message, [], "asked")
    shown.evaluate(
        "(article, html) => article.insertAdjacentHTML('beforeend', `<ol class=trail>${html}</ol>`)",
        html,
    )
    expect(shown).to_contain_text("Did not search the web")
    shown.get_by_role("button", name="Search and answer again").click()
    server.wait(lambda: server.commands("regenerate"))
    command = server.commands("regenerate")[0]
    assert command["message"] == message
    assert command["options"]["search"] == {"forced_search": True}
    expect(chat.locator(f"#m-{server.answer}")).to_be_visible()


# ---- thinking ----------------------------------------------------------------------------------------


def test_thinking_counts_and_can_be_ended(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    button = chat.locator(f"#m-{answer} [data-action=answer-now]")
    expect(button).to_be_hidden()
    server.think(answer, "Let me see. " * 40)
    label = chat.locator(f"#m-{answer} [data-slot=thinking-label]")
    expect(label).to_have_text(re.compile(r"Thinking, \d+ s, about 120 tokens"))
    server.think(answer, "先看第七条。" * 50)
    expect(label).to_have_text(re.compile(r"about 3[0-3]0 tokens"))
    button.focus()
    chat.keyboard.press("Enter")
    server.wait(lambda: server.commands("answer_now"))
    assert server.commands("answer_now")[0]["message"] == answer
    server.write(answer, "Seven.")
    expect(button).to_be_hidden()
    expect(chat.locator(f"#m-{answer} [data-step=thinking] summary")).to_be_focused()
    expect(label).to_have_text(re.compile(r"Thought for \d+ s"))
    expect(chat.locator(f"#m-{answer} [data-step=thinking] details")).not_to_have_attribute(
        "open", ""
    )


def test_a_tool_at_work_is_no_thinking(chat: Page, server: Server) -> None:  # noqa: F811
    at(chat, server)
    answer = ask(chat, server)
    server.think(answer, "I need the time. ")
    label = chat.locator(f"#m-{answer} [data-slot=thinking-label]")
    expect(label).to_have_text(re.compile("Thinking, "))
    made = told(server, answer, call())
    expect(label).to_have_text(re.compile("Thought for "))
    expect(chat.locator(f"#m-{answer} [data-action=answer-now]")).to_be_hidden()
    told(server, answer, made, status="done", result="ok", duration_ms=3)
    server.think(answer, "Now I know.")
    expect(label).to_have_text(re.compile("Thinking, "))
    expect(chat.locator(f"#m-{answer} [data-slot=reasoning]")).to_have_text(
        "I need the time. Now I know."
    )


def test_a_page_that_comes_late_counts_on_from_what_the_server_says(
    chat: Page,  # noqa: F811
    server: Server,
) -> None:
    at(chat, server)
    answer = ask(chat, server)
    live = server.live[answer]
    common = {"message": answer, "status": "streaming", "thinking": True, "blocks": [], "tail": ""}
    # As after a reload: all there is, and what comes next, before the page has drawn a frame.
    for event in (
        {"type": "snapshot", "reasoning": "Let me see.", "thinking_ms": 125_000, "calls": []},
        {"type": "delta", "reasoning": " So."},
    ):
        live.seq += 1
        server.tell({**common, **event, "seq": live.seq})
    label = chat.locator(f"#m-{answer} [data-slot=thinking-label]")
    expect(label).to_have_text(re.compile(r"Thinking, 2 min \d+ s"))
    expect(chat.locator(f"#m-{answer} [data-slot=badge]")).to_have_text("Thinking")
    made = call(name="current_time", status="running", side_effects=False)
    started = (timezone.now() - timedelta(seconds=70)).isoformat()
    told(server, answer, made, started=started)
    expect(line(chat, made)).to_contain_text(re.compile(r"Running, 1 min \d+ s"))
    expect(chat.locator(f"#m-{answer} [data-slot=badge]")).to_have_text("Using tools")
    live.seq += 1
    server.tell({"type": "delta", "message": answer, "seq": live.seq, "reasoning_ms": 130_000})
    expect(label).to_have_text("Thought for 2 min 10 s")
