"""A link to a conversation in Chromium: made and ended by its owner, read by somebody else on a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conversations.models import ToolCall

from .people import PASSWORD, join
from .running import App
from .seeding import Past
from .test_accessibility import examine
from .test_reading import PHONE, RICH, only_chinese

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SOURCES = [
    {
        "index": number,
        "title": f"Tea house {number}",
        "url": f"https://tea{number}.example/",
        "site": "Tea",
    }
    for number in range(1, 9)
]
MORE = "\n\n".join(f"Paragraph {number} about tea." for number in range(60))


@pytest.fixture(scope="module")
def open_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server on which whoever has a link may read."""
    settings = {"DASHSCOPE_API_KEY": "sk-test", "QWENCHAT_SHARES": "anyone"}
    with App(tmp_path_factory.mktemp("shares"), **settings) as app:
        yield app


@pytest.fixture
def owner(open_app: App) -> Person:
    return join(open_app, "alice")


def tea(person: Person) -> Past:
    """A conversation with everything that a link shows."""
    past = Past(person, "Tea at the lake")
    past.ask("Which tea houses are there?")
    answer = past.answer(
        f"Eight, the first [ref_1] and the last [ref_8].{MORE}",
        sources=SOURCES,
        options={"search": True},
        reasoning="The first is the oldest.",
        reasoning_ms=3000,
    )
    call = ToolCall(message=answer, round=1, position=0, call_id="c", name="current_time",
                    arguments='{"zone": "Asia/Shanghai"}', status="done", result="14:02")  # fmt: skip
    call.save(using=past.database)
    past.ask("As JSON?")
    past.answer('{"tea": ["green"]}', options={"response_format": {"type": "json_object"}})
    past.ask("And something rich?")
    past.answer(RICH)
    return past


def open_dialog(chat: Chat) -> None:
    chat.page.get_by_role("button", name="More").click()
    chat.page.get_by_role("menuitem", name="Share").click()
    expect(chat.page.get_by_role("dialog", name="Share this conversation")).to_be_visible()


def make_link(chat: Chat, *boxes: str) -> str:
    """Makes a link with these included; its address, as it was copied."""
    page = chat.page
    open_dialog(chat)
    for box in boxes:
        page.get_by_role("switch", name=f"Include {box}").check()
    page.get_by_role("button", name="Make a link").click()
    field = page.locator(".links input[readonly]").first
    expect(field).to_be_focused()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".links [data-action=copy-link]").first.click()
    expect(page.locator(".links [data-action=copy-link]").first).to_have_text("Copied")
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied == field.input_value()
    assert copied.startswith(chat.url + "/s/")
    return copied.removeprefix(chat.url)


@pytest.fixture
def chat(open_tab: OpenTab, owner: Person) -> Chat:
    chat = open_tab(owner)
    chat.goto(tea(owner).path)
    return chat


def test_a_link_is_read_on_a_phone_without_an_account_or_a_script(
    chat: Chat, open_app: App, open_tab: OpenTab
) -> None:
    path = make_link(chat, "thinking")
    reader = open_tab(app=open_app, viewport=PHONE, java_script_enabled=False)
    reader.goto(path)
    page = reader.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea at the lake")
    expect(page.get_by_text("current_time")).to_be_visible()
    expect(page.get_by_text("Asia/Shanghai")).to_have_count(0)
    page.get_by_text("Thought for 3 s").click()
    expect(page.get_by_text("The first is the oldest.")).to_be_visible()
    expect(page.get_by_text("Valid JSON")).to_be_visible()

    mark = page.get_by_role("link", name="Source 8")
    mark.click()
    card = page.locator("#s-2-8")
    assert page.url.endswith("#s-2-8")
    expect(card).to_be_in_viewport()
    expect(card).to_have_attribute("href", "https://tea8.example/")
    wide = page.locator("html").bounding_box()
    assert wide is not None
    assert wide["width"] <= PHONE["width"]
    assert page.context.cookies() == []


