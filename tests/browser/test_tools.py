"""Tools, search, thinking and structured answers in Chromium, with the sandbox as the model.

Calls that change something come from an MCP server made here with the official SDK, as staff would add it.
"""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conversations.toolbox.models import ToolServer
from conversations.toolbox.reading import listing_of
from tests.toolbox.conftest import library
from tests.upstream import Gate

from .people import join
from .running import App
from .service import reply
from .test_accessibility import examine
from .test_survival import NO_CONNECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from .chat import Chat
    from .conftest import OpenTab
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

LEND = "library__lend"
TEA = "/sandbox call {} {}".format(LEND, json.dumps({"title": "The Book of Tea"}))


@pytest.fixture(scope="module")
def library_port() -> Iterator[int]:
    with library() as port:
        yield port


def add_library(app: App, port: int) -> None:
    """The server of tools as it is after staff have added, read and accepted it."""
    server = ToolServer(
        name="library", url=f"http://127.0.0.1:{port}/mcp", allow_private=f"127.0.0.1:{port}"
    )
    with ThreadPoolExecutor(1) as apart:  # this thread's loop is the browser's
        listing = apart.submit(asyncio.run, listing_of(server.remote())).result()
    server.listing = server.accepted_listing = listing.as_json()
    server.fingerprint = server.accepted_fingerprint = listing.fingerprint
    server.save(using=app.database)


