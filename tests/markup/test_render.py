"""What a reader sees of each construct."""

from __future__ import annotations

import re
from html import unescape

import pytest

from qwenchat.markup import MAX_LENGTH, render
from qwenchat.markup.code import CLASSES, LANGUAGES, highlighted

REL = 'target="_blank" rel="noopener noreferrer nofollow ugc"'


def words_of(html):
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**「重点」**内容", "<strong>「重点」</strong>内容"),
        ("**注意：**这是", "<strong>注意：</strong>这是"),
        ("请看**“abc”**。", "请看<strong>“abc”</strong>。"),
        ("这是*《书》*的", "这是<em>《书》</em>的"),
        ("强调~~「删」~~了", "强调<del>「删」</del>了"),
        ("これは**「強調」**です", "これは<strong>「強調」</strong>です"),
    ],
)
def test_emphasis_works_beside_chinese_and_japanese_punctuation(text, html):
    assert render(text) == f"<p>{html}</p>"


@pytest.mark.parametrize("text", ["a * b * c", "2 * 3 * 4", "** not **", "a ** b"])
def test_english_stars_between_spaces_stay_stars(text):
    assert "<strong>" not in render(text)
    assert words_of(render(text)).count("*") >= 2


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "US$5/US$10",
        "$5-$10, $5–$10, ($5)",
        "costs $5, $6, or $7.",
        "$100K和$200K之间",
        "价格$5到$10",
        "5$ and 10$",
        "\\$x\\$",
        "$HOME/$USER",
        "one $ alone",
    ],
)
def test_prices_stay_text(text):
    html = render(text)
    assert "<math" not in html
    assert words_of(html) == text.replace("\\", "")


@pytest.mark.parametrize(
    "text", ["$x^2$", "\\(x^2\\)", "其中$x^2$是", "cost $5 but $x^2$", "($x^2$)", "the $n$th $x^2$"]
)
def test_formulas_in_a_line_become_mathml(text):
    assert "<math><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>" in render(text)


@pytest.mark.parametrize(
    "text",
    ["$$\na\n+ b\n$$", "\\[\na\n+ b\n\\]", "$$a + b$$", "\\[ a + b \\]", "> $$\n> a\n> + b\n> $$"],
)
def test_formulas_on_lines_of_their_own_scroll_and_can_be_focused(text):
    html = render(text)
    assert '<div class="math-block" tabindex="0"><math display="block"><mrow><mi>a</mi>' in html
    assert "<mo>+</mo><mi>b</mi>" in html


def test_a_formula_right_behind_words_ends_their_paragraph():
    assert re.fullmatch(
        r'<p>So:</p>\n<div class="math-block".*</div>\n<p>and on</p>',
        render("So:\n$$\ny\n$$\nand on"),
    )


@pytest.mark.parametrize("formula", ["\\left( x", "{" * 900, "x" * 2_001, "\\frac"])
def test_a_formula_that_cannot_be_drawn_shows_its_source(formula):
    html = render(f"$$\n{formula}\n$$")
    assert html == f'<div class="math-block" tabindex="0"><code>{formula}</code></div>'


def test_an_unclosed_formula_stays_text():
    assert render("$$\nx = 1\n\nafter") == "<p>$$\nx = 1</p>\n<p>after</p>"


def test_escaped_brackets_stay_brackets():
    assert render("\\[note\\] and \\[1\\]") == "<p>[note] and [1]</p>"


def test_code_is_a_figure_with_its_language_and_classes_for_both_themes():
    assert render("```py\nif x: # 注释\n    f('<')\n```") == (
        '<figure class="code"><figcaption class="code__bar"><span class="code__lang">Python</span>'
        '</figcaption><pre tabindex="0"><code><span class="k">if</span> x: '
        '<span class="c1"># 注释</span>\n    f(<span class="s1">\'&lt;\'</span>)'
        "</code></pre></figure>"
    )


def test_code_in_an_unknown_language_keeps_its_name_and_its_text():
    html = render('```<b>"x\na < b\n```')
    assert '<span class="code__lang">&lt;b&gt;"x</span>' in html
    assert "<code>a &lt; b</code>" in html


def test_an_open_fence_is_not_coloured_yet():
    assert "<span class=" not in render("```py\nif x:\n").partition("<pre")[2]


@pytest.mark.parametrize("lexer", sorted({lexer for lexer, _ in LANGUAGES.values()}))
def test_highlighting_keeps_every_character_and_uses_only_known_classes(lexer):
    code = '\n\ndef f(x) { return "a<b" + \'c\' & 0x1F; } // 注释 # end\n<a href="x">&amp;</a>\t\n  x\n'
    html = highlighted(code, lexer)
    assert words_of(html) == code
    assert set(re.findall(r'class="([^"]*)"', html)) <= CLASSES


def test_tables_scroll_and_numbers_stand_right():
    html = render("| a | 数量 |\n|:--|--:|\n| x | 1,200 |")
    assert html.startswith('<div class="table-wrap" tabindex="0"><table>')
    assert '<th scope="col">a</th>\n<th scope="col" class="num">数量</th>' in html
    assert '<td>x</td>\n<td class="num">1,200</td>' in html


