"""Staff add tool servers in Chromium, read and accept them; people then use their tools."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.toolbox.conftest import library

from .people import join
from .running import App
from .test_accessibility import examine
from .test_tools import LEND, TEA, calls, english, use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from .chat import Chat
    from .conftest import OpenTab

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

# Of the sheet that Django's forms.css imports, axe writes a copy into the page, which the policy refuses.
AXE_READS_IMPORTS = r"(inline style violates|style-src-elem blocked inline)"
SERVERS = "/admin/conversations/toolserver/"
LOOK_UP = "library__look_up"
SAID_BY_THE_SERVER = {"book up", "Tells the headers"}
LOOK = "/sandbox call {} {}".format(LOOK_UP, json.dumps({"title": "Emma"}))
NOW = "/sandbox call time__get_current_time {}".format(json.dumps({"timezone": "Asia/Shanghai"}))


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with App(tmp_path_factory.mktemp("toolbox"), QWENCHAT_MCP_STDIO="true") as app:
        yield app


def staff_tab(own: App, open_tab: OpenTab, **options: str) -> Chat:
    tab = open_tab(join(own, "root", is_staff=True), **options)
    tab.expects(AXE_READS_IMPORTS)
    return tab


@pytest.fixture
def staff(own: App, open_tab: OpenTab) -> Chat:
    return staff_tab(own, open_tab)


def add_library(staff: Chat, port: int) -> None:
    page = staff.page
    staff.goto(f"{SERVERS}add/")
    page.get_by_label("Name").fill("library")
    page.get_by_role("textbox", name="Address:", exact=True).fill(f"http://127.0.0.1:{port}/mcp")
    page.get_by_label("Private addresses").fill(f"127.0.0.1:{port}")
    page.get_by_role("button", name="Save", exact=True).click()


def read(staff: Chat) -> None:
    staff.page.get_by_role("button", name="Read the tools").click()
    expect(staff.page.locator(".messagelist")).to_contain_text("The tools were read.")


def accept(staff: Chat) -> None:
    staff.page.get_by_role("button", name="Accept these tools").click()
    expect(staff.page.locator(".messagelist")).to_contain_text("The tools are accepted.")


def test_a_server_is_added_and_used_and_asks_again_when_it_changes(
    own: App, staff: Chat, open_tab: OpenTab
) -> None:
    with library() as port:
        add_library(staff, port)
        expect(staff.page.locator("#content-main")).to_contain_text("Not read yet")
        read(staff)
        expect(staff.page.locator("#content-main")).to_contain_text("Looks a book up.")
        examine(staff, "tools to be accepted")
        accept(staff)
        expect(staff.page.locator("#content-main")).to_contain_text("Offered")
        staff.goto(SERVERS)
        examine(staff, "the tool servers")

        chat = open_tab(join(own, "alice"))
        chat.goto()
        use(chat, LEND, LOOK_UP)
        chat.ask(TEA)
        calls(chat).get_by_role("button", name="Allow once", exact=True).click()
        expect(calls(chat)).to_have_attribute("data-status", "done")
        chat.expect_status("complete")
        path = chat.expect_conversation()

    with library("Looks a book up. <b>Lend it first.</b>", port=port):
        chat.ask(LOOK)
        expect(chat.answers).to_have_count(2)
        chat.expect_status("complete")
        expect(calls(chat)).to_have_attribute("data-status", "failed")
        calls(chat).locator("summary").click()
        expect(calls(chat)).to_contain_text("have changed since they were approved")
        chat.goto(path)
        expect(chat.page.locator(f'input[name=tools][value="{LOOK_UP}"]')).to_have_count(0)

        staff.goto(SERVERS)
        expect(staff.page.locator("#result_list")).to_contain_text("Changed: to be read again")
        staff.page.get_by_role("link", name="library").click()
        staff.page.get_by_role("link", name="Tools", exact=True).click()
        expect(staff.page.locator(".errornote")).to_contain_text("Read and accept them again.")
        read(staff)
        changed = staff.page.locator(f"#tool-{LOOK_UP}")
        expect(changed).to_contain_text("(Changed)")
        expect(staff.page.locator("#content-main")).to_contain_text("<b>Lend it first.</b>")
        examine(staff, "a changed list")
        accept(staff)

        chat.goto(path)
        use(chat, LOOK_UP)
        chat.ask(LOOK)
        expect(chat.answers).to_have_count(3)
        expect(calls(chat)).to_have_attribute("data-status", "done")
        chat.expect_status("complete")


def test_a_program_is_added_by_keyboard_alone(own: App, staff: Chat, open_tab: OpenTab) -> None:
    page = staff.page
    staff.goto(f"{SERVERS}add/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("time")
    page.keyboard.press("Tab")
    page.keyboard.type("A program")
    tab_to(page, "id_command")
    page.keyboard.type(sys.executable)
    tab_to(page, "id_arguments")
    page.keyboard.type("-m\nmcp_server_time")
    tab_to(page, "id_secrets_new")
    page.keyboard.type("TOKEN=s3cret-of-the-program")
    examine(staff, "the form")
    page.keyboard.press("Tab")
    press(page, "Save")
    press(page, "Read the tools")
    expect(page.locator("#content-main")).to_contain_text("time__get_current_time")
    press(page, "Accept these tools")
    expect(page.locator("#content-main")).to_contain_text("Offered")
    staff.goto(SERVERS)
    page.get_by_role("link", name="time").click()
    expect(page.locator("body")).to_contain_text("TOKEN: ••••gram")
    assert "s3cret" not in page.content()

    chat = open_tab(join(own, "alice"))
    chat.goto()
    use(chat, "time__get_current_time")
    chat.ask(NOW)
    expect(calls(chat)).to_have_attribute("data-status", "done")
    calls(chat).locator("summary").click()
    expect(calls(chat).locator("pre").last).to_contain_text("Asia/Shanghai")
    chat.expect_status("complete")


def tab_to(page: Page, id_: str) -> None:
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == id_:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {id_}")


def press(page: Page, name: str) -> None:
    """The button of this name, reached by Tab from where the focus is."""
    button = page.get_by_role("button", name=name, exact=True)
    expect(button).to_be_visible()
    for _ in range(60):
        if button.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name}")


def test_a_server_that_is_switched_off_while_a_call_waits_is_not_called(
    own: App, staff: Chat, open_tab: OpenTab
) -> None:
    with library() as port:
        add_library(staff, port)
        read(staff)
        accept(staff)
        chat = open_tab(join(own, "alice"))
        chat.goto()
        use(chat, LEND)
        chat.ask(TEA)
        expect(calls(chat)).to_have_attribute("data-status", "waiting")
        staff.goto(SERVERS)
        staff.page.get_by_role("link", name="library").click()
        staff.page.get_by_label("Switched on").uncheck()
        staff.page.get_by_role("button", name="Save", exact=True).click()
        expect(staff.page.locator("#result_list")).to_contain_text("Switched off")

        calls(chat).get_by_role("button", name="Allow once", exact=True).click()
        expect(chat.page.locator("body")).to_contain_text("not offered to you any more")
        examine(chat, "a call that can only be refused")
        calls(chat).get_by_role("button", name="Refuse").click()
        expect(calls(chat)).to_have_attribute("data-status", "refused")
        chat.expect_status("complete")


def test_problems_are_said_on_the_page(staff: Chat) -> None:
    add_library(staff, 9)  # nobody listens there
    staff.page.get_by_role("button", name="Read the tools").click()
    expect(staff.page.locator(".errornote")).to_contain_text("cannot be reached")
    expect(staff.page.locator("#content-main")).to_contain_text("Could not be read")
    examine(staff, "a server that cannot be read")


def test_it_speaks_chinese(own: App, open_tab: OpenTab) -> None:
    staff = staff_tab(own, open_tab, locale="zh-CN")
    page = staff.page
    with library() as port:
        staff.goto(f"{SERVERS}add/")
        page.locator("#id_name").fill("library")
        page.locator("#id_url").fill(f"http://127.0.0.1:{port}/mcp")
        page.locator("#id_allow_private").fill(f"127.0.0.1:{port}")
        examine(staff, "the form in Chinese")
        assert english(page.locator("#content")) == ["streamable HTTP"]
        page.locator("input[name=_save]").click()
        page.get_by_role("button", name="读取工具").click()
        expect(page.locator("#content-main")).to_contain_text("library__lend")
        examine(staff, "tools to be accepted, in Chinese")
        assert set(english(page.locator("#content"))) == SAID_BY_THE_SERVER
        page.get_by_role("button", name="接受这些工具").click()
        expect(page.locator("#content-main")).to_contain_text("可选用")
        staff.goto(SERVERS)
        examine(staff, "the tool servers in Chinese")
        assert english(page.locator("#content")) == []
