"""Which reader a file gets, its bounds, and what was found as values."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from qwenchat.sandbox import tokens
from qwenchat.sandbox.counting import characters, words
from qwenchat.sandbox.documents import epub, office, pdf, plain
from qwenchat.sandbox.documents.bounds import Bounds, TooLong, TooManyPages
from qwenchat.sandbox.files import refusals
from qwenchat.sandbox.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READS_FOR_S = 60.0
MAX_PAGES = 15_000
# Ten million tokens, what a question may have altogether, and some room.
MAX_CHARACTERS = 50_000_000

# Each gives the text in pieces; None stands for the beginning of a page.
_READERS: dict[str, Callable[[Path, Bounds], Iterator[str | None]]] = {
    ".txt": plain.text,
    ".md": plain.text,
    ".json": plain.text,
    ".csv": plain.table,
    ".docx": office.docx,
    ".xlsx": office.xlsx,
    ".pdf": pdf.pages,
    ".epub": epub.chapters,
}


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    name: str
    text: str
    pages: int | None  # None where the format has none; sheets and chapters count as pages
    words: int
    characters: int
    tokens: int


def read_document(path: Path, name: str, file_id: str) -> Document:
    """The document; `Refused` as the service would when it can't be read or has no text."""
    shown = f"id:{file_id}"
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        # Pictures and MOBI can be uploaded, but nothing here reads them.
        raise Refused(refusals.unsupported(shown))
    bounds = Bounds(time.monotonic() + READS_FOR_S, MAX_PAGES, MAX_CHARACTERS)
    try:
        text, pages = _read(reader(path, bounds), bounds)
    except TooManyPages as error:
        raise Refused(refusals.too_many_pages(shown, MAX_PAGES)) from error
    except TooLong as error:
        raise Refused(refusals.oversized(shown)) from error
    except TimeoutError as error:
        raise Refused(refusals.TIMED_OUT) from error
    except Exception as error:  # whatever a parser raises for a file that lies about itself
        raise Refused(refusals.unreadable(shown)) from error
    if not text:
        raise Refused(refusals.blank(shown))
    return Document(
        id=file_id,
        name=name,
        text=text,
        pages=pages,
        words=words(text),
        characters=characters(text),
        tokens=tokens.count_once(text),
    )


def _read(pieces: Iterator[str | None], bounds: Bounds) -> tuple[str, int | None]:
    found: list[str] = []
    pages = 0
    for piece in pieces:
        if piece is None:
            pages += 1
            bounds.check_page(pages)
        else:
            bounds.check_text(len(piece))
            found.append(piece)
    return "\n".join(found).replace("\x00", "").strip(), pages or None
