"""Columns and rows of words, as an HTML table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qwenchat.sandbox.ocr.places import Segment, segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.ocr.reading import Page


def html(page: Page) -> str:
    return _table(rows(page))


def rows(page: Page) -> list[list[str]]:
    """The cells of the table, all rows equally long; lines outside of it are left out."""
    lines = [segments(line) for line in page.lines]
    wide = [line for line in lines if len(line) > 1] or lines
    columns = _columns([segment for line in wide for segment in line])
    found = []
    for line in wide:
        cells = [""] * len(columns)
        for segment in line:
            at = _column_of(segment, columns)
            cells[at] = f"{cells[at]} {segment.text}".strip()
        found.append(cells)
    return found


def _columns(cells: Sequence[Segment]) -> list[tuple[int, int]]:
    """Where columns are: spans of cells that overlap."""
    spans: list[tuple[int, int]] = []
    for cell in sorted(cells, key=lambda cell: cell.left):
        if spans and cell.left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], cell.right))
        else:
            spans.append((cell.left, cell.right))
    return spans


def _column_of(cell: Segment, columns: Sequence[tuple[int, int]]) -> int:
    return next(at for at, (_, right) in enumerate(columns) if cell.left < right)


def _table(cells: Sequence[Sequence[str]]) -> str:
    lines = ["<table>"]
    for row in cells:
        inside = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f"  <tr>{inside}</tr>")
    return "\n".join([*lines, "</table>"])
