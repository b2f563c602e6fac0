"""What is left out of a request before anybody sees it: keys, and the bytes of files."""

from __future__ import annotations

import re
from typing import Any

KEYS = re.compile(r"\b(sk-)[A-Za-z0-9_-]{12,}|(?i:\b(bearer\s+)[A-Za-z0-9._~+/=-]{20,})")
BYTES = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*;base64,[A-Za-z0-9+/=_-]{40,}")
# As `pieces.Document` marks it.
DOCUMENT = re.compile(r'(<document name="[^"]*">\n)(.*?)(\n</document>)', re.DOTALL)
DOCUMENT_CHARACTERS = 2000
SHORT = 100  # a text with neither bytes nor a document worth cutting
SECRET_NAMES = frozenset({"authorization", "api_key", "apikey", "api-key", "x-api-key"})


def redacted(value: Any) -> Any:
    """The same JSON value, with keys masked and base64 bytes replaced by their size."""
    match value:
        case dict():
            return {
                name: "***" if str(name).lower() in SECRET_NAMES else redacted(item)
                for name, item in value.items()
            }
        case list():
            return [redacted(item) for item in value]
        case str():
            return BYTES.sub(size_of, KEYS.sub(masked, value))
    return value


def without_files(body: Any) -> Any:
    """A request as it is kept: bytes by their size, and of a document's text only the beginning."""
    match body:
        case dict():
            return {name: without_files(item) for name, item in body.items()}
        case list():
            return [without_files(item) for item in body]
        case str() if len(body) > SHORT:
            return DOCUMENT.sub(beginning_of, BYTES.sub(size_of, body))
    return body


def beginning_of(found: re.Match[str]) -> str:
    text = found[2]
    if len(text) <= DOCUMENT_CHARACTERS:
        return found[0]
    left = len(text) - DOCUMENT_CHARACTERS
    return f"{found[1]}{text[:DOCUMENT_CHARACTERS]}\n<{left} more characters>{found[3]}"


def masked(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}***"


def size_of(found: re.Match[str]) -> str:
    kind, _, bytes_ = found[0].partition(";base64,")
    return f"{kind};base64,<{len(bytes_) * 3 // 4} bytes>"
