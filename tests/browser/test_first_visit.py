"""A stranger's first minutes, with what the first command gives: no key, an empty database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import OpenTab
    from .running import App

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]


def test_a_stranger_signs_up_asks_and_watches_the_answer_grow(
    sandbox_app: App, open_tab: OpenTab
) -> None:
    chat = open_tab(app=sandbox_app)
    page = chat.page
    chat.goto("/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.get_by_role("link", name="Create one").click()
    page.locator("[name=username]").fill("newcomer")
    page.locator("[name=password1]").fill("correct horse battery")
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="What would you like to ask?")).to_be_visible()
    expect(page.get_by_text("answers come from the offline sandbox")).to_be_visible()

    chat.ask("Write 400 words about tea")
    expect(chat.answer()).to_have_attribute("aria-busy", "true")
    lengths: list[int] = []
    while chat.answer().get_attribute("aria-busy") and len(lengths) < 4:
        length = len(chat.prose().inner_text())
        if not lengths or length > lengths[-1]:
            lengths.append(length)
    assert len(lengths) == 4, f"the answer was seen at the lengths {lengths}"
    chat.stop_button.click()
    chat.expect_status("stopped")
    chat.expect_conversation()

    page.get_by_role("button", name=re.compile("newcomer")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.locator("[name=login]").fill("newcomer")
    page.locator("[name=password]").fill("wrong")
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That did not match")
    page.locator("[name=password]").fill("correct horse battery")
    page.locator("[name=password]").press("Enter")
    page.locator(".nav-row__link").first.click()
    expect(chat.questions).to_have_text(["Write 400 words about tea"])


def test_the_first_administrator_signs_in_with_what_the_start_printed(
    sandbox_app: App, open_tab: OpenTab
) -> None:
    assert sandbox_app.administrator
    name, password = sandbox_app.administrator
    chat = open_tab(app=sandbox_app)
    chat.goto("/accounts/login/?next=/admin/")
    chat.page.locator("[name=login]").fill(name)
    chat.page.locator("[name=password]").fill(password)
    chat.page.get_by_role("button", name="Sign in").click()
    expect(chat.page.get_by_role("heading", name="Administration")).to_be_visible()