@pytest.fixture(scope="module")
def tool_app(library_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with App(tmp_path_factory.mktemp("tools")) as app:
        add_library(app, library_port)
        yield app


@pytest.fixture
def tool_chat(tool_app: App, open_tab: OpenTab) -> Chat:
    chat = open_tab(join(tool_app, "alice"))
    chat.goto()
    return chat


def calls(chat: Chat) -> Locator:
    return chat.answer().locator("[data-step=tool]")


def use(chat: Chat, *names: str) -> None:
    """Switches these tools on in the menu."""
    page = chat.page
    page.locator("#tools-more").click()
    for name in names:
        page.locator(f'input[name=tools][value="{name}"]').check()
    page.keyboard.press("Escape")
    expect(page.locator("#tools-toggle")).to_have_attribute("aria-pressed", "true")


def options_of(chat: Chat) -> Locator:
    chat.page.get_by_role("button", name="Options for the answer").click()
    return chat.page.locator("#options-pop")


def choose_model(chat: Chat, model: str) -> None:
    chat.page.locator(f'input[name=model][value="{model}"]').evaluate("radio => radio.click()")


# ---- calls --------------------------------------------------------------------------------------------


def test_parallel_calls_are_cards_with_their_results(tool_chat: Chat) -> None:
    chat = tool_chat
    use(chat, "calculator", "current_time")
    chat.ask("What is 17 * 24, and what time is it in Tokyo?")
    expect(calls(chat)).to_have_count(2)
    chat.expect_status("complete")
    sums = chat.answer().locator("[data-tool=calculator]")
    expect(sums).to_have_attribute("data-status", "done")
    sums.locator("summary").click()
    expect(sums.locator("pre").last).to_contain_text("408")
    time = chat.answer().locator("[data-tool=current_time]")
    expect(time).to_have_attribute("data-status", "done")
    time.locator("summary").click()
    expect(chat.prose()).to_contain_text("408")
    examine(chat, "two calls")

    chat.page.reload()
    expect(calls(chat)).to_have_count(2)
    box = chat.page.locator("input[name=tools][value=calculator]")
    expect(box).to_be_checked()


def test_a_call_that_changes_something_waits_and_is_allowed_in_a_second_tab(
    tool_chat: Chat, second_tab: Callable[[Chat], Chat]
) -> None:
    chat = tool_chat
    use(chat, LEND)
    chat.ask(TEA)
    expect(calls(chat)).to_have_attribute("data-status", "waiting")
    expect(calls(chat)).to_contain_text("The Book of Tea")
    chat.expect_conversation()
    other = second_tab(chat)
    expect(calls(other)).to_have_attribute("data-status", "waiting")
    examine(other, "a call that waits")
    other.page.get_by_role("button", name="Allow once", exact=True).click()
    for tab in (chat, other):
        expect(calls(tab)).to_have_attribute("data-status", "done")
        tab.expect_status("complete")
    calls(chat).locator("summary").click()
    expect(calls(chat).locator("pre").last).to_contain_text("lent The Book of Tea")


def test_a_refused_call_changes_nothing_and_the_model_is_told(tool_chat: Chat) -> None:
    chat = tool_chat
    use(chat, LEND)
    chat.ask(TEA)
    calls(chat).get_by_role("button", name="Refuse").click()
    expect(calls(chat)).to_have_attribute("data-status", "refused")
    chat.expect_status("complete")


def test_arguments_can_be_changed_and_what_does_not_fit_is_mended_on_the_card(
    tool_chat: Chat,
) -> None:
    chat = tool_chat
    use(chat, LEND)
    chat.ask(TEA)
    card = calls(chat).first
    card.get_by_role("button", name="Edit arguments").click()
    field = card.get_by_label("Arguments as JSON")
    field.fill('{"titel": "Tea"}')
    field.press("Control+Enter")
    expect(card.get_by_role("alert")).to_contain_text("title is missing")
    expect(field).to_be_focused()
    examine(chat, "arguments that do not fit")
    field.fill('{"title": "The Tale of Genji"}')
    field.press("Control+Enter")
    expect(card).to_have_attribute("data-status", "done")
    # The sandbox wants what it asked for, and asks again.
    calls(chat).nth(1).get_by_role("button", name="Refuse").click()
    chat.expect_status("complete")
    card.locator("summary").click()
    expect(card.locator("pre").first).to_contain_text("Genji")
    expect(card.locator("pre").last).to_contain_text("lent The Tale of Genji")


def test_a_call_can_still_be_allowed_after_the_server_was_killed(
    library_port: int, tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    with App(tmp_path_factory.mktemp("killed")) as app:
        add_library(app, library_port)
        chat = open_tab(join(app, "alice"))
        chat.expects(NO_CONNECTION)
        chat.goto()
        use(chat, LEND)
        chat.ask(TEA)
        expect(calls(chat)).to_have_attribute("data-status", "waiting")
        chat.expect_conversation()
        app.kill()
        expect(chat.offline).to_be_visible()
        app.start()
        expect(chat.offline).to_be_hidden()
        chat.page.reload()
        expect(calls(chat)).to_have_attribute("data-status", "waiting")
        calls(chat).get_by_role("button", name="Allow once", exact=True).click()
        expect(calls(chat)).to_have_attribute("data-status", "done")
        chat.expect_status("complete")


def test_code_that_the_service_ran_is_a_card_with_the_code(tool_chat: Chat) -> None:
    chat = tool_chat
    choose_model(chat, "qwen3.7-plus")
    use(chat, "code_interpreter")
    examine(chat, "the code interpreter is on")
    chat.ask("What is 123 to the power of 21?")
    chat.expect_status("complete")
    expect(chat.prose()).to_contain_text(str(123**21))
    for _ in range(2):
        expect(calls(chat)).to_have_count(1)
        expect(calls(chat)).to_have_attribute("data-tool", "code_interpreter")
        expect(calls(chat)).to_have_attribute("data-status", "done")
        calls(chat).locator("summary").click()
        expect(calls(chat).locator("pre")).to_have_text("print(123**21)")
        expect(calls(chat).locator("pre .nb")).to_have_text("print")
        expect(calls(chat).locator(".tool__note")).to_contain_text("does not tell the result")
        examine(chat, "code that was run")
        chat.page.reload()
    box = chat.page.locator("input[name=tools][value=code_interpreter]")
    expect(box).to_be_checked()

    chat.ask("And is that more than 3 * 10 ^ 43?")
    expect(chat.answers).to_have_count(2)
    chat.expect_status("complete")
    chat.action("request").click()
    dialog = chat.page.get_by_role("dialog").filter(has_text="enable_code_interpreter")
    expect(dialog).to_contain_text("multimodal-generation")
    expect(dialog).not_to_contain_text("tool_calls")
    chat.page.keyboard.press("Escape")

    chat.page.get_by_role("button", name="Options for the answer").click()
    chat.page.get_by_text("Pictures, video, endpoint").click()
    chat.page.locator("#o-protocol").select_option("compatible")
    chat.page.keyboard.press("Escape")
    chat.ask("What is 7 to the power of 9?")
    expect(chat.answers).to_have_count(3)
    chat.expect_status("complete")
    expect(chat.prose()).to_contain_text(str(7**9))
    expect(calls(chat)).to_have_count(0)
    expect(chat.answer().locator("[data-step=interpreter]")).to_have_text(
        "The code interpreter was on; the service did not say whether it ran code"
    )


def test_an_interpreter_beside_other_tools_is_refused_in_words_that_help(tool_chat: Chat) -> None:
    chat = tool_chat
    choose_model(chat, "qwen3.7-plus")
    use(chat, "code_interpreter", "calculator")
    chat.ask("What is 2 + 2?")
    expect(chat.page.get_by_text("cannot be used together with other tools").first).to_be_visible()
    expect(chat.answers).to_have_count(0)


# ---- search, thinking, JSON ---------------------------------------------------------------------------


def test_a_search_shows_its_sources_and_marks_lead_to_them(tool_chat: Chat) -> None:
    chat = tool_chat
    chat.page.locator("#search-toggle").click()
    chat.ask("What is the latest news about lighthouses?")
    chat.expect_status("complete")
    strip = chat.answer().locator("[data-step=search]")
    expect(strip).to_contain_text(re.compile(r"Searched the web, \d+ sources"))
    cards = strip.locator(".cite-card")
    assert cards.count() > 1
    mark = chat.prose().locator("a.cite").first
    number = mark.inner_text()
    mark.click()
    target = chat.answer().locator(f"[id$='-{number}'].cite-card")
    expect(target).to_be_in_viewport()
    examine(chat, "an answer with sources")
    mark.focus()
    chat.page.keyboard.press("Shift+Tab")
    chat.page.keyboard.press("Tab")
    preview = chat.page.locator("#cite-preview")
    expect(preview).to_contain_text("sandbox")
    expect(preview).to_be_visible()
    examine(chat, "the preview of a source")
    chat.page.keyboard.press("Escape")
    expect(preview).to_be_hidden()

    chat.page.locator("#search-more").click()
    examine(chat, "the search menu")
    chat.page.locator("#search-pop summary").click()
    chat.page.locator("#search-plain").check()
    chat.page.keyboard.press("Escape")
    chat.ask("What is the latest news about trams?")
    expect(chat.answers).to_have_count(2)
    chat.expect_status("complete")
    expect(chat.answer().locator("[data-step=search]")).to_contain_text(
        "the service did not say whether it was used"
    )


def test_answer_now_ends_the_thinking_and_keeps_the_question(chat: Chat, service: Service) -> None:
    held, question = Gate(), "Think as long as you like"
    thinking = reply("Never written.", thoughts=["Let me see.", held])
    service.on(question, thinking, reply("A quick answer."))
    choose_model(chat, "qwen-plus")
    chat.page.locator("[data-option=thinking]").click()
    chat.ask(question)
    expect(chat.answer().locator("[data-slot=reasoning]")).to_have_text("Let me see.")
    chat.page.get_by_role("button", name="Answer now").click()
    expect(chat.prose()).to_have_text("A quick answer.")
    chat.expect_status("complete")
    expect(chat.questions).to_have_text([question])
    expect(chat.answer().locator("[data-slot=reasoning]")).to_have_text("Let me see.")
    first, second = service.asked(question)
    assert first.json["enable_thinking"] is True
    assert second.json["enable_thinking"] is False


def test_an_answer_by_a_schema_is_a_tree_that_says_it_fits(tool_chat: Chat) -> None:
    chat = tool_chat
    choose_model(chat, "qwen3.7-plus")
    pop = options_of(chat)
    pop.locator("#o-response_format").select_option("json_schema")
    row = pop.locator(".answer-row").first
    row.get_by_label("Name").fill("city")
    row.get_by_label("Description").fill("the capital")
    pop.locator("[data-action=answer-add]").click()
    second = pop.locator(".answer-row").nth(1)
    second.get_by_label("Name").fill("people")
    second.get_by_label("Kind").select_option("integer")
    examine(chat, "the schema")
    chat.page.keyboard.press("Escape")
    chat.ask("Tell me about Oslo as JSON")
    chat.expect_status("complete")
    expect(chat.answer().locator(".structured__verdict")).to_have_text("Fits the schema")
    names = chat.answer().locator(".json__name")
    expect(names).to_have_text(["$", "city", "people"])
    expect(chat.prose()).to_be_hidden()
    examine(chat, "a tree")


def test_everything_goes_by_keyboard(tool_chat: Chat) -> None:
    chat, page = tool_chat, tool_chat.page
    page.locator("[data-option=thinking]").focus()
    tab_to(chat, "search-toggle")
    page.keyboard.press("Space")
    expect(page.locator("#search-toggle")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Space")
    tab_to(chat, "search-more")
    page.keyboard.press("Enter")
    expect(page.locator("#search-pop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#search-pop")).to_be_hidden()
    tab_to(chat, "tools-more")
    page.keyboard.press("Enter")
    expect(page.locator("#tools-pop")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == LEND:
            break
    page.keyboard.press("Space")
    expect(page.locator(f'input[name=tools][value="{LEND}"]')).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#tools-toggle")).to_have_attribute("aria-pressed", "true")
    chat.box.focus()
    page.keyboard.type(TEA)
    expect(chat.send_button).to_be_enabled()
    page.keyboard.press("Enter")
    expect(calls(chat)).to_have_attribute("data-status", "waiting")
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.dataset.action") == "approve":
            break
    page.keyboard.press("Enter")
    expect(calls(chat)).to_have_attribute("data-status", "done")
    chat.expect_status("complete")
    expect(calls(chat).locator("summary")).to_be_visible()


def tab_to(chat: Chat, id_: str) -> None:
    for _ in range(8):
        chat.page.keyboard.press("Tab")
        if chat.page.evaluate("document.activeElement.id") == id_:
            return
    raise AssertionError(f"Tab does not come to {id_}: {chat.has_focus()}")


def test_menus_and_cards_speak_chinese(tool_app: App, open_tab: OpenTab) -> None:
    chat = open_tab(join(tool_app, "alice"), locale="zh-CN")
    chat.goto()
    page = chat.page
    expect(page.locator("#tools-toggle")).to_have_text("工具")
    page.locator("#tools-more").click()
    expect(page.get_by_role("heading", name="模型可调用的工具")).to_be_visible()
    examine(chat, "the tools menu in Chinese")
    page.keyboard.press("Escape")
    page.locator("#search-more").click()
    expect(page.get_by_role("heading", name="联网搜索")).to_be_visible()
    for text in english(page.locator("#search-pop")):
        assert text in ("example.org",), text
    page.keyboard.press("Escape")
    use(chat, LEND)
    chat.ask(TEA)
    expect(calls(chat).get_by_role("button", name="允许这一次", exact=True)).to_be_visible()
    calls(chat).get_by_role("button", name="拒绝").click()
    chat.expect_status("complete")


def english(place: Locator) -> list[str]:
    """Runs of Latin words in what is to be read there."""
    return re.findall(r"[A-Za-z]{3,}(?: [A-Za-z]{2,})+", place.inner_text())


def test_axe_finds_nothing_in_the_tools_menu(tool_chat: Chat) -> None:
    tool_chat.page.locator("#tools-more").click()
    expect(tool_chat.page.locator("#tools-pop")).to_contain_text("Changes something")
    examine(tool_chat, "the tools menu")


def test_without_added_servers_there_are_only_our_own_tools(chat: Chat) -> None:
    expect(chat.page.locator(f'input[name=tools][value="{LEND}"]')).to_have_count(0)
    expect(chat.page.locator("input[name=tools][value=calculator]")).to_have_count(1)
