"""Reading: scroll, phone, dark, Chinese, without scripts, and what Markdown becomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.upstream import Gate

from .chat import settled
from .people import PASSWORD
from .seeding import Past
from .service import TITLE, reply

if TYPE_CHECKING:
    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .running import App
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

PHONE = {"width": 390, "height": 844}
PARAGRAPH = "A paragraph that is long enough to fill some lines of the page. " * 4 + "\n\n"
RICH = r"""Prices like $5 and $10 stay text. Inline $e^{i\pi} + 1 = 0$, and **「重点」**内容.

$$\int_0^1 x^2\,dx = \frac{1}{3}$$

| Tea | Minutes |
|-----|--------:|
| Green | 2 |
| Black | 4 |

```python
def steep(minutes):
    return f"{minutes} min"
```

- [x] kettle
- [ ] cup
"""


def test_the_page_follows_the_answer_and_never_moves_who_scrolled_up(
    chat: Chat, service: Service
) -> None:
    gates = [Gate(), Gate(), Gate(), Gate()]
    question = "A long story"
    steps: list[str | Gate] = []
    for number, gate in enumerate(gates):
        steps += [PARAGRAPH * 6 + f"End of part {number}.\n\n", gate]
    service.on(question, reply(*steps, PARAGRAPH * 6 + "The end."))
    chat.ask(question)
    jump = chat.page.locator("[data-action=jump]")
    expect(chat.prose().get_by_text("End of part 0.")).to_be_in_viewport()
    gates[0].open()
    expect(chat.prose().get_by_text("End of part 1.")).to_be_in_viewport()
    expect(jump).to_be_hidden()

    chat.transcript.hover()
    chat.page.mouse.wheel(0, -900)
    expect(jump).to_be_visible()
    settled(chat)
    before = top_of(chat)
    gates[1].open()
    expect(chat.prose().get_by_text("End of part 2.")).to_be_attached()
    settled(chat)
    assert top_of(chat) == before, "the reader was moved"
    expect(jump).to_have_attribute("aria-label", "Latest: new text below")

    jump.click()
    expect(chat.prose().get_by_text("End of part 2.")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    gates[2].open()
    expect(chat.prose().get_by_text("End of part 3.")).to_be_in_viewport()

    chat.page.mouse.wheel(0, -900)
    expect(jump).to_be_visible()
    settled(chat)
    before = top_of(chat)
    gates[3].open()
    chat.expect_status("complete")
    settled(chat)
    assert top_of(chat) == before, "the end of the answer moved the reader"


def top_of(chat: Chat) -> float:
    return round(chat.transcript.evaluate("(scroller) => scroller.scrollTop"))


def test_math_code_tables_and_tasks_are_rendered_while_they_come_and_after(
    chat: Chat, service: Service
) -> None:
    held, question = Gate(), "Show me everything"
    service.on(question, reply(RICH[:-8], held, RICH[-8:]))
    chat.ask(question)
    for loaded in (False, True):
        prose = chat.prose()
        expect(prose.locator("table td")).to_have_text(["Green", "2", "Black", "4"])
        expect(prose.locator("math")).to_have_count(2)
        expect(prose.locator("math[display=block] mfrac")).to_have_count(1)
        expect(prose.locator("strong")).to_have_text("「重点」")
        expect(prose.get_by_text("Prices like $5 and $10 stay text.")).to_be_visible()
        expect(prose.locator("pre code")).to_contain_text('return f"{minutes} min"')
        assert prose.locator("pre code span").count() > 3, "the code is not highlighted"
        if not loaded:
            held.open()
            chat.expect_status("complete")
            expect(prose.locator("input[type=checkbox]")).to_have_count(2)
            chat.page.reload()
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.action("copy").click()
    chat.page.wait_for_function(
        "async (wanted) => (await navigator.clipboard.readText()).trim() === wanted",
        arg=RICH.strip(),
    )


def test_the_phone_has_a_drawer_and_room_for_everything(
    open_tab: OpenTab, alice: Person, service: Service
) -> None:
    past = Past(alice, "A chat with a rather long title that does not fit a phone")
    past.ask("A question")
    past.answer(
        RICH + "\n\n" + "| a | b | c | d | e | f |\n|-|-|-|-|-|-|\n" + "| a long cell " * 6 + "|"
    )
    chat = open_tab(alice, viewport=PHONE, has_touch=True, is_mobile=True)
    page = chat.page
    chat.goto(past.path)
    expect(page.locator("#sidebar")).to_be_hidden()
    assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth"), (
        "the page scrolls sideways"
    )
    page.get_by_role("button", name="Open sidebar").tap()
    expect(page.locator("#sidebar")).to_be_visible()
    expect(page.locator(".nav-row__link")).to_have_count(1)
    page.get_by_role("button", name="Close sidebar").tap()
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Open sidebar").tap()
    page.locator("#sidebar").get_by_role("link", name="New chat").tap()
    expect(page.get_by_role("heading", name="What would you like to ask?")).to_be_visible()

    held, question = Gate(), "From the tram"
    service.on(question, reply("On ", held, "my way."))
    # A screen keyboard has no Shift beside Enter: there it is a new line.
    chat.box.fill("From the tram")
    chat.box.press("Enter")
    expect(chat.box).to_have_value("From the tram\n")
    chat.box.fill(question)
    chat.send_button.tap()
    expect(chat.prose()).to_have_text("On")
    expect(chat.stop_button).to_be_in_viewport(ratio=1)
    held.open()
    chat.expect_status("complete")
    page.locator("#model-button").tap()
    expect(page.locator("#model-pop")).to_be_in_viewport(ratio=0.99)


def test_the_chosen_theme_stays(chat: Chat) -> None:
    page = chat.page
    page.locator(".user-chip").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    html = page.locator("html")
    dark = "rgb(19, 25, 23)"
    expect(html).to_have_css("background-color", dark)
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(html).to_have_css("background-color", dark)
    page.emulate_media(color_scheme="dark")
    page.locator(".user-chip").click()
    page.get_by_role("menuitemradio", name="Light").click()
    expect(html).not_to_have_css("background-color", dark)


def test_in_chinese_no_english_is_left(
    open_tab: OpenTab, alice: Person, rita: Person, service: Service
) -> None:
    chat = open_tab(alice)
    page = chat.page
    chat.goto()
    page.locator(".user-chip").click()
    page.get_by_role("menuitemradio", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    only_chinese(chat, alice.name)
    page.locator("#model-button").click()
    page.locator("#model-pop summary").click()
    only_chinese(chat, alice.name)
    page.keyboard.press("Escape")
    page.locator("[popovertarget=options-pop]").first.click()
    for summary in page.locator("#options-pop summary").all():
        summary.click()
    only_chinese(chat, alice.name)
    page.keyboard.press("Escape")

    held, question = Gate(), "你好吗"
    service.on(question, reply("我很", held, "好。", thoughts=["想一想"]))
    chat.ask(question)
    expect(chat.prose()).to_have_text("我很")
    only_chinese(chat, alice.name)
    held.open()
    chat.expect_status("complete")
    expect(page.locator("#title")).to_have_text(TITLE)
    only_chinese(chat, alice.name, TITLE)
    page.keyboard.press("Control+/")
    only_chinese(chat, alice.name, TITLE)
    page.keyboard.press("Escape")

    past = states(alice)
    chat.goto(past.path)
    only_chinese(chat, alice.name, TITLE, "complete", "stopped", "interrupted", "length")
    chat.goto(past.path + "rename/")
    only_chinese(chat)
    chat.goto(past.path + "delete/")
    only_chinese(chat)
    chat.goto("/accounts/password/change/")
    only_chinese(chat)
    chat.goto("/accounts/logout/")
    only_chinese(chat)
    chat.expects("404")
    chat.goto("/nowhere/")
    only_chinese(chat)
    page.context.clear_cookies(name="sessionid")
    for path in ("/accounts/login/", "/accounts/signup/"):
        chat.goto(path)
        only_chinese(chat)


def states(person: Person) -> Past:
    """A conversation with an answer in every state that can be seen at rest."""
    past = Past(person, "每种状态")
    past.ask("一")
    past.answer("complete", reasoning="想", reasoning_ms=2400, prompt_tokens=10, completion_tokens=4,
                first_token_ms=300, total_ms=2000)  # fmt: skip
    past.ask("二")
    past.answer("stopped", status="stopped")
    past.ask("三")
    past.answer("interrupted", status="interrupted")
    past.ask("四")
    past.answer("length", finish_reason="length")
    for code in (
        "upstream_auth",
        "upstream_arrears",
        "upstream_rate_limited",
        "upstream_unavailable",
        "upstream_timeout",
        "upstream_invalid_request",
        "upstream_protocol",
        "content_filtered",
        "context_too_long",
        "model_not_found",
        "internal",
    ):
        past.ask("五")
        past.answer("", status="failed", error_code=code)
    return past


ENGLISH = re.compile(r"[A-Za-z]{2,}")
# Names of things, and keys as they are printed on the keyboard.
NAMES = re.compile(
    r"qwenchat|\b(?:qwen|qwq)[\w.-]*|English|Ctrl|Alt|Shift|Enter|Esc|Markdown|JSON|HTML|Delete|F\d+"
    r"|top_p|top_k|Top P|Top K|OCR|PDF|AI|API|JavaScript|https?://\S+|example\.org|upstream_\w+|content_filtered"
    r"|context_too_long|model_not_found|internal|DashScope|Qwen|Backspace|Home|End|\bs\b|VL|tokens?",
)
TEXTS = """() => {
  const found = new Set();
  const isSeen = (element) => element.checkVisibility({ checkVisibilityCSS: true });
  const named = ["aria-label", "title", "placeholder", "alt"];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement;
    if (parent.closest("script, style, template, noscript")) continue;
    if (isSeen(parent)) found.add(node.data.trim());
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("template, noscript") || !isSeen(element)) continue;
    for (const name of named) found.add(element.getAttribute(name) ?? "");
  }
  found.add(document.title);
  return [...found];
}"""


def only_chinese(chat: Chat, *allowed: str) -> None:
    texts = chat.page.evaluate(TEXTS)
    assert any(re.search(r"[\u4e00-\u9fff]", text) for text in texts)
    left = []
    for text in texts:
        rest = text
        for one in allowed:
            rest = rest.replace(one, "")
        if ENGLISH.search(NAMES.sub("", rest)):
            left.append(text)
    assert not left, f"English on {chat.page.url}: {left}"


def test_the_sign_in_page_changes_its_language_at_once(app: App, open_tab: OpenTab) -> None:
    chat = open_tab(app=app)
    chat.goto("/accounts/login/")
    chat.page.locator("#language").select_option("zh-hans")
    expect(chat.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    only_chinese(chat)


def test_history_is_readable_without_javascript(open_tab: OpenTab, alice: Person) -> None:
    past = Past(alice, "Plain paper")
    past.ask("Which tea?")
    past.answer(RICH, reasoning="Let me see.", reasoning_ms=900)
    for number in range(30):
        past.ask(f"Question {number}")
        past.answer(f"Answer {number}")
    chat = open_tab(alice, java_script_enabled=False)
    page = chat.page
    chat.goto()
    page.get_by_role("link", name="Plain paper").click()
    expect(page.get_by_role("heading", name="Plain paper")).to_be_visible()
    # Texts inside <noscript> are not found by Playwright's own search for texts.
    notice = page.locator("noscript .banner")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Sending a message needs JavaScript.")
    expect(page.locator(".msg button:visible")).to_have_count(0)
    expect(page.get_by_text("Answer 29", exact=True)).to_be_visible()
    page.get_by_role("link", name="Earlier messages").click()
    expect(page.get_by_text("Which tea?")).to_be_visible()
    expect(chat.prose(0).locator("table")).to_be_visible()
    expect(chat.prose(0).locator("math").first).to_be_visible()
    page.get_by_role("link", name="Newer messages").click()
    expect(page.get_by_text("Answer 29", exact=True)).to_be_visible()
    chat.goto(past.path + "rename/")
    page.locator("#rename-title").fill("Still plain")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Still plain")).to_be_visible()
    chat.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.locator("[name=login]").fill(alice.name)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Still plain")).to_be_visible()