def test_what_its_owner_does_afterwards_is_not_seen_and_ending_ends_it(
    chat: Chat, open_app: App, open_tab: OpenTab
) -> None:
    path = make_link(chat)
    page = chat.page
    reader = open_tab(app=open_app)
    reader.goto(path)
    before = reader.page.locator("main").inner_text()
    page.keyboard.press("Escape")
    chat.goto(page.url.removeprefix(chat.url) + "rename/")
    page.locator("#rename-title").fill("Coffee")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#title")).to_have_text("Coffee")
    reader.page.reload()
    assert reader.page.locator("main").inner_text() == before

    open_dialog(chat)
    page.get_by_role("button", name=re.compile("^End the link")).click()
    expect(page.get_by_text("The link has ended.")).to_be_visible()
    expect(page.locator(".links li")).to_have_count(0)
    reader.expects("404")
    reader.page.reload()
    expect(reader.page.get_by_role("heading", name="This is not here")).to_be_visible()


def test_a_link_is_made_and_ended_by_keyboard_alone(chat: Chat) -> None:
    page = chat.page
    keys = page.keyboard
    page.get_by_role("button", name="More").focus()
    keys.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keys.press("s")
    expect(page.get_by_role("menuitem", name="Share")).to_be_focused()
    keys.press("Enter")
    dialog = page.get_by_role("dialog", name="Share this conversation")
    expect(dialog).to_be_visible()
    tab_to(chat, "share-thinking")
    keys.press("Space")
    expect(page.locator("#share-thinking")).to_be_checked()
    tab_to(chat, "share-make")
    keys.press("Enter")
    expect(page.locator(".links input[readonly]")).to_be_focused()
    assert page.evaluate("getSelection().toString()").startswith("http")  # Ctrl C is enough
    expect(dialog).to_contain_text("with thinking")
    tab_to(chat, "End the link")
    keys.press("Enter")
    expect(page.locator(".links li")).to_have_count(0)
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="More")).to_be_focused()


def tab_to(chat: Chat, name: str) -> None:
    for _ in range(20):
        if chat.has_focus().startswith(name):
            return
        chat.page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached")


def test_members_sign_in_first_and_come_back_to_what_was_shared(
    app: App, alice: Person, open_tab: OpenTab
) -> None:
    """As it is unless a setting says otherwise."""
    mine = open_tab(alice)
    mine.goto(tea(alice).path)
    path = make_link(mine)
    somebody = join(app, "bob")
    reader = open_tab(app=app, viewport=PHONE)
    reader.goto(path)
    page = reader.page
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Tea at the lake")
    page.locator("[name=login]").fill(somebody.name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page).to_have_url(reader.url + path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea at the lake")


def test_axe_finds_nothing_in_the_dialog_and_on_the_page(
    chat: Chat, open_app: App, open_tab: OpenTab
) -> None:
    open_dialog(chat)
    examine(chat, "share dialog")
    chat.page.keyboard.press("Escape")
    path = make_link(chat, "thinking", "what tools got and gave", "pictures")
    examine(chat, "share dialog with a link")
    reader = open_tab(app=open_app)
    reader.goto(path)
    for summary in reader.page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    examine(reader, "shared page")


def test_in_chinese_the_frame_is_chinese_whatever_was_written(
    owner: Person, open_app: App, open_tab: OpenTab
) -> None:
    past = Past(owner, "茶")
    past.ask("喝什么茶？")
    past.answer("绿茶。[ref_1]", sources=[{"index": 1, "title": "茶", "url": "https://tea.example/"}],
                options={"search": True}, status="stopped")  # fmt: skip
    chat = open_tab(owner, locale="zh-CN")
    chat.goto(past.path + "share/")
    only_chinese(chat, owner.name)
    chat.page.get_by_role("button", name="创建链接").click()
    field = chat.page.locator(".links input[readonly]")
    path = field.input_value().removeprefix(chat.url)
    only_chinese(chat, owner.name)
    reader = open_tab(app=open_app, locale="zh-CN")
    reader.goto(path)
    expect(reader.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    only_chinese(reader, "qwen-plus", "tea.example")
