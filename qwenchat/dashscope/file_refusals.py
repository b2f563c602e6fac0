"""What the service says about documents that it cannot read, or not yet (Source: dashscope-api
§7.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import FileReason

# Only these two pass by themselves.
_PARSING_TEXTS = re.compile(r"file parsing in progress|file processing time-?\s?out", re.I)
_FILE_TEXTS: tuple[tuple[re.Pattern[str], FileReason], ...] = (
    (re.compile(r"\bfile\b.{0,200}\bcannot be found", re.I | re.S), "not_found"),
    (re.compile(r"\bfile\b.{0,200}\bformat is not supported", re.I | re.S), "format"),
    (re.compile(r"\bfile\b.{0,200}\bexceeds size limit", re.I | re.S), "too_large"),
    (re.compile(r"\bfile\b.{0,200}\bexceeds page limits?", re.I | re.S), "too_many_pages"),
    (re.compile(r"\bfile\b.{0,200}\bcontent blank|upload list is empty", re.I | re.S), "empty"),
    (re.compile(r"too many files provided", re.I), "too_many_files"),
    (re.compile(r"invalid file \[id:", re.I), "not_found"),
    (re.compile(r"file parsing failed", re.I), "unreadable"),
)
_FILE_ID = re.compile(r"\[id:\s*([A-Za-z0-9_.-]{1,200})\s*\]", re.ASCII)


def is_parsing(message: str) -> bool:
    """Tell whether a file is still being read."""
    return _PARSING_TEXTS.search(message) is not None


def file_reason(message: str, code: str) -> FileReason | None:
    """Tell what is wrong with a file; None for a refusal that is not about one."""
    for pattern, reason in _FILE_TEXTS:
        if pattern.search(message):
            return reason
    return "unreadable" if code.lower().startswith("invalidparameter.file") else None


def file_id_in(message: str) -> str | None:
    """Give the id of the file that a refusal names."""
    found = _FILE_ID.search(message)
    return found[1] if found else None
