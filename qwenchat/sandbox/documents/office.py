"""DOCX and XLSX: paragraphs and tables in their order, sheets row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenchat.sandbox.documents.bounds import Bounds


def docx(path: Path, bounds: Bounds) -> Iterator[str]:
    # Tens of megabytes with lxml: only who uploads one pays for it.
    from docx import Document  # noqa: PLC0415
    from docx.table import Table  # noqa: PLC0415

    _check(path, bounds)
    for block in Document(str(path)).iter_inner_content():
        bounds.check_time()
        if isinstance(block, Table):
            for row in block.rows:
                yield " | ".join(cell.text.strip() for cell in row.cells)
        elif block.text.strip():
            yield block.text


def xlsx(path: Path, bounds: Bounds) -> Iterator[str | None]:
    from openpyxl import load_workbook  # noqa: PLC0415

    _check(path, bounds)
    with path.open("rb") as file:  # given a path, it judges by its ending, which ours lacks
        book = load_workbook(file, read_only=True, data_only=True)
        for sheet in book.worksheets:
            yield None
            yield f"# {sheet.title}"
            for row in sheet.iter_rows(values_only=True):
                cells = ["" if value is None else str(value) for value in row]
                if any(cells):
                    yield " | ".join(cells).rstrip(" |")
                bounds.check_time()
        book.close()


def _check(path: Path, bounds: Bounds) -> None:
    with ZipFile(path) as archive:
        bounds.check_archive(archive)
