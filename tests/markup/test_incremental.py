"""Frozen blocks and the tail are the whole, wherever the text is cut."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.markup import Incremental, render
from qwenchat.markup import incremental as module
from qwenchat.markup.drawing import Carried, noted, parse
from qwenchat.markup.footnotes import Footnotes
from qwenchat.markup.growing import Fence, Items, Line, Rows
from qwenchat.markup.whole import normalised

from .corpus import EXAMPLES, spec_examples

GLUE = ["", "\n", "\n\n", "\n\n\n", "\r\n", "\n\n  "]


@pytest.fixture(autouse=True)
def no_hidden_failures(monkeypatch):
    """A parser's failure would show plain text on both sides, and every comparison would hold."""

    def fail(text):
        pytest.fail(f"rendered as plain text: {text[:200]!r}")

    monkeypatch.setattr(module, "plain_paragraph", fail)
    monkeypatch.setattr("qwenchat.markup.whole.plain_paragraph", fail)


def joined(growing):
    return "\n".join(filter(None, [*growing.blocks, growing.tail]))


def holds(text, cuts, prefix=""):
    """Append the text in pieces and compare after each; return the last state."""
    growing, frozen, begin = Incremental(prefix), [], 0
    for end in [*cuts, len(text)]:
        growing.append(text[begin:end])
        begin = end
        assert growing.blocks[: len(frozen)] == frozen, "a frozen block changed"
        frozen = list(growing.blocks)
        if growing.exact and growing.settled:
            assert joined(growing) == render(text[:end], prefix)
    assert growing.text == text
    return growing


def cuts_of(text, chance):
    count = min(len(text), chance.choice([1, 2, 5, 20]))
    return sorted(chance.sample(range(len(text) + 1), count))


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_holds_character_by_character(text):
    end = holds(text, range(len(text)))
    assert end.settled


def test_examples_in_a_row_hold_cut_at_random_places():
    chance = random.Random(20)
    for _ in range(200):
        text = chance.choice(GLUE).join(
            chance.choice(EXAMPLES) for _ in range(chance.randint(2, 5))
        )
        holds(text, cuts_of(text, chance), chance.choice(["", "m1"]))


