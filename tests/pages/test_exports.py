"""Conversations as files: complete, harmless wherever they are opened, and well named."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt

from conversations import exporting
from tests.pages.conftest import Tree
from tests.pages.reading import Page

EVIL = "<img src=x onerror=alert(1)>"


def exported(browser, tree, kind):
    response = browser.get(f"{tree.url}export/?as={kind}")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment; ")
    return response, response.content.decode()


def test_markdown_has_the_current_branch_in_order(browser, alice):
    tree = Tree(alice, "Tea *time*")
    question = tree.ask("Which?\n# no heading")
    tree.answer(question, "Not this one.")
    tree.answer(question, "Green.\n\n```html\n<b>code</b>\n```", status="stopped")
    response, text = exported(browser, tree, "markdown")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.startswith(
        "# Tea \\*time\\*\n\n**You**, 2026-11-20 14:02\n\n> Which?\n> # no heading\n"
    )
    assert "<b>code</b>" in text
    assert "Not this one" not in text
    assert text.endswith("*You stopped this answer.*\n")


@pytest.mark.parametrize(
    "text",
    [
        EVIL,
        f"a {EVIL} b",
        f"`code` {EVIL}",
        f"```\n{EVIL}\n```\n{EVIL}",
        f"~~~~\n```\n~~~~\n{EVIL}",
        f"`` ` `` {EVIL}",
        f"unclosed ` {EVIL}",
        f"- item\n\n  {EVIL}",
        f"> {EVIL}",
        f"<!-- {EVIL} -->",
        "<?php ?> <!DOCTYPE html> </div>",
        f"text\\`{EVIL}`",
        f"a ` b\n\n{EVIL} ` c",
        f"- a `\n- {EVIL} `",
        f"``` a`b\n{EVIL}",
        f"1. x\n\n   ```\n   code\n{EVIL}",
        f"| a ` | {EVIL} ` |\n|---|---|\n| a ` | {EVIL} ` |",
        f"<a title='`'> {EVIL} `",
    ],
)
def test_exported_markdown_opens_no_html_in_any_reader(text):
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    found = Page(reader.render(exporting.inert(text)))
    assert not [element for element in found.all() if element.tag in ("img", "div", "script")]


def test_code_in_exported_markdown_stays_as_it_is():
    text = "Use `<b>`, <https://example.org/?a=<b> and\n\n```\n<b>x</b>\n```\nif a<b: 1 < 2"
    assert exporting.inert("`<b>` <https://example.org/>") == "`<b>` <https://example.org/>"
    assert "```\n<b>x</b>\n```" in exporting.inert(text)
    assert "1 < 2" in exporting.inert(text)


def test_a_fence_that_was_never_closed_takes_in_nothing_else(browser, tree):
    tree.answer(tree.ask(), "```python\nprint(1)")
    _, text = exported(browser, tree, "markdown")
    assert text.endswith("```python\nprint(1)\n```\n")


def test_json_has_every_message_with_its_place(browser, tree):
    question = tree.ask()
    one = tree.answer(question, "One", prompt_tokens=3, total_ms=5, options={"seed": 1})
    two = tree.answer(question, EVIL)
    response, text = exported(browser, tree, "json")
    assert response["Content-Type"] == "application/json"
    whole = json.loads(text)
    assert whole["leaf"] == str(two.id)
    assert [m["id"] for m in whole["messages"]] == [str(m.id) for m in (question, one, two)]
    assert whole["messages"][1]["parent"] == str(question.id)
    assert whole["messages"][1]["usage"]["prompt_tokens"] == 3
    assert whole["messages"][1]["options"] == {"seed": 1}
    assert whole["messages"][2]["text"] == EVIL


def test_the_web_page_needs_nothing_and_runs_nothing(browser, alice):
    tree = Tree(alice, EVIL)
    tree.answer(tree.ask(EVIL), f"**Green** {EVIL}", reasoning=EVIL)
    response, text = exported(browser, tree, "html")
    assert response["Content-Security-Policy"].startswith("sandbox;")
    page = Page(text)
    assert page.one("h1").text == EVIL
    assert page.one("strong").text == "Green"
    assert not page.all("script")
    assert not page.all("img")
    assert not page.all("link")
    assert "--text:" in page.one("style").text
    assert "</style" not in page.one("style").text
    assert not [e for e in page.all() if any(name.startswith("on") for name in e.attributes)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Tea", "Tea.md"),
        ("", "New chat.md"),
        ("a/b\\c:d", "a b c d.md"),
        ("..hidden.. ", "hidden.md"),
        ("two\nlines\r\nX: y", "two lines X y.md"),
        ("\u202egnp.exe", "gnp.exe.md"),
        ("茶 🍵", "茶 🍵.md"),
        ("x" * 190, "x" * 120 + ".md"),
    ],
)
def test_file_names_are_one_harmless_line(alice, title, name):
    assert exporting.file_name(Tree(alice, title).conversation, "md") == name


def test_a_chinese_title_reaches_the_header_encoded(browser, alice):
    tree = Tree(alice, "茶")
    response, _ = exported(browser, tree, "markdown")
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%E8%8C%B6.md"


def test_an_unknown_format_is_refused_by_name(browser, tree):
    response = browser.get(f"{tree.url}export/?as=docx")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
    assert response.json()["error"]["field"] == "as"
