"""Marks become links to sources, only where they are text, and nothing else ever does."""

from __future__ import annotations

import doctest

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from conversations import citations
from conversations.citations import linked
from qwenchat import markup
from qwenchat.markup import Incremental
from tests.pages.reading import Page

ANSWER = "5f0f3a0e-12ab-4f5e-8c55-6a8f7d6e5c4b"
EVIL = "\"><img src=x onerror=alert(1)>'&"
SOURCES = [
    {"index": 1, "title": "Lake boats", "url": "https://lake.example/", "site": "West Lake"},
    {"index": 2, "title": "Tea", "url": "javascript:alert(1)", "site": "无"},
    {"index": 12, "title": EVIL, "url": "https://a.example/", "site": EVIL},
]


@pytest.fixture(autouse=True)
def _english():
    """Whatever language an earlier request has left behind."""
    with translation.override("en"):
        yield


def cites(html):
    return Page(linked(html, ANSWER, SOURCES)).all("a", class_="cite")


def test_the_module_says_what_it_does():
    assert doctest.testmod(citations).failed == 0


@pytest.mark.parametrize("mark", ["[ref_1]", "[1]"])
def test_both_formats_become_links_with_a_preview(mark):
    (cite,) = cites(f"<p>摇橹船{mark}。</p>")
    assert cite.text == "1"
    assert cite.attributes == {
        "class": "cite",
        "href": f"#s-{ANSWER}-1",
        "title": "Lake boats · West Lake · lake.example",
        "aria-label": "Source 1",
    }


def test_marks_beside_each_other_are_each_a_link():
    assert [cite.text for cite in cites("<p>A [ref_1][ref_12][2].</p>")] == ["1", "12", "2"]


@pytest.mark.parametrize(
    "text", ["[3]", "[0]", "[01]", "[ref_]", "[ref_x]", "[REF_1]", "[1", "1]", "[ 1 ]", "[99999]"]
)
def test_what_names_no_source_stays_text(text):
    html = f"<p>A {text}</p>"
    assert linked(html, ANSWER, SOURCES) == html


@pytest.mark.parametrize(
    "markdown",
    [
        "`a[1]`",
        "```\nx = a[1]\n```",
        "    a[1]",
        "[see [1]](https://x.example/)",
        "$a[1]$",
        '[x](https://x.example/ "title [1]")',
        "![alt [1]](https://x.example/p.png)",
    ],
)
def test_marks_in_code_formulas_links_and_attributes_stay(markdown):
    html = markup.render(markdown)
    assert linked(html, ANSWER, SOURCES) == html


def test_text_after_code_is_text_again():
    html = markup.render("`a[1]` then [1] and\n\n```\nb[1]\n```\n\nend [ref_2]")
    assert [cite.text for cite in cites(html)] == ["1", "2"]


def test_marks_are_found_in_lists_tables_and_bold_text():
    html = markup.render("- **x [1]**\n\n| a |\n|---|\n| b [2] |\n\n# h [12]\n\n> q [1]")
    assert [cite.text for cite in cites(html)] == ["1", "2", "12", "1"]


def test_hostile_titles_are_attributes_and_nothing_else():
    page = Page(linked("<p>[12]</p>", EVIL, SOURCES))
    assert {element.tag for element in page.all()} == {"document", "p", "a"}
    assert page.one("a").attributes["title"] == f"{EVIL} · {EVIL} · a.example"


def test_without_sources_nothing_changes():
    assert linked("<p>[1]</p>", ANSWER, []) == "<p>[1]</p>"


@pytest.mark.parametrize(
    "cut",
    [
        "<p>x [1] <a hr",
        '<p>x [1] <a href="a>b',
        "<p>x [1] <",
        "<p>[1] <code>[1]",
        "[1] <b <i>[1]</i>",
    ],
)
def test_a_piece_of_a_tag_stays_as_it_came(cut):
    out = linked(cut, ANSWER, SOURCES)
    assert out.endswith(cut[cut.index("]") + 1 :].lstrip()) or out == cut
    assert out.count("<img") == 0


TEXT = (
    "摇橹船 **is [ref_1]** a boat [2][12]; `code [1]`, [a [1] link](https://x.example/) and [ref_1"
    "\n\n- x [1]"
)


def test_a_mark_in_a_live_tail_becomes_a_link_once_it_is_whole():
    html = Incremental()
    seen = []
    for character in "A [ref_1] b":
        html.append(character)
        seen.append(linked(html.tail, ANSWER, SOURCES).count("cite"))
    assert seen == [0] * 8 + [1] * 3


@given(st.integers(0, len(TEXT)))
def test_every_beginning_of_an_answer_is_linked_as_its_whole_is(cut):
    html = Incremental()
    html.append(TEXT[:cut])
    pieces = [linked(piece, ANSWER, SOURCES) for piece in [*html.blocks, html.tail]]
    whole = linked(markup.render(TEXT[:cut]), ANSWER, SOURCES)
    assert "".join("".join(pieces).split()) == "".join(whole.split())


@given(st.text(alphabet="<>/\"=ab [1]ref_&;'code", max_size=60))
def test_no_text_gets_a_tag_but_ours(text):
    out = linked(markup.render(text), ANSWER, SOURCES)
    page = Page(out)
    for link in page.all("a", class_="cite"):
        assert not link.is_inside("a")
        assert not link.is_inside("code")
    without = citations.TAG.sub("", out)
    assert "<" not in without


@given(st.text(alphabet="<>/\"=ab [1]&;'", max_size=60))
def test_removing_the_links_gives_back_any_string(text):
    out = linked(text, ANSWER, [{"index": 1, "title": "", "url": ""}])
    opening = (
        f'<a class="cite" href="#s-{ANSWER}-1" title="Untitled page" aria-label="Source 1">1</a>'
    )
    assert out.replace(opening, "[1]") == text
