"""TXT, MD, CSV and JSON, in the encodings people have: UTF-8, UTF-16 with a mark, GB18030."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenchat.sandbox.documents.bounds import Bounds


def text(path: Path, bounds: Bounds) -> Iterator[str]:
    bounds.check_time()
    yield decoded(path.read_bytes())


def table(path: Path, bounds: Bounds) -> Iterator[str]:
    """The rows as lines, their cells set apart by " | "."""
    rows = csv.reader(io.StringIO(decoded(path.read_bytes())))
    for row in rows:
        line = " | ".join(cell.strip() for cell in row)
        bounds.check_time()
        yield line


def decoded(data: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            found = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Zeros in it: not text at all.
        if "\x00" in found:
            raise ValueError("binary content")
        return found
    return data.decode("utf-8", "replace")