@pytest.mark.skipif(not spec_examples(), reason="MARKUP_SPECS names no specification files")
def test_the_specifications_examples_hold_cut_at_random_places():
    chance = random.Random(21)
    examples = spec_examples()
    for text in examples:
        holds(text, cuts_of(text, chance))
    for _ in range(2_000):
        text = chance.choice(GLUE).join(
            chance.choice(examples) for _ in range(chance.randint(2, 5))
        )
        holds(text, cuts_of(text, chance))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_pieces_hold(data):
    piece = st.one_of(
        st.sampled_from(EXAMPLES),
        st.sampled_from(GLUE),
        st.text(alphabet="ab 中「」。*_`~[](){}<>&$\\|#-+=:^!\"'1.\n\t\r\0\ud800", max_size=25),
    )
    text = "".join(data.draw(st.lists(piece, max_size=5)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    holds(text, cuts, data.draw(st.sampled_from(["", "m1"])))


# ---- the cases that are not exact, each of them --------------------------------------------


def test_a_link_defined_after_its_mention_was_frozen_is_late_and_said_to_be():
    growing = Incremental()
    growing.append("See [docs] and [*a*][b].\n\nnext\n\n")
    assert growing.exact
    growing.append("[docs]: https://e.x\n")
    assert not growing.exact
    assert growing.blocks[0] == "<p>See [docs] and [<em>a</em>][b].</p>"
    assert '<a href="https://e.x"' in render(growing.text)
    growing.append("\nmore\n\n")
    assert not growing.exact


def test_a_link_defined_before_its_block_is_frozen_is_exact():
    end = holds("See [docs].\n[docs2]: x\n\n[docs2] y [docs]", [])
    assert end.exact
    end = holds("[docs]: https://e.x\n\nSee [docs].\n\n- [docs]\n- [other]\n", range(50))
    assert end.exact


def test_a_definition_that_nobody_mentioned_is_exact():
    assert holds("See [docs].\n\nnext\n\n[other]: https://e.x\n\n", range(40)).exact


def test_numbered_footnotes_are_exact_even_when_the_notes_come_last():
    end = holds("a[^1] b[^2]\n\nnext\n\n[^2]: two\n\n[^1]: one\n\n    more\n\nend\n\n", range(60))
    assert end.exact
    assert end.tail.startswith('<section class="footnotes">')


@pytest.mark.parametrize(("label", "prefix"), [("word", ""), ("1", "m1"), ("word", "m1")])
def test_a_footnote_that_would_be_drawn_otherwise_is_late_and_said_to_be(label, prefix):
    growing = Incremental(prefix)
    growing.append(f"a[^{label}]\n\nnext\n\n")
    assert growing.exact
    growing.append(f"[^{label}]: note\n")
    assert not growing.exact


def with_definitions_first(text):
    tokens, env = parse(normalised(text), Carried(Footnotes()))
    links = "".join(f"[{label}]: <{link['href']}>\n" for label, link in env["references"].items())
    notes = "".join(f"[^{label}]: note\n\n" for label in sorted(noted(tokens)))
    return f"{links}\n{notes}", f"\n{text}"


def test_only_late_definitions_make_a_text_inexact():
    """The same text with its definitions written first as well is always exact."""
    chance = random.Random(22)
    late = 0
    for _ in range(300):
        text = "\n\n".join(chance.choice(EXAMPLES) for _ in range(3))
        pieces = [text[begin : begin + 7] for begin in range(0, len(text), 7)]
        growing = Incremental()
        for piece in pieces:
            growing.append(piece)
        if growing.exact:
            continue
        late += 1
        definitions, rest = with_definitions_first(text)
        assert holds(definitions + rest, [len(definitions)]).exact
        assert holds(definitions + rest, range(len(definitions), len(definitions + rest), 7)).exact
    assert late > 5, "too few examples are late to say anything"


# ---- growing blocks --------------------------------------------------------------------------


def growing_kind(text, step=5):
    growing = Incremental()
    for begin in range(0, len(text), step):
        growing.append(text[begin : begin + step])
    return type(growing._line or growing._growing)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Plain words of a sentence", Line),
        ("**重点**：说明文字，", Line),
        ("one line\nand the next one", Line),
        ("```py\nx = 1\ny", Fence),
        ("- a\n- b\n- c\n- `d`", Items),
        ("1. a\n\n2. b\n\n3. **c**", Items),
        ("- [ ] a\n- [x] b\n- [ ] c", Items),
        ("- a\n- b\n- c plain", Line),
        ("1. a\n   - b\n   - c plain", Line),
        ("> quoted words", Line),
        ("| a |\n|---|\n| 1 |\n| 2 |\n| 3", Rows),
    ],
)
def test_what_grows_long_in_answers_takes_a_short_way(text, kind):
    assert growing_kind(text) is kind
    holds(text, range(len(text)))


@pytest.mark.parametrize(
    "rest",
    [
        "\n",
        "\n\n",
        "\n===",
        "\n---",
        "\n- x",
        "\n> x",
        "\n# x",
        "\n```",
        "\n| a |",
        "\n$$",
        "**",
        "`x`",
        "](https://e.x)",
        "]: https://e.x",
        "&amp;",
        "<b>",
        "  \nx",
        "\\\nx",
        "~~",
        "$",
        ")",
        "\n    x",
        "*",
    ],
)
@pytest.mark.parametrize(
    "begin",
    [
        "Words",
        "Words and",
        "**Words** and ",
        "a | b",
        "[Words and",
        "(Words",
        "`words ",
        "*words ",
        "2024 was",
        "$x and ",
        "Words ",
        "\\(x ",
        "- item",
        "1. item",
        "> quote",
        "a &am",
        "```\ncode",
        "~~a ",
    ],
)
def test_any_mark_after_plain_words_is_seen(begin, rest):
    text = begin + " more words" + rest + " and on\n\nnext"
    holds(text, range(len(text)))
    holds(text, [len(begin), len(begin) + 11])


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- b\n- c\n\n- d\n- e\n",
        "- a\n- b\n- c\n\n  more\n- e\n",
        "- a\n- b\n  - c\n\n  - d\n- e\n- f\n\nend\n",
        "- a\n- b\n- c\n* d\n* e\n",
        "- a\n- b\n- - -\n- c\n",
        "- a\n- b\n- c\n  ===\n- d\n",
        "- a\n- b | c\n|---|---|\n- d\n",
        "1. a\n2. b\n3. c\n\n   ```py\n   x\n   ```\n4. d\n",
        "- a\n- b\n-\n- c\n-\n\n  x\n",
        "- [x] a\n- b\n- [ ] c\n\n- d\n",
        "- a [^1]\n- b\n- c [^2]\n\n- d [^1]\n\n[^1]: n\n[^2]: m\n",
        "- ## a\n- ### b\n- #### c\n\n- ## d\n\n# e\n",
        "| a | b |\n|---|--:|\n| 1 | 2 |\n| 3\n> q\n",
        "| a |\n|---|\n| 1[^1] |\n| 2[^2] |\n| [r] |\n\n[r]: https://e.x\n",
    ],
)
def test_lists_and_tables_settle_piece_by_piece_without_a_trace(text):
    holds(text, range(len(text)))
    holds(text, [i + 1 for i, c in enumerate(text) if c == "\n"])


