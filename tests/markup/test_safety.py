"""Whatever the text, the output stays on the list, and comes soon."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.markup import Incremental, plain, render
from qwenchat.markup.links import scheme_of
from qwenchat.markup.math import mathml
from qwenchat.markup.sanitise import MATHML_ATTRIBUTES, MATHML_TAGS, TEXT_TAGS, clean

from .corpus import EXAMPLES

ATTRIBUTES = MATHML_ATTRIBUTES | frozenset(
    [
        "href",
        "title",
        "target",
        "rel",
        "id",
        "value",
        "start",
        "checked",
        "disabled",
        "type",
        "aria-label",
        "tabindex",
        "scope",
        "class",
    ]
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "](javascript:alert(1))",
    "<svg/onload=x>",
    '[x](https://a.b/"onclick="x)',
    "![x](https://a.b/'><script>)",
    "$\\href{javascript:x}{y}$",
    "$\\style{x}{y}$ $\\text{<b>}$",
    "```<script>\n",
    "[^<b>]",
    "[^1]: ",
    '<a id="x" name="y" style="z" data-x hx-get="/">',
    "<https://a.b/<b>>",
    "&lt;script&gt;",
    "| <b> |\n|--|\n",
    '- [ ] <i>"x\n',
]
MARKS = list("*_`~[]()!<>&$\\|#-+=:^'\"\n\t 1.ab中「」。\0\r\ud800\u2028\u202e\ufeff")


class Checked(HTMLParser):
    """Raises at anything that is not on the list, and at tags that don't match."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag in TEXT_TAGS | MATHML_TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            if name == "href":
                assert scheme_of(value) or value.startswith("#md-"), value
            if name == "id":
                assert value.startswith("md-"), value
        if tag == "a":
            assert "a" not in self.open, "a link in a link"
        if tag not in ("br", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(html):
    parser = Checked()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert clean(html) == html, "not what the sanitiser leaves"


texts = st.lists(
    st.one_of(
        st.sampled_from(MARKS), st.sampled_from(HOSTILE), st.sampled_from(EXAMPLES), st.text()
    ),
    max_size=12,
).map("".join)


@settings(max_examples=250, deadline=None)
@given(texts, st.sampled_from(["", "m1"]))
def test_any_text_gives_html_that_is_on_the_list(text, prefix):
    check(render(text, prefix))
    assert isinstance(plain(text), str)


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, max_size=4))
def test_any_growing_text_gives_html_that_is_on_the_list(pieces):
    growing = Incremental("m1")
    for piece in pieces:
        growing.append(piece)
        for html in [*growing.blocks, growing.tail]:
            check(html)
    assert growing.text == "".join(pieces)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "\\",
                "{",
                "}",
                "^",
                "_",
                "&",
                "frac",
                "left(",
                "begin{cases}",
                "x",
                "<",
                "text",
                "href",
                "over",
                " ",
                "sqrt[",
                "\\\\",
                "color",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_any_formula_gives_mathml_or_its_source(formula):
    check(clean(mathml(formula, display=True)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_run_nothing(text):
    html = render(text).lower()
    check(render(text))
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_the_sanitiser_alone_would_also_hold():
    assert (
        clean('<p onclick="x" style="y" id="z"><script>1</script><img src="x">a</p>') == "<p>a</p>"
    )
    assert clean('<a href="javascript:x" id="top">a</a>').count("javascript") == 0
    assert 'id="md-top"' in clean('<a id="top">a</a>')
    assert clean('<span class="k msg--user">a</span>') == '<span class="k">a</span>'
    assert clean('<iframe src="x"></iframe><svg><circle/></svg><style>b</style>a') == "a"
    assert 'type="checkbox"' in clean('<input type="image" src="x">')
    assert "src" not in clean('<input type="image" src="x">')
    assert clean('<a href="/admin">a</a>').count("admin") == 0


REPEATED = [
    "[", "![", "[a](", "[a](<", "*", "**a", "*a_ ", "a**b", "`", "``a", "_", "~", "<", "<a", "&", "&#",
    "\\", "\\(", "\\[\n", "$", "$a ", "$$", "$$\n", "|", "|a\n", "a|b\n", ">", "> ", "> - ", "- ", "- a\n",
    "1. ", "  - a\n", "# a\n", "=\n", "a\n", "a\n\n", "\t", "[^1]", "[^1]: a\n", "[a]: /b\n", "[a]\n",
    "中**「", "```\n", "~~~\n```\n", "- [ ] a\n", "\u2028", "\0", "<!--", "[](", "\\\n", "$a$", "`a` ",
    "**a** ", "[[a](https://b.c)](https://d.e)", "{", "'", "(", "https://a.b ", "<https://a.b>",
]  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
def test_two_hundred_kilobytes_of_one_thing_are_rendered_or_shown_plain_in_time(piece):
    text = (piece * (200_000 // len(piece) + 1))[:200_000]
    begin = time.process_time()
    html = render(text)
    # About a second on an idle machine, which the one that runs this seldom is.
    assert time.process_time() - begin < 3
    assert html or not text.strip() or piece.startswith(("[^1]: ", "[a]: "))


NESTED = {
    "lists": "\n".join("  " * level + "- a" for level in range(400)),
    "quotes": ">" * 5_000 + "a\n" + ">" * 50_000,
    "ticks": "".join("`" * n + " " for n in range(500)),
    "braces": ("$" + "{" * 1_900 + "$ ") * 40,
    "fractions": "$" + "\\frac{" * 300 + "$",
    "emphasis": "".join(("*a ", "_b ", "**c ")[n % 3] for n in range(12_000)),
    "references": "".join(f"[a{n}]: https://e.x\n" for n in range(3_000)) + "[a1] " * 3_000,
    "wide table": "|" + "a|" * 9_000 + "\n|" + "-|" * 9_000 + "\n",
    "short rows": "|" + "a|" * 60 + "\n|" + "-|" * 60 + "\n" + "a\n" * 5_000,
    "quotes in links": '[a](b "c ' * 8_000,
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_and_mixed_texts_are_rendered_in_time(name):
    begin = time.process_time()
    render(NESTED[name])
    assert time.process_time() - begin < 3
