"""Without a mouse, and with a Chinese input method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.upstream import Gate

from .seeding import Past
from .service import reply

if TYPE_CHECKING:
    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]


def test_everything_is_reached_by_tab_in_the_order_of_the_page_and_nothing_holds_the_focus(
    open_tab: OpenTab, alice: Person
) -> None:
    past = Past(alice, "By keyboard")
    past.ask("A question")
    past.answer("An answer with a [link](https://example.org/) and\n\n```python\nprint(1)\n```")
    chat = open_tab(alice)
    chat.goto(past.path)
    expect(chat.action("copy")).to_be_attached()
    chat.page.evaluate("() => document.activeElement?.blur()")
    order: list[str] = []
    for _ in range(60):
        chat.page.keyboard.press("Tab")
        at = chat.has_focus()
        if at == "nothing" or (order and at == order[0] and len(order) > 10):
            break
        order.append(at)
        visible = chat.page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.width > 0 && box.height > 0 && getComputedStyle(document.activeElement).visibility;
            }"""
        )
        assert visible == "visible", f"{at} has the focus and cannot be seen"
    else:
        raise AssertionError(f"the focus never came back: {order}")
    assert order[0].startswith("skip"), order
    wanted = ["new-chat", "chat-search", "model-button", "transcript", "copy", "edit"]
    wanted += ["regenerate", "request", "composer-text"]
    places = [order.index(name) for name in wanted]
    assert places == sorted(places), order


def test_a_whole_exchange_without_a_mouse(
    open_tab: OpenTab, alice: Person, service: Service
) -> None:
    past = Past(alice, "By keyboard")
    past.ask("A question")
    past.answer("An answer")
    chat = open_tab(alice)
    page, keyboard = chat.page, chat.page.keyboard
    chat.goto(past.path)
    page.evaluate("() => document.activeElement?.blur()")
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the message box")).to_be_visible()
    keyboard.press("Enter")
    expect(chat.box).to_be_focused()

    held, question = Gate(), "First line\nsecond line"
    service.on(question, reply("Half", held, " never"), reply(" and whole."))
    keyboard.type("First line")
    keyboard.press("Shift+Enter")
    keyboard.type("second line")
    keyboard.press("Enter")
    expect(chat.questions.nth(1)).to_have_text(question)
    expect(chat.prose(1)).to_have_text("Half")
    expect(chat.box).to_be_focused()
    keyboard.press("Escape")
    chat.expect_status("stopped")
    expect(chat.box).to_be_focused()

    chat.action("continue").focus()
    keyboard.press("Enter")
    chat.expect_status("complete")
    expect(chat.prose()).to_have_text("Half and whole.")
    expect(page.locator(":focus")).to_have_count(1)
    chat.action("regenerate").focus()
    keyboard.press("Enter")
    expect(chat.answer().locator(".branch")).to_contain_text("2/2")
    chat.expect_status("complete")
    expect(page.locator(":focus")).to_have_count(1)
    keyboard.press("Alt+ArrowLeft")
    expect(chat.answer().locator(".branch")).to_contain_text("1/2")
    expect(page.locator(":focus")).to_have_count(1)

    keyboard.press("Alt+e")
    editor = chat.question().locator("form textarea")
    expect(editor).to_be_focused()
    keyboard.press("Escape")
    expect(editor).to_have_count(0)
    expect(chat.question().locator("[data-action=edit]")).to_be_focused()


def test_the_model_picker_works_by_keyboard(chat: Chat) -> None:
    page, keyboard = chat.page, chat.page.keyboard
    button = page.locator("#model-button")
    button.focus()
    keyboard.press("Enter")
    expect(page.get_by_placeholder("Find a model")).to_be_focused()
    keyboard.press("Escape")
    expect(page.locator("#model-pop")).to_be_hidden()
    expect(button).to_be_focused()

    keyboard.press("Alt+m")
    expect(page.get_by_placeholder("Find a model")).to_be_focused()
    keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.type") == "radio"
    before = button.inner_text()
    keyboard.press("ArrowDown")
    expect(button).not_to_have_text(before)
    keyboard.press("Enter")
    expect(page.locator("#model-pop")).to_be_hidden()
    expect(page.locator(":focus")).to_have_count(1)

    keyboard.press("Alt+m")
    keyboard.type("qwen3-max")
    keyboard.press("Enter")
    expect(page.locator("#model-pop")).to_be_hidden()
    expect(button).to_contain_text("qwen3-max")
    expect(page.locator(":focus")).to_have_count(1)


