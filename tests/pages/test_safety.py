"""What people and models write stays text, and no page needs anything that the policy forbids."""

from __future__ import annotations

import json

import pytest
from django.template.loader import render_to_string

from tests.pages.conftest import Tree, signed_in
from tests.pages.reading import Page

HOSTILE = "</script><img src=x onerror=alert(1)>\"' & {{ 7 }}"
STYLED = frozenset({"style"})


@pytest.fixture
def hostile(alice):
    tree = Tree(alice, HOSTILE, model=HOSTILE[:90], system=f"</textarea>{HOSTILE}")
    question = tree.ask(HOSTILE)
    tree.answer(
        question,
        HOSTILE,
        model=HOSTILE[:90],
        reasoning=HOSTILE,
        status="failed",
        error_code="<b>code</b>",
    )
    return tree


def test_titles_texts_and_model_names_with_html_are_shown_as_text(look, hostile):
    read = look(hostile.url)
    assert read.one("h1").text == HOSTILE
    assert read.one("li", class_="nav-row").one(data_slot="row-title").text == HOSTILE
    assert read.one("div", class_="bubble").text == HOSTILE
    assert read.one("h2", class_="msg__who").text == HOSTILE[:90]
    assert read.one(data_slot="reasoning").text == HOSTILE
    assert HOSTILE in read.one("textarea", name="system").text
    assert not read.all("img")


def test_dialogs_show_hostile_titles_as_text(look, hostile):
    for kind in ("rename", "delete"):
        read = look(f"{hostile.url}{kind}/")
        assert not read.all("img")
    assert read.one("bdi").text == HOSTILE


def test_the_question_keeps_its_lines_and_spaces(look, alice):
    tree = Tree(alice)
    text = "  one\n\n\ttwo   three\n"
    tree.answer(tree.ask(text))
    assert look(tree.url).one("div", class_="bubble").text == text


def every_page(tree, message):
    base = tree.url
    return [
        "/",
        base,
        f"{base}thread/",
        f"{base}menu/",
        f"{base}rename/",
        f"{base}delete/",
        f"{base}?before={message.id}",
        "/conversations/?q=zzz",
        "/no/such/page/",
    ]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_page_has_inline_script_style_or_handlers(alice, language, hostile):
    browser = signed_in(alice, **{"Accept-Language": language})
    for path in every_page(hostile, hostile.conversation.leaf):
        response = browser.get(path)
        assert "'unsafe" not in response["Content-Security-Policy"]
        assert "default-src 'none'" in response["Content-Security-Policy"]
        check_policy(Page(response.content.decode()), path)


def check_policy(page, path):
    for element in page.all():
        for name, value in element.attributes.items():
            assert name not in STYLED, (path, element.tag, name)
            assert not name.startswith(("on", "hx-on")), (path, element.tag, name)
            assert not value.lower().startswith("javascript:"), (path, element.tag, name)
        assert element.tag != "style", path
        if element.tag == "script":
            inert = element.attributes.get("type") == "application/json"
            assert inert or (element.attributes["src"].startswith("/static/") and not element.text)
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            assert not element.attributes.get(name, "").startswith(("//", "http")), (path, name)


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_error_pages_stand_without_request_and_database(name):
    page = Page(render_to_string(name))
    check_policy(page, name)
    assert page.one("h1").words
    assert page.one("main").one("a").attributes["href"] == "/"
    assert not page.all("script")


def test_words_for_the_scripts_are_json_that_cannot_end_its_element(look, tree):
    words = json.loads(look("/").one("script", id_="words").text)
    assert words["answering"] == "{model} is answering"


def test_the_theme_comes_from_its_cookie_and_from_nothing_else(browser):
    for cookie, expected in [
        ("dark", "dark"),
        ("light", "light"),
        ('x" onload="', None),
        ("system", None),
    ]:
        browser.cookies["theme"] = cookie
        root = Page(browser.get("/").content.decode()).one("html")
        assert root.attributes.get("data-theme") == expected
        assert "onload" not in root.attributes


def test_pages_of_signed_in_people_are_not_kept_by_caches(browser, tree):
    assert "no-store" in browser.get(tree.url)["Cache-Control"]
