"""Asking and what one can do with the answer: stop, continue, regenerate, edit, queue, never twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.upstream import Gate

from .service import TITLE, reply

if TYPE_CHECKING:
    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]


def test_an_answer_is_watched_as_it_comes_and_then_shows_what_it_took(
    chat: Chat, service: Service
) -> None:
    first, second = Gate(), Gate()
    question = "What is oolong?"
    service.on(question, reply("It is *half", first, " oxidised* tea", second, " from Fujian."))
    chat.ask(question)
    expect(chat.questions).to_have_text([question])
    expect(chat.box).to_have_value("")
    expect(chat.prose()).to_have_text("It is *half")
    expect(chat.answer()).to_have_attribute("aria-busy", "true")
    expect(chat.stop_button).to_be_visible()
    first.open()
    expect(chat.prose()).to_have_text("It is half oxidised tea")
    expect(chat.prose().locator("em")).to_have_text("half oxidised")
    path = chat.expect_conversation()
    second.open()
    expect(chat.prose()).to_have_text("It is half oxidised tea from Fujian.")
    chat.expect_status("complete")
    expect(chat.answer()).not_to_have_attribute("aria-busy", "true")
    expect(chat.answer().locator(".usage")).to_contain_text("22 in")
    expect(chat.answer().locator(".usage")).to_contain_text("7 out")
    expect(chat.stop_button).to_be_hidden()
    expect(chat.page.locator("#title")).to_have_text(TITLE)
    row = chat.page.locator(f".nav-row__link[href='{path}']")
    expect(row).to_have_text(TITLE)


def test_thinking_is_shown_while_it_lasts_and_folds_away_with_its_duration(
    chat: Chat, service: Service
) -> None:
    thinking, writing = Gate(), Gate()
    question = "How many leaves?"
    thoughts = ["First I count ", "the branches.", thinking]
    service.on(question, reply("About ", writing, "two hundred thousand.", thoughts=thoughts))
    chat.ask(question)
    step = chat.answer().locator("details.step")
    expect(step.locator("[data-slot=reasoning]")).to_have_text("First I count the branches.")
    expect(step.locator("[data-slot=thinking-label]")).to_contain_text("Thinking")
    expect(step).to_have_attribute("open", "")
    thinking.open()
    expect(chat.prose()).to_have_text("About")
    expect(step.locator("[data-slot=thinking-label]")).to_contain_text("Thought for")
    expect(step).not_to_have_attribute("open", "")
    writing.open()
    chat.expect_status("complete")
    step.locator("summary").click()
    expect(step.locator("[data-slot=reasoning]")).to_be_visible()


def test_stop_keeps_the_text_and_continue_goes_on_from_there(chat: Chat, service: Service) -> None:
    held, question = Gate(), "Count to four"
    service.on(question, reply("One, two,", held, " never"), reply(" three, four."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("One, two,")
    chat.stop_button.click()
    chat.expect_status("stopped")
    service.closed(service.wait_for(question), within_s=10)
    expect(chat.answer().locator(".notice")).to_contain_text("You stopped this answer.")
    expect(chat.prose()).to_have_text("One, two,")
    chat.action("continue").click()
    expect(chat.prose()).to_have_text("One, two, three, four.")
    chat.expect_status("complete")
    expect(chat.answer().locator(".notice")).to_have_count(0)
    expect(chat.answers).to_have_count(1)
    last = service.wait_for(question, 2).json["messages"][-1]
    assert last == {"role": "assistant", "content": "One, two,", "partial": True}


def test_stop_works_before_the_first_word(chat: Chat, service: Service) -> None:
    held, question = Gate(), "Are you there?"
    service.on(question, reply(held, "never"))
    chat.ask(question)
    service.wait_for(question)
    chat.page.keyboard.press("Escape")
    chat.expect_status("stopped")
    service.closed(service.wait_for(question), within_s=10)
    expect(chat.action("retry")).to_be_visible()


def test_regenerate_puts_another_answer_beside_and_the_arrows_lead_between_them(
    chat: Chat, service: Service
) -> None:
    question = "Name a tea"
    service.on(question, reply("Longjing."), reply("Sencha."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("Longjing.")
    chat.action("regenerate").click()
    expect(chat.prose()).to_have_text("Sencha.")
    chat.expect_status("complete")
    expect(chat.answers).to_have_count(1)
    branch = chat.answer().locator(".branch")
    expect(branch).to_contain_text("2/2")
    branch.get_by_role("link", name="Previous version").click()
    expect(chat.prose()).to_have_text("Longjing.")
    expect(chat.answer().locator(".branch")).to_contain_text("1/2")
    chat.page.reload()
    expect(chat.prose()).to_have_text("Longjing.")
    chat.answer().get_by_role("link", name="Next version").click()
    expect(chat.prose()).to_have_text("Sencha.")


def test_an_edited_question_becomes_a_branch_and_the_old_one_stays(
    chat: Chat, service: Service
) -> None:
    service.on("Which cup?", reply("The white one."))
    service.on("And which pot?", reply("The clay one."))
    service.on("And which kettle?", reply("The iron one."))
    service.on("Which bowl?", reply("The brown one."))
    chat.ask("Which cup?")
    chat.expect_status("complete")
    chat.ask("And which pot?")
    expect(chat.prose()).to_have_text("The clay one.")
    chat.expect_status("complete")

    edit(chat, 1, "And which kettle?")
    expect(chat.questions).to_have_text(["Which cup?", "And which kettle?"])
    expect(chat.prose()).to_have_text("The iron one.")
    expect(chat.question(1).locator(".branch")).to_contain_text("2/2")

    chat.expect_status("complete")
    edit(chat, 0, "Which bowl?")
    expect(chat.questions).to_have_text(["Which bowl?"])
    expect(chat.prose()).to_have_text("The brown one.")
    chat.expect_status("complete")
    chat.question(0).get_by_role("link", name="Previous version").click()
    expect(chat.questions).to_have_text(["Which cup?", "And which kettle?"])
    chat.question(1).get_by_role("link", name="Previous version").click()
    expect(chat.questions).to_have_text(["Which cup?", "And which pot?"])
    expect(chat.prose()).to_have_text("The clay one.")


def edit(chat: Chat, number: int, text: str) -> None:
    question = chat.question(number)
    question.hover()
    question.locator("[data-action=edit]").click()
    form = question.locator("form")
    expect(form.locator("textarea")).to_be_focused()
    form.locator("textarea").fill(text)
    form.get_by_role("button", name="Save and ask").click()
    # Nothing of the new branch can be there before the server has acknowledged it.
    expect(chat.page.locator("[data-editing]")).to_have_count(0)


def test_a_double_enter_and_a_double_click_send_once(chat: Chat, service: Service) -> None:
    chat.box.fill("Only once")
    chat.box.press("Enter")
    chat.box.press("Enter")
    chat.expect_status("complete")
    chat.box.fill("Once by mouse")
    chat.send_button.dblclick()
    expect(chat.questions).to_have_text(["Only once", "Once by mouse"])
    chat.expect_status("complete")
    chat.page.reload()
    expect(chat.questions).to_have_text(["Only once", "Once by mouse"])
    assert len(service.asked("Only once")) == len(service.asked("Once by mouse")) == 1


def test_what_is_typed_survives_a_reload(chat: Chat) -> None:
    chat.ask("A short question")
    chat.expect_status("complete")
    chat.expect_conversation()
    chat.box.press_sequentially("half a thought")
    chat.page.reload()
    expect(chat.box).to_have_value("half a thought")
    chat.goto("/")
    expect(chat.box).to_have_value("")
    chat.page.locator(".nav-row__link").first.click()
    expect(chat.box).to_have_value("half a thought")
    chat.box.press("Enter")
    expect(chat.questions).to_have_count(2)
    chat.expect_status("complete")
    chat.page.reload()
    expect(chat.questions).to_have_count(2)
    expect(chat.box).to_have_value("")


def test_what_is_written_while_an_answer_runs_is_sent_at_its_end(
    chat: Chat, service: Service
) -> None:
    held, question = Gate(), "First this"
    service.on(question, reply("Wait", held, " is over."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("Wait")
    chat.ask("then that")
    expect(chat.queue).to_be_visible()
    expect(chat.queue).to_contain_text("then that")
    expect(chat.questions).to_have_count(1)
    chat.queue.locator("[data-action=edit-queued]").click()
    expect(chat.queue).to_be_hidden()
    expect(chat.box).to_have_value("then that")
    chat.box.press("Enter")
    expect(chat.queue).to_be_visible()
    held.open()
    expect(chat.questions).to_have_text([question, "then that"])
    expect(chat.queue).to_be_hidden()
    expect(chat.prose(0)).to_have_text("Wait is over.")
    chat.expect_status("complete", 1)
    assert len(service.asked("then that")) == 1


def test_the_chosen_model_and_options_are_what_the_service_receives(
    chat: Chat, service: Service
) -> None:
    page = chat.page
    page.locator("#model-button").click()
    page.locator(".model", has_text="qwen3-max").first.click()
    expect(page.locator("#model-pop")).to_be_hidden()
    expect(page.locator("#model-button")).to_contain_text("qwen3-max")
    page.get_by_role("button", name="Options for the answer").click()
    page.get_by_label("System prompt").fill("Answer in one word.")
    page.get_by_label("Temperature", exact=True).fill("0.3")
    page.locator("#options-pop").get_by_role("button", name="Close").click()
    chat.ask("What colour is matcha?")
    chat.expect_status("complete")
    body = service.wait_for("What colour is matcha?").json
    assert body["model"] == "qwen3-max"
    assert body["temperature"] == 0.3
    assert body["messages"][0] == {"role": "system", "content": "Answer in one word."}
    page.reload()
    expect(page.locator("#model-button")).to_contain_text("qwen3-max")


def test_the_dialog_shows_the_request_as_it_was_sent(chat: Chat, service: Service) -> None:
    chat.ask("What did you get?")
    chat.expect_status("complete")
    chat.action("request").click()
    dialog = chat.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="What was sent")).to_be_visible()
    expect(dialog.locator("pre")).to_contain_text("What did you get?")
    expect(dialog).not_to_contain_text("sk-test")
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(chat.action("request")).to_be_focused()


def test_two_models_answer_the_same_question_side_by_side(chat: Chat, service: Service) -> None:
    page = chat.page
    page.locator("#model-button").click()
    page.get_by_text("Ask several models at once").click()
    boxes = page.locator("#model-pop input[name=models]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.keyboard.press("Escape")
    chat.ask("Which of you is first?")
    expect(chat.answers).to_have_count(2)
    chat.expect_status("complete", 0)
    chat.expect_status("complete", 1)
    assert {one.json["model"] for one in service.asked("Which of you is first?")} == {
        boxes.nth(0).get_attribute("value"),
        boxes.nth(1).get_attribute("value"),
    }
    page.reload()
    expect(chat.answers).to_have_count(2)


def test_a_conversation_is_renamed_found_and_deleted(
    chat: Chat, open_tab: OpenTab, alice: Person
) -> None:
    page = chat.page
    chat.ask("A chat about kettles")
    chat.expect_status("complete")
    expect(page.locator("#title")).to_have_text(TITLE)
    page.get_by_role("link", name="Rename conversation").click()
    page.locator("#rename-title").fill("Kettles")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#title")).to_have_text("Kettles")
    rows = page.locator(".nav-row__link")
    expect(rows).to_have_text(["Kettles"])
    page.locator("#chat-search").fill("nothing like it")
    expect(rows).to_have_count(0)
    page.locator("#chat-search").fill("kettl")
    expect(rows).to_have_text(["Kettles"])
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))
    expect(rows).to_have_count(0)


def test_a_list_that_comes_late_does_not_undo_a_search(
    chat: Chat, open_tab: OpenTab, alice: Person
) -> None:
    page, late = chat.page, []
    chat.ask("A chat about kettles")
    chat.expect_status("complete")
    rows = page.locator(".nav-row__link")
    expect(rows).to_have_count(1)
    page.route(re.compile(r"/conversations/\?current="), lambda route: late.append(route))
    other = open_tab(alice)
    other.goto()
    with page.expect_request(re.compile(r"/conversations/\?current=")):
        other.ask("A chat about tea")
    page.locator("#chat-search").fill("nothing like it")
    expect(rows).to_have_count(0)
    with page.expect_response(re.compile(r"/conversations/\?current=")) as answered:
        late[0].continue_()
    answered.value.finished()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(rows).to_have_count(0)
