"""PDF: the text of each page, in order. A scan has none; the service's own reading of scans is
beyond this."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenchat.sandbox.documents.bounds import Bounds


def pages(path: Path, bounds: Bounds) -> Iterator[str | None]:
    from pypdf import PdfReader  # noqa: PLC0415 -- a third of a second of imports

    # It warns at length about every oddity of a file, which is nobody's news here.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    with path.open("rb") as file:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("the document has a password")
        bounds.check_page(len(reader.pages))
        for page in reader.pages:
            yield None
            yield page.extract_text()