def test_a_line_end_cut_in_two_is_one():
    growing = Incremental()
    for piece in ("a\r", "\n", "b\r", "", "\nc\r", "d"):
        growing.append(piece)
    assert joined(growing) == render("a\r\nb\r\nc\rd") == "<p>a\nb\nc\nd</p>"


# ---- cost ------------------------------------------------------------------------------------


@pytest.fixture
def parsed(monkeypatch):
    """Counts the characters given to the parser."""
    counts = []
    real = module.parse

    def counting(source, carried):
        counts.append(len(source))
        return real(source, carried)

    monkeypatch.setattr(module, "parse", counting)
    monkeypatch.setattr("qwenchat.markup.growing.parse", counting)
    return counts


KINDS = {
    "prose": ("", "Some words and **a mark** 以及中文。\n\n"),
    "list": ("", "- item with **bold** and words\n"),
    "loose list": ("", "1. item with **bold** and words\n\n   more of it\n\n"),
    "table": ("| a | b |\n|---|---|\n", "| 1 | **b** |\n"),
    "code": ("```py\n", "x = compute(1, 'text') < 2\n"),
    "plain line": ("", "words without any mark at all, "),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kilobyte_costs_the_same_parsing_late_as_early(kind, parsed):
    opening, line = KINDS[kind]
    growing = Incremental()
    growing.append(opening)
    costs = []
    for _ in range(30):
        parsed.clear()
        text = line * (1_024 // len(line))
        for begin in range(0, len(text), 16):
            growing.append(text[begin : begin + 16])
        costs.append(sum(parsed))
    assert max(costs[15:]) <= max(costs[:5]) + 64


@pytest.mark.parametrize(
    "line", ["> quoted **text** here\n", "words **a** and `b` ", "    code\n", "[a]: /b\n"]
)
def test_other_long_blocks_are_parsed_ever_more_seldom(line, parsed):
    growing = Incremental()
    text = line * (25_000 // len(line))
    for begin in range(0, len(text), 100):
        growing.append(text[begin : begin + 100])
        assert growing.text.rstrip()[-5:].strip("*` ")[-1:] in growing.tail or line.startswith("[")
    once = len(text)
    assert sum(parsed) < 40 * once  # parsing at each piece would be 125 times
    growing.append("\n\nend\n\n" + "x\n" * 5_000)
    assert "<p>end</p>" in growing.blocks


def test_text_held_back_is_shown_as_it_came_and_then_drawn():
    growing = Incremental()
    growing.append("> " + "words **a** " * 1_000)
    growing.append("> new <words> &")
    assert not growing.settled
    assert growing.tail.endswith("<p>&gt; new &lt;words&gt; &amp;</p>")
    growing.append("more " * 2_000)
    assert growing.settled
    assert joined(growing) == render(growing.text)


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        ("### - a | b\n|---|---|\n- c", [12]),
        ("```|b\n-|-", [8]),
        ("> ```\nwords after\n```a | b\n-|-\n$$ | 1", [5, 8, 18, 28, 29, 34, 37]),
        ("1\r\n\n*", [2, 3]),
    ],
)
def test_what_was_found_by_chance_stays_mended(text, cuts):
    holds(text, cuts)
