"""HTML tables of models: only cells come out, within limits, and nothing runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conversations.tables import (
    MOST_CELLS,
    MOST_COLUMNS,
    as_csv,
    table_markdown,
    tables_in,
    unfenced,
)
from tests.pages.reading import Page

PLAIN = "<table><tr><th>Dish</th><th>Price</th></tr><tr><td>鱼 &amp; rice</td><td>¥168</td></tr></table>"


def rows(html):
    (table,) = tables_in(html)
    return [list(row) for row in table.rows]


def test_cells_come_out_with_their_headings():
    (table,) = tables_in(f"```html\n{PLAIN}\n```")
    assert table.head == (("Dish", "Price"),)
    assert table.body == (("鱼 & rice", "¥168"),)


def test_spans_leave_the_cells_that_they_cover_empty():
    html = """<table><tr><td rowspan="2">a</td><td colspan="2">b</td></tr>
    <tr><td>c</td><td>d</td></tr><tr><td>e</td></tr></table>"""
    assert rows(html) == [["a", "b", ""], ["", "c", "d"], ["e", "", ""]]


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>a<td>b<tr><td>c<td>d</table>",
        "<table><thead><tr><td>a</td><td>b</td></tr></thead><tbody><tr><td>c</td><td>d",
        "<TABLE><TR><TD>a</TD><TD>b</TD></TR><TR><TD>c</TD><TD>d</TD></TR></TABLE>",
    ],
)
def test_what_was_left_open_is_closed(html):
    assert rows(html) == [["a", "b"], ["c", "d"]]


def test_several_tables_stay_apart():
    assert len(tables_in(f"one {PLAIN} two {PLAIN}")) == 2
    assert tables_in("no table, only <b>words</b>") == ()


def test_hostile_tables_stay_small_and_quick():
    began = time.monotonic()
    wide = f"<table><tr>{'<td colspan=99999 rowspan=99999>x</td>' * 50}</tr></table>"
    assert len(rows(wide)[0]) <= MOST_COLUMNS
    long = "<table>" + "<tr><td>x</td></tr>" * 60_000 + "</table>"
    assert len(rows(long)) <= MOST_CELLS
    nested = tables_in("<table><tr><td>" * 20_000)
    assert sum(len(table.rows) for table in nested) <= MOST_CELLS
    tables_in("<table " * 50_000)
    table_markdown("```html\n<table" * 20_000)
    assert time.monotonic() - began < 5


def test_scripts_in_cells_are_their_text_at_most():
    text = table_markdown("<table><tr><td><script>alert(1)</script><b>x</b></td></tr></table>")
    page = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert not page.all("script")
    assert not page.all("b")


def test_tables_become_markdown_and_the_rest_stays():
    text = table_markdown(f"Before\n\n```html\n{PLAIN}\n```\n\nAfter `<table>`")
    assert text.startswith("Before\n\n| Dish | Price |\n|---|---|\n| 鱼 & rice | ¥168 |\n\nAfter")
    assert table_markdown("no table *here*") == "no table *here*"


def test_cells_cannot_break_out_of_markdown():
    text = table_markdown("<table><tr><td>a|b *c* `d` [e](f) $g$ &lt;i&gt;</td></tr></table>")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    (cell,) = Page(html).all("td")
    assert cell.text == "a|b *c* `d` [e](f) $g$ <i>"


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), min_size=1, max_size=5))
def test_any_cells_come_through_html_and_markdown(cells):
    from html import escape

    html = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells
    )
    (table,) = tables_in(f"<table>{html}</table>")
    assert len(table.rows) == len(cells)
    assert {len(row) for row in table.rows} == {2}


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", " =1", "＝1", "\n=1"])
def test_what_a_spreadsheet_would_run_gets_a_quote(cell):
    ((read,),) = csv.reader(io.StringIO(as_csv([[cell]]), newline=""))
    assert read == f"'{cell}"


def test_other_cells_and_numbers_stay_as_they_are():
    written = as_csv([["a=b", "1-2", 'say "hi"', "two\nlines", -5]])
    assert list(csv.reader(io.StringIO(written, newline=""))) == [
        ["a=b", "1-2", 'say "hi"', "two\nlines", "-5"]
    ]


def test_a_fence_around_everything_falls():
    assert unfenced("```json\n{}\n```") == "{}"
    assert unfenced(" ```latex\na\nb\n```\n") == "a\nb"
    assert unfenced("a ```b``` c") == "a ```b``` c"
    assert unfenced("```\none\n```\ntext\n```\ntwo\n```") == "```\none\n```\ntext\n```\ntwo\n```"
