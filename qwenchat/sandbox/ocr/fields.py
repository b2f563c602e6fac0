""" "Label: value" lines of a page, and a schema filled from them.

Invoice no: 4711        schema {"invoice number": "digits only", "Date": ""}
Date: 2026-11-25        gives  {"invoice number": "4711", "Date": "2026-11-25"}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.ocr.places import segments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.sandbox.ocr.reading import Page

MISSING = "null"  # what the service says for a field that it doesn't find
MAX_LEVELS = 3

_LABEL = re.compile(r"^(?P<label>[^:：]{1,60}?)\s*[:：]\s*(?P<value>.*)$")
_WORD = re.compile(r"[^\W_]+")
_SYNONYMS = {"no": "number", "nr": "number", "num": "number", "tel": "phone", "amount": "total"}


def fields(page: Page) -> dict[str, str]:
    """Every labelled value, in order; a value may stand in the next column or the next line."""
    found: dict[str, str] = {}
    waiting: str | None = None
    for line in page.lines:
        for segment in segments(line):
            match = _LABEL.match(segment.text)
            if match is not None and not _is_time(segment.text):
                waiting = match["label"] if not match["value"] else None
                if match["value"]:
                    found.setdefault(match["label"], match["value"])
            elif waiting is not None:
                found.setdefault(waiting, segment.text)
                waiting = None
    return found


def filled(schema: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    """The schema with values in the place of its hints."""
    return {
        name: filled(hint, found) if isinstance(hint, dict) else _value(name, found)
        for name, hint in schema.items()
    }


def levels(schema: Any) -> int:
    if not isinstance(schema, dict):
        return 0
    return 1 + max((levels(inner) for inner in schema.values()), default=0)


def _value(name: str, found: Mapping[str, str]) -> str:
    wanted = _terms(name)
    best, most = MISSING, 0.0
    for label, value in found.items():
        terms = _terms(label)
        shared = len(wanted & terms) / max(1, len(wanted | terms))
        if shared > most:
            best, most = value, shared
    return best if most >= 0.5 else MISSING


def _terms(text: str) -> set[str]:
    words = [word.lower() for word in _WORD.findall(text.replace("_", " "))]
    return {_SYNONYMS.get(word, word) for word in words}


def _is_time(text: str) -> bool:
    return re.match(r"^\d{1,2}:\d\d", text) is not None
