"""What axe finds (nothing), on every page, light, dark and on a phone; and what a screen reader is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.upstream import Gate, error_reply

from .conftest import DESK
from .running import App
from .seeding import Past
from .service import TITLE, reply
from .test_reading import PHONE, RICH, states

if TYPE_CHECKING:
    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

AXE = Axe()
# Colours on their way from one theme to the other are nobody's contrast.
STILL = """() => {
  const still = new CSSStyleSheet();
  still.replaceSync("*, ::before, ::after { transition: none !important }");
  document.adoptedStyleSheets = [still];
}"""


def examine(chat: Chat, what: str) -> None:
    """Fails with what axe finds on the page as it is now, in both themes and as wide as a phone."""
    page = chat.page
    found: list[str] = []
    for look, scheme, size in (
        ("light", "light", DESK),
        ("dark", "dark", DESK),
        ("phone", "light", PHONE),
        ("dark phone", "dark", PHONE),
    ):
        page.evaluate(STILL)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        for violation in AXE.run(page).response["violations"]:
            nodes = [node["html"][:160] + " // " + summary(node) for node in violation["nodes"][:4]]
            found.append(f"{what}, {look}: {violation['id']}: " + "; ".join(nodes))
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    assert not found, "\n".join(found)


def summary(node: dict[str, str]) -> str:
    return " ".join(node.get("failureSummary", "").split())[:200]


def test_axe_finds_nothing_on_the_account_pages(app: App, open_tab: OpenTab, alice: Person) -> None:
    chat = open_tab(app=app)
    for name in ("login", "signup"):
        chat.goto(f"/accounts/{name}/")
        examine(chat, name)
    chat.page.locator("[name=username]").fill("no spaces please")
    chat.page.locator("[name=password1]").fill("short")
    chat.page.locator("[name=password1]").press("Enter")
    expect(chat.page.locator(".field__error").first).to_be_visible()
    examine(chat, "signup with errors")
    chat = open_tab(alice)
    for name in ("password/change", "logout"):
        chat.goto(f"/accounts/{name}/")
        examine(chat, name)
    chat.expects("404")
    chat.goto("/c/00000000-0000-4000-8000-000000000000/")
    examine(chat, "404")


def test_axe_finds_nothing_where_sign_up_is_closed(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    key = {"DASHSCOPE_API_KEY": "sk-test", "QWENCHAT_SIGNUP": "closed"}
    with App(tmp_path_factory.mktemp("closed"), **key) as closed:
        chat = open_tab(app=closed)
        chat.expects("403")
        chat.goto("/accounts/signup/")
        expect(chat.page.get_by_role("heading", name="No new accounts here")).to_be_visible()
        examine(chat, "closed sign-up")


def test_axe_finds_nothing_on_a_new_chat_its_picker_options_and_menus(chat: Chat) -> None:
    page = chat.page
    examine(chat, "new chat")
    page.locator("#model-button").click()
    page.locator("#model-pop summary").click()
    examine(chat, "model picker")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Options for the answer").click()
    for summary in page.locator("#options-pop summary").all():
        summary.click()
    examine(chat, "options")
    page.keyboard.press("Escape")
    page.locator(".user-chip").click()
    examine(chat, "user menu")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+/")
    examine(chat, "shortcuts")


def test_axe_finds_nothing_on_the_drawer_of_a_phone(open_tab: OpenTab, alice: Person) -> None:
    past = Past(alice, "In the drawer")
    past.ask("A question")
    past.answer("An answer")
    chat = open_tab(alice, viewport=PHONE)
    chat.goto(past.path)
    chat.page.get_by_role("button", name="Open sidebar").click()
    for scheme in ("light", "dark"):
        chat.page.evaluate(STILL)
        chat.page.emulate_media(color_scheme=scheme)
        found = AXE.run(chat.page).response["violations"]
        assert not found, (scheme, [(one["id"], one["nodes"][0]["html"]) for one in found])


def test_axe_finds_nothing_on_a_conversation_in_all_its_states(
    open_tab: OpenTab, alice: Person, service: Service
) -> None:
    past = states(alice)
    past.ask("Show me everything")
    past.answer(
        RICH, reasoning="Let me see.", reasoning_ms=900, prompt_tokens=12, completion_tokens=9
    )
    chat = open_tab(alice)
    page = chat.page
    chat.goto(past.path)
    examine(chat, "all states")

    held, thinking, question = Gate(), Gate(), "And while it runs?"
    service.on(question, reply("Some ", held, "text.", thoughts=["Thinking.", thinking]))
    chat.ask(question)
    expect(chat.answer().locator("[data-slot=reasoning]")).to_have_text("Thinking.")
    chat.ask("a queued one")
    examine(chat, "thinking, with a queue")
    thinking.open()
    expect(chat.prose()).to_have_text("Some")
    examine(chat, "writing")
    chat.queue.locator("[data-action=remove-queued]").click()
    held.open()
    chat.expect_status("complete")
    chat.action("regenerate").click()
    expect(chat.answer().locator(".branch")).to_contain_text("2/2")
    chat.expect_status("complete")
    chat.question().locator("[data-action=edit]").click()
    examine(chat, "versions and an open editor")
    page.keyboard.press("Escape")


def test_axe_finds_nothing_on_the_dialogs(open_tab: OpenTab, alice: Person) -> None:
    chat = open_tab(alice)
    page = chat.page
    chat.goto()
    chat.ask("A question for the dialogs")
    chat.expect_status("complete")
    expect(page.locator("#title")).to_have_text(TITLE)
    # The link comes with the conversation's own page, a moment after the first acknowledgement.
    expect(page.locator("#rename-link")).to_be_attached()
    page.keyboard.press("F2")
    expect(page.locator("#rename-title")).to_be_focused()
    examine(chat, "rename")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More", exact=True).click()
    examine(chat, "menu of the chat")
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete this conversation?")).to_be_visible()
    examine(chat, "delete")
    page.keyboard.press("Escape")
    chat.action("request").click()
    expect(page.get_by_role("heading", name="What was sent")).to_be_visible()
    examine(chat, "request")
    page.keyboard.press("Escape")
    path = chat.expect_conversation()
    for name in ("rename", "delete"):
        chat.goto(f"{path}{name}/")
        examine(chat, f"{name} as a page")


def test_axe_finds_nothing_on_the_reviewers_pages(
    open_tab: OpenTab, alice: Person, rita: Person
) -> None:
    past = states(alice)
    asking = open_tab(alice)
    asking.goto(past.path)
    asking.ask("A question with a request behind it")
    asking.expect_status("complete")
    chat = open_tab(rita)
    page = chat.page
    chat.goto("/admin/conversations/conversation/")
    examine(chat, "list of conversations")
    page.locator(f"a[href*='{past.conversation.id}']").first.click()
    expect(page.locator(".msg--assistant").first).to_be_visible()
    examine(chat, "transcript")
    page.locator("[name=note]").fill("Seen, all in order.")
    page.locator("form:has([name=note]) [type=submit]").click()
    expect(page.get_by_text("Seen, all in order.")).to_be_visible()
    examine(chat, "reviewed transcript")
    page.locator("a[href*='/requests/']").first.click()
    examine(chat, "requests of an answer")
    chat.goto("/admin/conversations/opening/")
    examine(chat, "record of openings")


def test_a_screen_reader_hears_the_states_and_not_the_stream(chat: Chat, service: Service) -> None:
    spoken: list[str] = []
    chat.page.expose_function("spoke", lambda sentence: spoken.append(sentence))
    chat.announcer.evaluate(
        """(region) => new MutationObserver(() => region.textContent && spoke(region.textContent))
             .observe(region, { childList: true, characterData: true, subtree: true })"""
    )
    expect(chat.announcer).to_have_attribute("aria-live", "polite")
    held, question = Gate(), "Speak to me"
    service.on(question, reply("One two", held, " three."))
    chat.ask(question)
    expect(chat.prose()).to_have_text("One two")
    expect(chat.announcer).to_have_text("qwen-plus is answering")
    expect(chat.answer()).to_have_attribute("aria-busy", "true")
    live = chat.answer().evaluate(
        """(article) => {
          const live = "[aria-live], [role=status], [role=alert], [role=log], output";
          return article.closest(live)?.outerHTML ?? article.querySelector(live)?.outerHTML ?? "";
        }"""
    )
    assert not live, "the stream is inside a live region"
    held.open()
    expect(chat.announcer).to_have_text("Answer complete, 3 words")
    expect(chat.answer()).not_to_have_attribute("aria-busy", "true")
    heading = chat.answer().get_by_role("heading", level=2)
    expect(heading).to_have_text("qwen-plus")
    expect(chat.question().get_by_role("heading", level=2)).to_have_text(
        re.compile(r"You, \d\d:\d\d")
    )
    expect(chat.page.get_by_role("heading", level=1)).to_have_count(1)
    assert not any("One" in sentence for sentence in spoken), spoken

    service.on("And fail", error_reply(401, "invalid_api_key", "Incorrect API key provided."))
    chat.ask("And fail")
    chat.expect_status("failed")
    expect(chat.announcer).to_contain_text("An administrator has to set a key")
    stopping = Gate()
    service.on("And stop", reply("Not", stopping, " yet"))
    chat.ask("And stop")
    expect(chat.prose()).to_have_text("Not")
    chat.page.keyboard.press("Escape")
    expect(chat.announcer).to_have_text("Answer stopped. What came so far is kept.")
