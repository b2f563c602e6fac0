"""An answer belongs to the server: it outlives reloads, other tabs, the network, and the server itself."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.upstream import Gate

from .chat import settled
from .people import join
from .seeding import Past
from .service import reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .running import App
    from .service import Service
    from .wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

# What Chromium and htmx write while there is no network.
NO_CONNECTION = (
    "WebSocket connection to|Failed to load resource: net::ERR_|htmx:(afterRequest|sendError)"
)


def test_a_reload_in_mid_answer_shows_the_text_so_far_and_goes_on(
    chat: Chat, service: Service
) -> None:
    held, question = Gate(), "Tell me slowly"
    service.on(question, reply("The first half, ", held, "and the second."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("The first half,")
    chat.expect_conversation()
    chat.page.reload()
    expect(chat.questions).to_have_text([question])
    expect(chat.prose()).to_have_text("The first half,")
    expect(chat.answer()).to_have_attribute("aria-busy", "true")
    expect(chat.stop_button).to_be_visible()
    held.open()
    expect(chat.prose()).to_have_text("The first half, and the second.")
    chat.expect_status("complete")
    assert len(service.asked(question)) == 1


def test_two_tabs_stay_in_step(
    chat: Chat, second_tab: Callable[[Chat], Chat], service: Service
) -> None:
    held, question = Gate(), "For both tabs"
    service.on(question, reply("One, ", held, "two."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("One,")
    chat.expect_conversation()
    other = second_tab(chat)
    expect(other.prose()).to_have_text("One,")
    held.open()
    for tab in (chat, other):
        expect(tab.prose()).to_have_text("One, two.")
        tab.expect_status("complete")

    later, reply_later = Gate(), "Asked in the other tab"
    service.on(reply_later, reply("Three, ", later, "four."))
    other.ask(reply_later)
    for tab in (chat, other):
        expect(tab.questions).to_have_text([question, reply_later])
        expect(tab.prose()).to_have_text("Three,")
    chat.stop_button.click()
    for tab in (chat, other):
        tab.expect_status("stopped")
        expect(tab.action("continue")).to_be_visible()
    other.action("regenerate", 0).click()
    for tab in (chat, other):
        expect(tab.answers).to_have_count(1)
        expect(tab.answer().locator(".branch")).to_contain_text("2/2")


def test_ten_seconds_without_network_cost_nothing_and_the_page_says_so(
    open_tab: OpenTab, alice: Person, wire: Wire, service: Service
) -> None:
    chat = open_tab(alice, url=wire.url)
    chat.expects(NO_CONNECTION)
    chat.goto()
    first, second, question = Gate(), Gate(), "While the train is in a tunnel"
    service.on(question, reply("Before, ", first, "in between, ", second, "after."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("Before,")
    path = chat.expect_conversation()

    wire.cut()
    gone_since = time.monotonic()
    expect(chat.offline).to_be_visible()
    expect(chat.offline).to_contain_text("Connection lost.")
    expect(chat.announcer).to_have_text("Connection lost. Reconnecting…")
    first.open()
    chat.box.fill("written in the tunnel")
    expect(chat.prose()).to_have_text("Before,")
    # Here the time itself is what is tested: nothing happens at its end that could be waited for.
    chat.page.wait_for_timeout(1000 * max(0.0, 10 - (time.monotonic() - gone_since)))
    assert wire.refused > 1, "the page has not tried to come back"
    wire.mend()
    chat.page.get_by_role("button", name="Reconnect now").click()

    expect(chat.prose()).to_have_text("Before, in between,")
    expect(chat.offline).to_be_hidden()
    expect(chat.box).to_have_value("written in the tunnel")
    assert chat.page.url == wire.url + path, "the page was loaded anew"
    second.open()
    expect(chat.prose()).to_have_text("Before, in between, after.")
    chat.expect_status("complete")
    assert len(service.asked(question)) == 1


def test_a_question_asked_without_network_goes_out_once_when_it_is_back(
    open_tab: OpenTab, alice: Person, wire: Wire, service: Service
) -> None:
    chat = open_tab(alice, url=wire.url)
    chat.expects(NO_CONNECTION)
    chat.goto()
    chat.ask("The first, to have a place")
    chat.expect_status("complete")
    chat.expect_conversation()
    wire.cut()
    expect(chat.offline).to_be_visible()
    question = "Sent into the void"
    chat.ask(question)
    expect(chat.questions.nth(1)).to_have_text(question)
    expect(chat.page.locator("[data-status=sending]")).to_contain_text("Sending…")
    wire.mend()
    expect(chat.page.locator("[data-status=sending]")).to_have_count(0)
    chat.expect_status("complete", 1)
    expect(chat.questions).to_have_count(2)
    assert len(service.asked(question)) == 1


def test_an_answer_that_ended_while_the_network_was_gone_is_shown_whole(
    open_tab: OpenTab, alice: Person, wire: Wire, service: Service
) -> None:
    chat = open_tab(alice, url=wire.url)
    chat.expects(NO_CONNECTION)
    chat.goto()
    held, question = Gate(), "Finish without me"
    service.on(question, reply("Begun, ", held, "**done**."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("Begun,")
    path = chat.expect_conversation()
    wire.cut()
    expect(chat.offline).to_be_visible()
    held.open()
    # It has ended for certain once the server's own page, reached beside the cut wire, says so.
    witness = open_tab(alice)
    witness.goto(path)
    witness.expect_status("complete")
    chat.expect_status("streaming")
    wire.mend()
    chat.expect_status("complete")
    expect(chat.page.locator(".nav-row .spinner")).to_be_hidden()
    expect(chat.prose()).to_have_text("Begun, done.")
    expect(chat.prose().locator("strong")).to_have_text("done")


def test_after_kill_9_the_text_is_there_labelled_and_continue_completes_it(
    own_app: App, open_tab: OpenTab, service: Service
) -> None:
    alice = join(own_app, "alice")
    chat = open_tab(alice)
    chat.expects(NO_CONNECTION)
    chat.goto()
    chat.ask("Before the crash")
    chat.expect_status("complete")
    held, question = Gate(), "Through the crash"
    rest = " and the rest comes after it."
    service.on(question, reply("This was saved,", held, " never"), reply(rest))
    chat.ask(question)
    expect(chat.prose()).to_have_text("This was saved,")
    path = chat.expect_conversation()
    saved(own_app, path, "This was saved,")
    chat.box.fill("a draft beside it")

    own_app.kill()
    expect(chat.offline).to_be_visible()
    own_app.start()
    chat.expect_status("interrupted")
    expect(chat.offline).to_be_hidden()
    expect(chat.questions).to_have_text(["Before the crash", question])
    expect(chat.prose()).to_have_text("This was saved,")
    expect(chat.answer().locator(".notice")).to_contain_text("The server restarted")
    expect(chat.box).to_have_value("a draft beside it")

    chat.page.reload()
    chat.expect_status("interrupted")
    expect(chat.box).to_have_value("a draft beside it")
    chat.action("continue").click()
    expect(chat.prose()).to_have_text(f"This was saved,{rest}")
    chat.expect_status("complete")
    expect(chat.answer().locator(".notice")).to_have_count(0)
    assert service.asked(question)[1].json["messages"][-1]["content"] == "This was saved,"


def saved(app: App, path: str, text: str) -> None:
    """Waits until the server has written this much of the running answer, which takes about a second."""
    from conversations.models import Message

    until = time.monotonic() + 15
    rows = Message.objects.using(app.database).filter(conversation=path.split("/")[2], text=text)
    while not rows.exists():
        assert time.monotonic() < until, "the running answer was not saved"


def test_an_orderly_restart_interrupts_the_answer_and_the_page_comes_back(
    own_app: App, open_tab: OpenTab, service: Service
) -> None:
    chat = open_tab(join(own_app, "alice"))
    chat.expects(NO_CONNECTION)
    chat.goto()
    held, question = Gate(), "Through a new version"
    service.on(question, reply("Up to here,", held, " never"), reply(" and on."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("Up to here,")
    chat.expect_conversation()
    own_app.stop()
    own_app.start()
    chat.expect_status("interrupted")
    expect(chat.prose()).to_have_text("Up to here,")
    chat.action("continue").click()
    expect(chat.prose()).to_have_text("Up to here, and on.")
    chat.expect_status("complete")


def test_a_long_conversation_loads_earlier_messages_and_keeps_the_reader_s_place(
    open_tab: OpenTab, alice: Person
) -> None:
    past = Past(alice, "A long one")
    for number in range(1, 61):
        past.ask(f"Question {number}")
        past.answer(f"Answer {number}.\n\n" + "It has some lines of text. " * 20)
    chat = open_tab(alice)
    chat.goto(past.path)
    expect(chat.questions.last).to_have_text("Question 60")
    loaded = chat.questions.count()
    assert loaded < 40, "all messages were loaded at once"

    held: list[Route] = []
    earlier = re.compile(r"\?before=")
    chat.page.route(earlier, lambda route: held.append(route))
    chat.transcript.hover()
    for _ in range(200):
        if held:
            break
        chat.page.mouse.wheel(0, -1000)
        settled(chat)
    first = chat.questions.first.text_content()
    assert first
    place = chat.page.get_by_text(first, exact=True)
    before = place.bounding_box()
    assert held, "nothing was asked for before the reader came to the first message"
    held[0].continue_()
    chat.page.unroute(earlier)
    expect(chat.questions.first).not_to_have_text(first)
    settled(chat)
    after = place.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) <= 2, "the earlier messages moved what was on the screen"

    for _ in range(400):
        chat.page.mouse.wheel(0, -3000)
        if chat.page.get_by_text("Question 1", exact=True).count():
            break
        chat.transcript.evaluate("() => new Promise(requestAnimationFrame)")
    expect(chat.page.get_by_text("Question 1", exact=True)).to_be_attached()
    expect(chat.questions).to_have_count(60)
    expect(chat.page.locator("#older")).to_have_count(0)
