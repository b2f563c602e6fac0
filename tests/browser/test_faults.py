"""What bad luck with the model service looks like, and that the way out works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.upstream import Reply, Reset, error_reply

from .service import cut, reply

if TYPE_CHECKING:
    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

PAGE = Reply([b"<html><title>502</title></html>"], 200, {"Content-Type": "text/html"})
BAD_RANGE = error_reply(400, "InvalidParameter", "Range of max_tokens should be [1, 8192]")


@pytest.mark.parametrize(
    ("name", "fault", "title", "code"),
    [
        (
            "401",
            error_reply(401, "invalid_api_key", "Incorrect API key provided."),
            "The API key was refused",
            "upstream_auth",
        ),
        ("400", BAD_RANGE, "The model service refused this request", "upstream_invalid_request"),
        (
            "404",
            error_reply(404, "model_not_found", "The model does not exist."),
            "This model is not offered",
            "model_not_found",
        ),
        ("empty", reply(), "No answer came", "upstream_protocol"),
        ("page", PAGE, "The answer could not be read", "upstream_protocol"),
    ],
)
def test_a_refusal_says_what_happened_and_the_way_out_works(
    chat: Chat, service: Service, name: str, fault: Reply, title: str, code: str
) -> None:
    question = f"A question that meets {name}"
    service.on(question, fault, reply("Now it works."))
    chat.ask(question)
    chat.expect_status("failed")
    alert = chat.answer().locator(".alert")
    expect(alert.locator(".alert__title")).to_have_text(title)
    expect(alert.locator(".code-tag")).to_have_text(code)
    chat.page.reload()
    expect(alert.locator(".alert__title")).to_have_text(title)
    if alert.locator("[data-action=retry]").count():
        alert.locator("[data-action=retry]").click()
        expect(chat.answer().locator(".branch")).to_contain_text("2/2")
    else:
        alert.locator("[data-action=edit]").click()
        form = chat.question().locator("form")
        expect(form.locator("textarea")).to_have_value(question)
        form.get_by_role("button", name="Save and ask").click()
        expect(chat.question().locator(".branch")).to_contain_text("2/2")
    expect(chat.prose()).to_have_text("Now it works.")
    chat.expect_status("complete")
    expect(chat.answer().locator(".alert")).to_have_count(0)


def test_a_limit_with_a_wait_counts_down_and_lets_the_person_retry_then(
    open_tab: OpenTab, alice: Person, service: Service
) -> None:
    chat = open_tab(alice)
    # The page's clock is the test's, so that half a minute need not pass.
    chat.page.clock.install()
    chat.goto()
    question = "A question too many"
    service.on(
        question,
        error_reply(429, "limit_requests", "You exceeded your quota.", retry_after="45"),
        reply("Now it works."),
    )
    chat.ask(question)
    chat.expect_status("failed")
    alert = chat.answer().locator(".alert")
    expect(alert.locator(".alert__title")).to_have_text("The model service is limiting requests")
    retry = alert.locator("[data-action=retry]")
    expect(retry).to_have_attribute("aria-disabled", "true")
    expect(retry).to_contain_text("Retry in")
    retry.click(force=True)
    expect(alert).to_be_visible()
    chat.page.clock.fast_forward(46_000)
    expect(retry).to_have_text("Retry")
    retry.click()
    expect(chat.prose()).to_have_text("Now it works.")
    chat.expect_status("complete")
    assert len(service.asked(question)) == 2


def test_a_short_limit_is_waited_for_and_the_page_says_so(chat: Chat, service: Service) -> None:
    question = "A question slightly too early"
    service.on(
        question,
        error_reply(429, "limit_requests", "Slow down.", retry_after="2"),
        reply("It took a moment."),
    )
    chat.ask(question)
    expect(chat.answer().locator("[data-slot=badge]")).to_contain_text("next try in")
    expect(chat.prose()).to_have_text("It took a moment.")
    chat.expect_status("complete")


def test_an_answer_cut_in_the_middle_keeps_its_text_and_continue_completes_it(
    chat: Chat, service: Service
) -> None:
    question = "Cut me short"
    service.on(question, cut("The beginning,", Reset()), reply(" and the end."))
    chat.ask(question)
    chat.expect_status("interrupted")
    expect(chat.prose()).to_have_text("The beginning,")
    expect(chat.answer().locator(".notice")).to_contain_text("What you see is saved.")
    chat.action("continue").click()
    expect(chat.prose()).to_have_text("The beginning, and the end.")
    chat.expect_status("complete")


def test_an_answer_at_its_longest_length_can_go_on(chat: Chat, service: Service) -> None:
    question = "Longer than allowed"
    service.on(question, reply("As much as fits,", finish="length"), reply(" and more."))
    chat.ask(question)
    expect(chat.answer().locator(".notice")).to_contain_text("reached its longest length")
    chat.action("continue").click()
    expect(chat.prose()).to_have_text("As much as fits, and more.")


def test_a_send_beyond_the_limit_keeps_the_typed_text(
    open_tab: OpenTab, alice: Person, service: Service
) -> None:
    chat = open_tab(alice)
    chat.goto()
    error = chat.page.locator("#composer-error")
    for number in range(1, 21):
        chat.ask(f"Question {number} of many")
        chat.expect_status("complete", number - 1)
    chat.ask("The one too many")
    expect(error).to_be_visible()
    expect(error).to_contain_text("again in")
    expect(chat.box).to_have_value("The one too many")
    expect(chat.questions).to_have_count(20)
    expect(chat.page.locator("[data-status=sending]")).to_have_count(0)
    expect(chat.box).to_have_attribute("aria-invalid", "")
    chat.page.reload()
    expect(chat.box).to_have_value("The one too many")
    assert not service.asked("The one too many")


def test_a_text_that_is_too_long_stays_in_the_box(chat: Chat) -> None:
    long = "word " * 20_001
    # Pasting is bounded by the box itself; a script, or an old page, is not.
    chat.box.evaluate(
        "(box, text) => { box.removeAttribute('maxlength'); box.value = text; "
        "box.dispatchEvent(new Event('input', { bubbles: true })); }",
        long,
    )
    chat.box.press("Enter")
    error = chat.page.locator("#composer-error")
    expect(error).to_be_visible()
    expect(error).not_to_be_empty()
    expect(chat.box).to_have_value(long)
    expect(chat.questions).to_have_count(0)


def test_a_refused_option_is_named_and_the_question_comes_back(
    chat: Chat, service: Service
) -> None:
    page = chat.page
    page.get_by_role("button", name="Options for the answer").click()
    page.get_by_label("Temperature", exact=True).fill("9")
    page.locator("#options-pop").get_by_role("button", name="Close").click()
    chat.ask("Too hot a question")
    error = page.locator("#composer-error")
    expect(error).to_be_visible()
    expect(chat.box).to_have_value("Too hot a question")
    expect(page.locator("#o-temperature")).to_have_attribute("aria-invalid", "true")
    assert not service.asked("Too hot a question")
