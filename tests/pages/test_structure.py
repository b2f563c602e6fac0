"""Landmarks, headings, names: what a page is to somebody who does not see it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from django.conf import settings

from conversations.views import words
from tests.pages.conftest import Tree, signed_in
from tests.pages.reading import Page

STATIC = settings.BASE_DIR / "static"
SOURCES = [
    *(settings.BASE_DIR / "templates").rglob("*.html"),
    *(settings.BASE_DIR / "conversations").rglob("*.py"),
    *(settings.BASE_DIR / "qwenchat").rglob("*.py"),
    *(settings.BASE_DIR / "static/js").glob("*.js"),
]


@pytest.fixture(params=["new", "chat"])
def read(request, look, alice):
    tree = Tree(alice)
    tree.answer(tree.ask(), "# One\n\n## Two\n\nText.", reasoning="Hm")
    return look("/" if request.param == "new" else tree.url)


def test_landmarks_are_there_once(read):
    assert read.one("main").attributes["id"] == "main"
    assert read.one("h1").words
    assert read.one("aside").attributes["aria-label"] == "Sidebar"
    assert read.one("nav").attributes["aria-label"] == "Conversations"
    assert read.one("form", role="search")
    assert read.one(id_="announcer").attributes["aria-live"] == "polite"
    skip = read.one("a", class_="skip")
    assert read.one(id_=skip.attributes["href"].removeprefix("#")).tag == "textarea"


def test_headings_do_not_skip_a_level(read):
    levels = [int(e.tag[1]) for e in read.one("main").all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in itertools.pairwise(levels):
        assert after <= before + 1, levels


def test_ids_are_unique_and_references_lead_somewhere(read):
    ids = [e.attributes["id"] for e in read.all() if e.attributes.get("id")]
    assert len(ids) == len(set(ids))
    for element in read.all():
        for name in (
            "aria-labelledby",
            "aria-describedby",
            "aria-controls",
            "popovertarget",
            "for",
        ):
            for reference in element.attributes.get(name, "").split():
                assert reference in ids, (element.tag, name, reference)


def test_every_control_has_a_name(read):
    labels = {e.attributes.get("for") for e in read.all("label")}
    for control in read.all():
        if control.tag in ("button", "a"):
            assert control.attributes.get("aria-label") or control.words, control.attributes
        elif control.tag in ("input", "textarea", "select"):
            if control.attributes.get("type") == "hidden":
                continue
            named = (
                control.attributes.get("aria-label")
                or control.attributes.get("id") in labels
                or control.is_inside("label")
            )
            assert named, control.attributes


def test_hidden_icons_say_nothing(read):
    assert all(svg.attributes.get("aria-hidden") == "true" for svg in read.all("svg"))


@pytest.mark.parametrize("language", [("en", "en"), ("zh-hans", "zh-Hans")])
def test_the_page_names_its_language(alice, language):
    asked, written = language
    browser = signed_in(alice, **{"Accept-Language": asked})
    root = Page(browser.get("/").content.decode()).one("html")
    assert root.attributes["lang"] == written
    assert root.attributes["dir"] == "ltr"


def test_the_reviewers_link_is_for_reviewers_only(rita, sam, alice):
    for user, expected in [(rita, True), (sam, False), (alice, False)]:
        menu = Page(signed_in(user).get("/").content.decode()).one(id_="user-menu")
        assert ("Review conversations" in menu.words) is expected


def test_the_page_says_that_the_sandbox_answers(look, settings):
    settings.SANDBOX = True
    assert (
        "answers come from the offline sandbox"
        in look("/").one("div", class_="banner", role="note").words
    )


def test_without_a_sandbox_there_is_no_such_note(look, settings):
    settings.SANDBOX = False
    assert not look("/").all("div", class_="banner", role="note")


def test_without_script_the_page_says_what_needs_it(look):
    assert "needs JavaScript" in look("/").one("noscript").words


def test_the_picker_lists_what_is_offered_and_marks_the_chosen(look, alice):
    from conversations import offered

    tree = Tree(alice, model="qwen-flash")
    tree.answer(tree.ask())
    picker = look(tree.url).one(id_="model-pop")
    radios = picker.all("input", type_="radio")
    assert [r.attributes["value"] for r in radios] == ["auto", *(m.id for m in offered.models())]
    assert [r.attributes["value"] for r in radios if "checked" in r.attributes] == ["qwen-flash"]
    button = look(tree.url).one(id_="model-button")
    assert button.attributes["aria-label"] == "Model: qwen-flash. Change model"


def test_a_model_no_longer_offered_falls_back_to_auto(look, alice):
    tree = Tree(alice, model="gone-1")
    tree.answer(tree.ask())
    radios = look(tree.url).one(id_="model-pop").all("input", type_="radio")
    assert [r.attributes["value"] for r in radios if "checked" in r.attributes] == ["auto"]


def test_icons_that_are_named_are_in_the_sprite_and_no_others():
    sprite = set(re.findall(r'id="i-([a-z-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    quoted = set()
    for path in SOURCES:
        quoted |= set(re.findall(r"[\"']([a-z]+(?:-[a-z]+)*)[\"']", path.read_text("utf-8")))
    in_templates = set()
    for path in SOURCES:
        in_templates |= set(re.findall(r'{% icon "([a-z-]+)"', path.read_text("utf-8")))
    assert in_templates <= sprite
    assert sprite - {"mark"} <= quoted, "icons that nothing names"


def test_the_scripts_find_every_word_they_say():
    said = set()
    for path in Path(STATIC / "js").glob("*.js"):
        said |= set(re.findall(r'\bsay\(\s*"(\w+)"\s*[,)]', path.read_text("utf-8")))
    assert said
    assert said <= set(words.words())


def test_a_single_model_stands_in_the_picker_by_its_name(look, settings):
    settings.QWENCHAT_MODELS = ["only-one"]
    radios = look("/").one(id_="model-pop").all("input", type_="radio")
    assert [r.attributes["value"] for r in radios] == ["only-one"]
    button = look("/").one(id_="model-button")
    assert button.attributes["aria-label"] == "Model: only-one. Change model"
