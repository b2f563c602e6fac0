"""Word, PowerPoint, Excel and EPUB as text, with marks for sheets, slides and chapters.

`zips.examine` has been through the file before: its size is real and no XML has a document type. The
libraries parse with lxml, which here resolves no entities and opens no addresses.
"""

from __future__ import annotations

import math
import posixpath
import re
import zipfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import texts
from .unusable import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

CELL_LIMIT = 2_000_000
_BLOCKS = "p div br li tr h1 h2 h3 h4 h5 h6 blockquote section article pre table"


def prepare(source: Path, out: Path, *, format_id: str, limits: dict[str, int]) -> dict[str, Any]:
    """Writes `text`; the facts say how many slides, sheets or chapters there are."""
    read: Callable[[Path], Iterator[str]] = {
        "docx": docx,
        "pptx": pptx,
        "xlsx": xlsx,
        "epub": epub,
    }[format_id]
    characters = 0
    tokens = 0.0
    sections = 0
    with (out / "text").open("w", encoding="utf-8") as file:
        try:
            for line in read(source):
                cleaned = texts.clean(line)
                sections += cleaned.startswith(("[Slide ", "[Sheet ", "[Chapter "))
                characters += len(cleaned) + 1
                tokens += texts.estimated_tokens(cleaned)
                if characters > limits["text_characters_kept"]:
                    raise Unusable("text_long", limit=limits["text_characters_kept"])
                file.write(cleaned + "\n")
        except (Unusable, MemoryError):
            raise
        except Exception as error:  # what a library says about a broken file has no common root
            raise Unusable("broken") from error
    return {
        "pages": sections or None,
        "details": {
            "text_characters": characters,
            "text_tokens": math.ceil(tokens),
            "text_layer": characters > 0,
        },
        "derived": [{"kind": "text", "file": "text", "content_type": "text/plain; charset=utf-8"}],
    }


def docx(source: Path) -> Iterator[str]:
    import docx as python_docx  # noqa: PLC0415  25 MB that other formats do without
    from docx.table import Table  # noqa: PLC0415

    document = python_docx.Document(str(source))
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from table_lines(
                [cell.text for cell in unique_cells(row.cells)] for row in block.rows
            )
            continue
        style = (block.style.name or "") if block.style is not None else ""
        heading = re.fullmatch(r"Heading ([1-6])", style)
        prefix = "#" * int(heading[1]) + " " if heading else ""
        if block.text.strip():
            yield prefix + block.text
            yield ""


def unique_cells(cells: Iterable[Any]) -> list[Any]:
    """A merged cell comes once for each place it covers."""
    seen: list[Any] = []
    for cell in cells:
        if not seen or seen[-1]._tc is not cell._tc:
            seen.append(cell)
    return seen


def table_lines(rows: Iterable[list[str]]) -> Iterator[str]:
    for row in rows:
        yield "\t".join(cell.replace("\n", " ").strip() for cell in row)
    yield ""


def pptx(source: Path) -> Iterator[str]:
    import pptx as python_pptx  # noqa: PLC0415  as above

    presentation = python_pptx.Presentation(str(source))
    for number, slide in enumerate(presentation.slides, 1):
        yield f"[Slide {number}]"
        yield from shape_lines(slide.shapes, depth=0)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            if notes:
                yield f"Notes: {notes}"
        yield ""


def shape_lines(shapes: Iterable[Any], depth: int) -> Iterator[str]:
    for shape in shapes:
        if getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
            yield shape.text_frame.text.strip()
        if getattr(shape, "has_table", False):
            yield from table_lines([cell.text for cell in row.cells] for row in shape.table.rows)
        if depth < 8 and hasattr(shape, "shapes"):
            yield from shape_lines(shape.shapes, depth + 1)


def xlsx(source: Path) -> Iterator[str]:
    import openpyxl  # noqa: PLC0415  as above

    # A file, since a staged upload's name has no ending to be recognised by.
    with source.open("rb") as file:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        cells = 0
        for sheet in workbook.worksheets:
            yield f"[Sheet {sheet.title}]"
            for row in sheet.iter_rows(values_only=True):
                cells += len(row) + 1
                if cells > CELL_LIMIT:
                    raise Unusable("sheet_long", limit=CELL_LIMIT)
                line = "\t".join(cell_text(value) for value in row).rstrip("\t")
                if line:
                    yield line
            yield ""


def cell_text(value: object) -> str:
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")


def epub(source: Path) -> Iterator[str]:
    with zipfile.ZipFile(source) as archive:
        package = package_path(parsed(archive.read("META-INF/container.xml")))
        chapters = spine(parsed(archive.read(package)), posixpath.dirname(package))
        names = set(archive.namelist())
        number = 0
        for chapter in chapters:
            if chapter not in names:
                continue
            number += 1
            reader = ChapterText()
            reader.feed(texts.decode(archive.read(chapter))[0])
            reader.close()
            yield f"[Chapter {number}]"
            yield reader.text()
            yield ""
        if not number:
            raise Unusable("broken")


def parsed(data: bytes) -> Any:
    from lxml import etree  # noqa: PLC0415  only for EPUB

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    return etree.fromstring(data, parser)


def package_path(container: Any) -> str:
    found = container.find(".//{*}rootfile")
    path = found.get("full-path") if found is not None else None
    if not path:
        raise Unusable("broken")
    return str(path)


def spine(package: Any, folder: str) -> list[str]:
    items = {
        item.get("id"): item.get("href") for item in package.iterfind(".//{*}manifest/{*}item")
    }
    order = [ref.get("idref") for ref in package.iterfind(".//{*}spine/{*}itemref")]
    return [
        posixpath.normpath(posixpath.join(folder, unquote(items[name])))
        for name in order
        if items.get(name)
    ]


class ChapterText(HTMLParser):
    """The words of a chapter; blocks become lines, scripts and styles fall away."""

    BLOCKS = frozenset(_BLOCKS.split())
    SILENT = frozenset(("script", "style", "head", "svg", "math"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self.silent.append(tag)
        if tag in self.BLOCKS:
            self.parts.append("\n")
        if re.fullmatch("h[1-6]", tag):
            self.parts.append("#" * int(tag[1]) + " ")

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = (line.strip() for line in "".join(self.parts).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
