"""Tables that models write as HTML, as rows: for the page, for Markdown and for spreadsheets.

The OCR task for tables answers with HTML in a fence. It is never shown as HTML: only its cells are taken,
within limits, so that neither a script in it nor a span over a million columns gets anywhere. nh3 reads it
as browsers do and closes what was left open; Python's own parser takes quadratic time over broken tags, so
it only gets what nh3 wrote.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import nh3

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_CHARACTERS = 400_000  # of HTML; a page of small print has a tenth of it
MOST_COLUMNS = 100
MOST_CELLS = 20_000  # of all tables of one text
FENCED = re.compile(r"^```[\w-]*[ \t]*\n(.*?)\n?^```[ \t]*$", re.DOTALL | re.MULTILINE)
TABLE = re.compile(r"<table\b.*?(?:</table\s*>|\Z)", re.DOTALL | re.IGNORECASE)
FENCED_TABLE = re.compile(
    r"^```(?:html)?[ \t]*\n(?P<html>[^`]*?<table\b[^`]*?)\n?^```[ \t]*$",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
MARKS = re.compile(r"([\\`*_\[\]<>|~$])")
TAGS = {"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "br", "p", "div", "li"}
SPANS = {"colspan", "rowspan"}
# What a spreadsheet may take for a formula, in half and in full width.
RUNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells; the first `heads` of them are headings."""

    rows: tuple[tuple[str, ...], ...]
    heads: int = 0

    @property
    def head(self) -> tuple[tuple[str, ...], ...]:
        return self.rows[: self.heads]

    @property
    def body(self) -> tuple[tuple[str, ...], ...]:
        return self.rows[self.heads :]


def tables_in(text: str) -> tuple[Table, ...]:
    """Every table in a text that holds HTML, fenced or bare."""
    reader = Reader()
    for found in TABLE.finditer(text[:MOST_CHARACTERS]):
        reader.feed(nh3.clean(found[0], tags=TAGS, attributes={"td": SPANS, "th": SPANS}))
    reader.close()
    reader.end_table()
    return tuple(reader.tables)


def unfenced(text: str) -> str:
    """The inside of a text that is one fence and nothing else; any other text as it is."""
    stripped = text.strip()
    found = FENCED.fullmatch(stripped)
    return found[1] if found and "\n```" not in found[1] else stripped


def table_markdown(text: str) -> str:
    """The text with its HTML tables, fenced or bare, written as Markdown's; the rest stays."""
    if "<table" not in text.lower():
        return text
    open_fences = FENCED_TABLE.sub(lambda found: written(found["html"]), text)
    return TABLE.sub(lambda found: written(found[0]), open_fences)


def written(html: str) -> str:
    return "\n\n".join(as_markdown(table) for table in tables_in(html)) or html


def as_markdown(table: Table) -> str:
    """One table; Markdown wants exactly one row of headings, so there is an empty one if need be."""
    if not table.rows:
        return ""
    width = len(table.rows[0])
    head = table.rows[0] if table.heads else ("",) * width
    body = table.rows[1 if table.heads else 0 :]
    lines = [row_markdown(head), "|" + "---|" * width, *(row_markdown(row) for row in body)]
    return "\n".join(lines)


def row_markdown(row: Sequence[str]) -> str:
    return "| " + " | ".join(MARKS.sub(r"\\\1", " ".join(cell.split())) for cell in row) + " |"


def as_csv(rows: Iterable[Iterable[str | int]], *, delimiter: str = ",") -> str:
    """Rows for a spreadsheet: a text that it would run as a formula gets a quote before it."""
    written_to = io.StringIO()
    writer = csv.writer(written_to, delimiter=delimiter)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return written_to.getvalue()


def harmless(cell: str | int) -> str | int:
    if isinstance(cell, str) and cell.lstrip(" \n").startswith(RUNS):
        return f"'{cell}"
    return cell


@dataclass
class Cell:
    """A cell while it is read."""

    across: int
    down: int
    is_head: bool
    words: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Takes cells out of HTML, whatever else is in it. A cell over several leaves the others empty."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self.cells = 0
        self.rows: list[dict[int, str]] = []
        self.heads: list[bool] = []
        self.taken: dict[int, int] = {}  # column -> rows that a cell above still covers
        self.row: list[Cell] | None = None
        self.cell: Cell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag:
            case "table":
                self.end_table()
            case "tr":
                self.end_row()
                self.row = []
            case "td" | "th":
                self.end_cell()
                facts = dict(attrs)
                self.cell = Cell(
                    span(facts.get("colspan"), MOST_COLUMNS),
                    span(facts.get("rowspan"), 1000),
                    tag == "th",
                )
            case "br" | "p" | "div" | "li":
                self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "table":
                self.end_table()
            case "tr":
                self.end_row()
            case "td" | "th":
                self.end_cell()

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.words.append(data)

    def end_cell(self) -> None:
        if self.cell is None:
            return
        if self.row is None:
            self.row = []
        self.row.append(self.cell)
        self.cell = None

    def end_row(self) -> None:
        self.end_cell()
        if not self.row:
            self.row = None
            return
        placed: dict[int, str] = {}
        covered = {column: left - 1 for column, left in self.taken.items() if left > 1}
        column = 0
        for cell in self.row:
            while column in self.taken:
                column += 1
            if column >= MOST_COLUMNS or self.cells >= MOST_CELLS:
                break
            placed[column] = " ".join("".join(cell.words).split())
            self.cells += 1
            for beside in range(column, min(column + cell.across, MOST_COLUMNS)):
                placed.setdefault(beside, "")
                if cell.down > 1:
                    covered[beside] = cell.down - 1
            column += cell.across
        if placed:
            self.rows.append(placed)
            self.heads.append(all(cell.is_head for cell in self.row))
        self.taken = covered
        self.row = None

    def end_table(self) -> None:
        self.end_row()
        if self.rows:
            width = max(max(row) for row in self.rows) + 1
            rows = tuple(tuple(row.get(at, "") for at in range(width)) for row in self.rows)
            heads = next((at for at, is_head in enumerate(self.heads) if not is_head), 0)
            self.tables.append(Table(rows, heads))
        self.rows, self.heads, self.taken = [], [], {}


def span(value: str | None, most: int) -> int:
    text = (value or "").strip()
    return (
        max(1, min(int(text), most)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    )