def test_menus_and_dialogs_take_the_focus_and_give_it_back(
    open_tab: OpenTab, alice: Person
) -> None:
    past = Past(alice, "By keyboard")
    past.ask("A question")
    past.answer("An answer")
    chat = open_tab(alice)
    page, keyboard = chat.page, chat.page.keyboard
    chat.goto(past.path)

    more = page.get_by_role("button", name="More", exact=True)
    more.focus()
    keyboard.press("Enter")
    menu = page.locator("#chat-menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    keyboard.press("End")
    expect(menu.get_by_role("menuitem", name="Delete")).to_be_focused()
    keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Rename")).to_be_focused()
    keyboard.press("Enter")
    title = page.locator("#rename-title")
    expect(title).to_be_focused()
    expect(menu).to_be_hidden()
    for _ in range(6):
        keyboard.press("Tab")
        assert page.evaluate("() => !!document.activeElement.closest('dialog')") or (
            chat.has_focus() == "nothing"
        ), "the focus left the dialog"
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(more).to_be_focused()

    keyboard.press("F2")
    expect(title).to_be_focused()
    keyboard.type("Another title")
    keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Another title")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(":focus")).to_have_count(1)

    keyboard.press("Control+/")
    shortcuts = page.locator("#shortcuts")
    expect(shortcuts).to_be_visible()
    keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    keyboard.press("Control+k")
    expect(page.locator("#chat-search")).to_be_focused()
    keyboard.press("Control+b")
    expect(page.locator("#sidebar")).to_be_hidden()
    expect(page.locator(":focus")).to_have_count(1)
    keyboard.press("Control+b")
    expect(page.locator("#sidebar")).to_be_visible()

    chip = page.locator(".user-chip")
    chip.focus()
    keyboard.press("Enter")
    expect(page.locator("#user-menu").get_by_role("menuitem").first).to_be_focused()
    keyboard.press("Escape")
    expect(chip).to_be_focused()
    keyboard.press("Alt+n")
    expect(page).to_have_url(re.compile(r":\d+/$"))
    expect(chat.box).to_be_focused()


def test_enter_that_confirms_a_chinese_word_does_not_send(chat: Chat, service: Service) -> None:
    page = chat.page
    keys = page.context.new_cdp_session(page)
    chat.box.focus()
    for spelt in ("n", "ni", "ni h", "ni hao"):
        composing = {"text": spelt, "selectionStart": len(spelt), "selectionEnd": len(spelt)}
        keys.send("Input.imeSetComposition", composing)
    expect(chat.box).to_have_value("ni hao")
    page.evaluate(
        """() => {
          window.heard = [];
          document.addEventListener("keydown", (event) => heard.push([event.key, event.isComposing]), true);
        }"""
    )
    # A raw key: its character went to the input method, as it does on a person's machine.
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    keys.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keys.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    assert page.evaluate("() => heard") == [["Enter", True]]
    expect(chat.questions).to_have_count(0)
    keys.send("Input.insertText", {"text": "你好"})
    expect(chat.box).to_have_value("你好")
    # As Windows and Safari report the same Enter: code 229, or right after the composition's end.
    chat.box.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})
    chat.box.evaluate(
        """(box) => {
          box.dispatchEvent(new CompositionEvent("compositionend", { data: "你好", bubbles: true }));
          box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        }"""
    )
    expect(chat.questions).to_have_count(0)
    expect(chat.box).to_have_value(re.compile("^你好"))
    composed = page.evaluate("() => performance.now()")
    page.wait_for_function("(composed) => performance.now() - composed > 100", arg=composed)
    chat.box.press("Enter")
    expect(chat.questions).to_have_text(["你好"])
    chat.expect_status("complete")
    assert len(service.asked("你好")) == 1


def test_escape_that_ends_a_composition_does_not_stop_the_answer(
    chat: Chat, service: Service
) -> None:
    held, question = Gate(), "写一首诗"
    service.on(question, reply("床前", held, "明月光"))
    chat.ask(question)
    expect(chat.prose()).to_have_text("床前")
    keys = chat.page.context.new_cdp_session(chat.page)
    chat.box.focus()
    composing = {"text": "xie", "selectionStart": 3, "selectionEnd": 3}
    keys.send("Input.imeSetComposition", composing)
    chat.page.keyboard.press("Escape")
    keys.send("Input.imeSetComposition", {"text": "", "selectionStart": 0, "selectionEnd": 0})
    chat.expect_status("streaming")
    held.open()
    expect(chat.prose()).to_have_text("床前明月光")
    chat.expect_status("complete")
