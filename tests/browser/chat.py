"""A page as the tests talk about it: its parts by name, and what went wrong in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

# The policy's violations are console errors of their own in Chromium; this names what was blocked.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI}`));
"""


class Chat:
    """One browser tab. `problems` must be empty at the end of the test; `expects` names those that may be."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        self._expected: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.add_init_script(TELL_VIOLATIONS)
        self.box = page.locator("#composer-text")
        self.send_button = page.locator("#composer [data-action=send]")
        self.stop_button = page.locator("#composer [data-action=stop]")
        self.questions = page.locator("#thread .msg--user .bubble")
        self.answers = page.locator("#thread .msg--assistant")
        self.announcer = page.locator("#announcer")
        self.offline = page.locator("#banner-offline")
        self.queue = page.locator(".queue")
        self.transcript = page.locator("#transcript")

    def expects(self, pattern: str) -> None:
        """Console errors like this one belong to what the test does."""
        self._expected.append(pattern)

    def goto(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def ask(self, text: str) -> None:
        self.box.fill(text)
        expect(
            self.send_button
        ).to_be_enabled()  # by the script: before it is there Enter is a new line
        self.box.press("Enter")

    def question(self, number: int = -1) -> Locator:
        return self.page.locator("#thread .msg--user").nth(number)

    def answer(self, number: int = -1) -> Locator:
        return self.answers.nth(number)

    def prose(self, number: int = -1) -> Locator:
        return self.answer(number).locator("[data-slot=prose]")

    def action(self, name: str, number: int = -1) -> Locator:
        """A button of an answer."""
        return self.answer(number).locator(f"[data-action={name}]")

    def expect_status(self, status: str, number: int = -1) -> None:
        expect(self.answer(number)).to_have_attribute("data-status", status)

    def expect_conversation(self) -> str:
        """Waits until the chat has its address, and gives it."""
        expect(self.page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
        return self.page.url.removeprefix(self.url)

    def has_focus(self) -> str:
        """What has the focus, in words."""
        return str(self.page.evaluate(FOCUSED))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        text = f"console: {message.text} ({message.location.get('url', '')})"
        if not any(re.search(pattern, text) for pattern in self._expected):
            self.problems.append(text)


FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "nothing";
  return at.id || at.dataset.action || at.getAttribute("aria-label") || at.className || at.localName;
}"""


def settled(chat: Chat) -> None:
    """Waits until the scroll has not moved for three frames."""
    chat.transcript.evaluate(
        """async (scroller) => {
          for (let still = 0, at = scroller.scrollTop; still < 12; at = scroller.scrollTop) {
            await new Promise(requestAnimationFrame);
            still = scroller.scrollTop === at ? still + 1 : 0;
          }
        }"""
    )
