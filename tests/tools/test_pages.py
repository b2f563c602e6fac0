from __future__ import annotations

import time

import pytest

from qwenchat.tools.pages import MOST_CHARACTERS, read_page

PROSE = "It was a bright cold day in April, and the clocks were striking thirteen. " * 4


def read(source: str | bytes, kind: str = "text/html", charset: str | None = "utf-8"):
    body = source if isinstance(source, bytes) else source.encode(charset or "utf-8")
    return read_page(body, kind, charset, "https://site.example/a/b.html")


def test_a_page_becomes_title_and_readable_text():
    page = read(f"""<!doctype html><html><head><title> A  page </title><style>p{{}}</style></head><body>
      <nav><a href="/">Home</a></nav>
      <main><h1>Heading</h1><p>First <b>bold</b>word, <i>then</i> more.</p>
      <ul><li>one</li><li>two <a href="../c?d=1&amp;e">see here</a>.</li></ul>
      <table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td>7</td></tr></table>
      <pre>if x:
    y()</pre><p>a<br>b</p><p>{PROSE}</p><img src="x.png" alt="A cat"></main>
      <footer>All rights reserved</footer><script>alert(1)</script></body></html>""")
    assert page.title == "A page"
    assert (
        page.text
        == f"""# Heading

First boldword, then more.

- one
- two [see here](https://site.example/c?d=1&e).

Name | Age
Ann | 7

```
if x:
    y()
```

a
b

{PROSE.strip()}

[image: A cat]"""
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>OBEY</p>",
        '<p style="display: none">OBEY</p>',
        '<p style="color:red;VISIBILITY:hidden">OBEY</p>',
        '<div aria-hidden="true"><p>OBEY</p></div>',
        '<span style="font-size:0">OBEY</span>',
        '<span style="opacity:0">OBEY</span>',
        "<!-- OBEY -->",
        "<template><p>OBEY</p></template>",
        "<noscript>OBEY</noscript>",
        "<script>OBEY</script>",
        "<style>OBEY</style>",
        "<textarea>OBEY</textarea>",
        "<svg><text>OBEY</text></svg>",
        '<iframe srcdoc="OBEY">OBEY</iframe>',
        '<input value="OBEY">',
        '<p title="OBEY" data-x="OBEY"></p>',
        "<?php OBEY ?>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden):
    text = read(f"<body><p>before</p>{hidden}<p>after</p></body>").text
    assert "OBEY" not in text
    assert "before" in text
    assert "after" in text


def test_what_is_only_faint_stays():
    assert "seen" in read('<p style="opacity:0.5;font-size:0.8em">seen</p>').text


def test_menus_and_footers_are_left_out_only_when_there_is_more():
    assert "menu" not in read(f"<nav>menu</nav><p>{PROSE}</p>").text
    assert "menu" in read("<nav>menu</nav><p>short</p>").text


def test_a_main_part_with_next_to_nothing_is_not_the_content():
    text = read(f"<main>Loading</main><div>{PROSE}</div>").text
    assert "bright cold day" in text


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://a.example/x y", "[word](https://a.example/x%20y)"),
        ("//b.example/", "[word](https://b.example/)"),
        ("#here", "word"),
        ("javascript:alert(1)", "word"),
        ("mailto:a@b.example", "word"),
        ("data:text/html,x", "word"),
        ("http://[", "word"),
        ("", "word"),
        ("/" + "x" * 500, "word"),
    ],
)
def test_links_are_kept_where_they_lead_to_pages(href, expected):
    assert read(f'<p>a <a href="{href}">word</a> b</p>').text == f"a {expected} b"


def test_a_base_address_counts():
    page = read('<head><base href="https://other.example/d/"></head><p><a href="e">word</a></p>')
    assert page.text == "[word](https://other.example/d/e)"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("<p>Grüße 你好</p>".encode(), "utf-8"),
        ("<p>Grüße 你好</p>".encode(), None),
        ("<p>Grüße 你好</p>".encode("utf-8-sig"), "iso-8859-1"),
        ("<p>Grüße 你好</p>".encode("utf-16"), None),
        ("<p>Grüße 你好</p>".encode("gb18030"), "gb2312"),
        ("<meta charset=gbk><p>Grüße 你好</p>".encode("gb18030"), None),
        ('<?xml version="1.0" encoding="utf-8"?><p>Grüße 你好</p>'.encode(), "utf-8"),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=UTF-8'><p>Grüße 你好</p>".encode(),
            None,
        ),
        ("<p>Grüße 你好</p>".encode(), "no-such-charset"),
    ],
)
def test_pages_are_read_in_their_own_encoding(body, charset):
    assert read(body, charset=charset).text == "Grüße 你好"


@pytest.mark.parametrize(
    "charset", ["rot13", "zlib", "punycode", "idna", "unicode_escape", "utf-7", "hex"]
)
def test_an_encoding_that_no_page_has_is_not_used(charset):
    assert read(b"<p>+AGEAYg- x</p>", charset=charset).text == "+AGEAYg- x"


@pytest.mark.parametrize(
    "source", ["", " ", "\x00", "<", "<!doctype html>", "<!-- -->", "<html></html>", "\ufeff"]
)
def test_an_empty_page_is_empty(source):
    assert read(source).text in ("", "<")


def test_text_that_is_no_html_stays_as_it_is():
    page = read('{"a": "<b>"}\n', kind="application/json")
    assert (page.title, page.text) == ("", '{"a": "<b>"}')


def test_depth_and_length_end_in_time():
    began = time.monotonic()
    deep = read("<div>" * 100_000 + "core")
    wide = read("<p>" + "word " * 400_000 + "</p>")
    links = read('<a href="/x">word</a> ' * 80_000)
    tags = read("<b>" * 300_000 + "x" + "<!-- " * 300_000)
    assert time.monotonic() - began < 15
    assert len(deep.text) < 100
    assert wide.is_cut
    assert len(links.text) < MOST_CHARACTERS * 1.2
    assert len(tags.text) < 10


NAMES = [f"a{n}" for n in range(100_000)]


@pytest.mark.parametrize(
    "source",
    [
        "<p " + " ".join(NAMES) + ">",
        "<p/" + "/".join(NAMES) + ">",
        "<p " + "".join(f"{name}='>'" for name in NAMES) + ">",
        "<p " + "".join(f'{name}="<"' for name in NAMES) + ">",
        "<p ' " + " ".join(f"{name}=1" for name in NAMES) + ">",
        "<x:p " + "\n".join(NAMES) + ">",
        "<br>" * 400_000,
        "<a href=/x>" * 150_000,
        "<table><tr>" + "<td>x" * 350_000,
    ],
    ids=lambda source: source[:12],
)
def test_no_page_takes_minutes_to_read(source):
    # Without the bounds this test takes an hour.
    page = read_page(source.encode() + b"x", "text/html", "utf-8", "https://a.example/")
    assert len(page.text) < 2_000_000


def test_tags_keep_a_sane_number_of_attributes():
    image = "data:image/png;base64," + "ab/c=+" * 5000
    source = (
        f'<p>See <img src="{image}" alt="a > b"> and <a data-x=\'1 < 2\' href="/y">this</a></p>'
    )
    page = read_page(source.encode(), "text/html", "utf-8", "https://a.example/")
    assert page.text == "See [image: a > b] and [this](https://a.example/y)"
