"""Plain text, tables with commas, JSON and source code: decoded, cleaned, kept whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attachments.sniff import family

from . import texts
from .unusable import Unusable

if TYPE_CHECKING:
    from pathlib import Path


def prepare(source: Path, out: Path, *, limits: dict[str, int]) -> dict[str, Any]:
    """Writes `text`."""
    text, encoding = texts.read(source)
    if len(text) > limits["text_characters_kept"]:
        raise Unusable("text_long", limit=limits["text_characters_kept"])
    # Once more, as UTF-8: in another encoding markup may have hidden from the first look.
    if family(text[:4096].encode()) in ("markup", "script", "playlist"):
        raise Unusable("unsupported_type")
    (out / "text").write_text(text, encoding="utf-8", newline="\n")
    return {
        "details": {
            "text_characters": len(text),
            "text_tokens": math.ceil(texts.estimated_tokens(text)),
            "text_layer": bool(text.strip()),
            "encoding": encoding,
        },
        "derived": [{"kind": "text", "file": "text", "content_type": "text/plain; charset=utf-8"}],
    }