def test_task_lists_have_boxes_that_are_off_limits_and_named_by_their_words():
    html = render("- [x] **done** it\n- [ ] open")
    assert html.startswith('<ul class="tasks">')
    assert "<span><strong>done</strong> it</span></li>" in html
    assert sorted_boxes(html) == [
        ["aria-label=done it", "checked=", "disabled=", "type=checkbox"],
        ["aria-label=open", "disabled=", "type=checkbox"],
    ]


def sorted_boxes(html):
    return [
        sorted(f"{name}={value}" for name, value in re.findall(r'([\w-]+)="([^"]*)"', box))
        for box in re.findall(r"<input[^>]*>", html)
    ]


def test_everything_in_a_task_list_stands_beside_the_boxes():
    html = render("- [ ] one\n  - under\n- plain\n- [ ] loose\n\n  more")
    assert html.count("<div>") == html.count("</div>") == 3
    assert re.search(r"<li><div>\s*<p>plain</p>\s*</div></li>", html)


def test_footnotes_are_numbered_by_mention_and_have_no_ids_by_themselves():
    assert render("a[^2] b[^x] c[^2]\n\n[^x]: second\n[^2]: first") == (
        "<p>a<sup>1</sup> b<sup>2</sup> c<sup>1</sup></p>\n"
        '<section class="footnotes"><ol><li><p>first</p></li><li><p>second</p></li></ol></section>'
    )


def test_footnotes_link_both_ways_under_the_callers_prefix():
    html = render("a[^1]\n\n[^1]: note", prefix="m7")
    assert '<a href="#md-m7-note-1" id="md-m7-ref-1"' in html
    assert '<li id="md-m7-note-1">' in html
    assert '<a href="#md-m7-ref-1"' in html


def test_a_number_without_its_note_is_still_a_mark_and_a_pattern_is_not():
    assert render("Water[^3] and [^a-z].") == "<p>Water<sup>1</sup> and [^a-z].</p>"


@pytest.mark.parametrize("prefix", ["a b", '"', "x" * 61, "<"])
def test_a_prefix_that_is_no_part_of_an_id_is_refused(prefix):
    with pytest.raises(ValueError, match="prefix"):
        render("x", prefix=prefix)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n\n## b\n\n### c\n\n## d", "3454"),
        ("### a\n\n### b\n\n#### c", "334"),
        ("### a\n\n# b\n\n### c", "334"),
        ("# a\n\n#### b", "34"),
        ("# a\n## b\n### c\n#### d\n##### e\n###### f", "345666"),
        ("a\n=\n\n- # b\n\n> ## c", "334"),
    ],
)
def test_headings_stand_below_the_messages_and_never_skip_a_level(text, levels):
    assert "".join(re.findall(r"<h(\d)>", render(text))) == levels


def test_links_open_elsewhere_and_promise_nothing():
    assert (
        render('[w](https://e.x/a "t")') == f'<p><a href="https://e.x/a" title="t" {REL}>w</a></p>'
    )


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "\\\\evil.example",
        "/admin/logout",
        "#top",
        "ftp://e.x",
    ],
)
def test_other_targets_are_no_links(target):
    assert "<a" not in render(f"[words]({target}) [r]\n\n[r]: {target}")


def test_a_disguised_link_shows_where_it_leads():
    assert ">www.bank.example (evil.example)</a>" in render(
        "[www.bank.example](https://evil.example/)"
    )
    assert ">www.bank.example</a>" in render("[www.bank.example](https://bank.example/x)")
    assert ">https://a.example/x (b.example)</a>" in render(
        "[https://a.example/x](https://b.example)"
    )


def test_pictures_are_links_with_their_host_in_view_and_load_nothing():
    assert render("![a *cat*](https://e.x/c.png?secret=1)") == (
        f'<p><a href="https://e.x/c.png?secret=1" {REL}>a cat (e.x)</a></p>'
    )
    assert render("![](https://e.x/c.png)") == f'<p><a href="https://e.x/c.png" {REL}>e.x</a></p>'
    assert render("![alt](/files/1)") == "<p>alt</p>"


def test_a_picture_in_a_link_makes_one_link():
    html = render("[![cat](https://e.x/c.png)](https://f.x)")
    assert html == f'<p><a href="https://f.x" {REL}>cat (e.x)</a></p>'


def test_html_is_text():
    assert render("<b>x</b> <!-- y -->\n\n<div>\nz") == (
        "<p>&lt;b&gt;x&lt;/b&gt; &lt;!-- y --&gt;</p>\n<p>&lt;div&gt;\nz</p>"
    )


def test_line_ends_of_every_kind_and_odd_characters_are_borne():
    assert render("a\r\n\r\nb\rc") == "<p>a</p>\n<p>b\nc</p>"
    assert render("a\0b\ud800c") == "<p>a\ufffdb\ufffdc</p>"
    assert render("a\u2028b\x85c") == "<p>a\u2028b\x85c</p>"


def test_nothing_is_nothing():
    assert render("") == render(" \n\t\n") == ""


def test_deep_nesting_loses_no_word():
    text = "\n".join("  " * level + f"- word{level}." for level in range(120))
    assert all(f"word{level}." in render(text) for level in range(120))
    assert "end" in render(">" * 500 + "end")


def test_a_text_beyond_all_measure_is_shown_as_it_stands():
    long = "**word** <i>\n" * (MAX_LENGTH // 12)
    html = render(long)
    assert html.startswith("<p>**word** &lt;i&gt;<br>**word**")
    assert words_of(html.replace("<br>", "\n")) == long
