"""EPUB: the chapters in the order of the book, without their markup."""

from __future__ import annotations

import posixpath
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zipfile import ZipFile

from qwenchat.sandbox.documents.plain import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenchat.sandbox.documents.bounds import Bounds

_BLOCKS = frozenset(
    ["p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "section", "article"]
)
_HIDDEN = frozenset(["script", "style", "head"])
_SPACES = re.compile(r"[ \t\r\f\v]+")
_LINES = re.compile(r"\s*\n\s*")


def chapters(path: Path, bounds: Bounds) -> Iterator[str | None]:
    with ZipFile(path) as archive:
        bounds.check_archive(archive)
        for member in _spine(archive):
            yield None
            yield text_of(decoded(archive.read(member)))


def text_of(markup: str) -> str:
    reader = _Text()
    reader.feed(markup)
    reader.close()
    return _LINES.sub("\n", _SPACES.sub(" ", "".join(reader.found))).strip()


def _spine(archive: ZipFile) -> list[str]:
    """The chapters' names in reading order, as the package document gives it."""
    members = set(archive.namelist())
    container = _Elements(decoded(archive.read("META-INF/container.xml")))
    package = container.first("rootfile").get("full-path") or ""
    listed = _Elements(decoded(archive.read(package)))
    folder = posixpath.dirname(package)
    files = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        for item in listed.all("item")
    }
    names = [files.get(item.get("idref"), "") for item in listed.all("itemref")]
    return [name for name in names if name in members]


class _Elements(HTMLParser):
    """The elements of a small XML file with their attributes: no entities are ever expanded."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._found.append((tag.rpartition(":")[2], dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self._found if name == tag]

    def first(self, tag: str) -> dict[str, str | None]:
        return next(iter(self.all(tag)), {})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data.replace("\n", " "))
