"""JSON on lines of its own, with its numbers as they were written, and with colours.

>>> print(written(read('{"price": 1.50, "far": 1e400}')))
{
  "price": 1.50,
  "far": 1e400
}
"""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from qwenchat.markup.code import highlighted

COLOURED_CHARACTERS = 8_000  # more of several texts would make their page wait


class Number(str):
    """A number's own digits: to its reader 1.50 is not 1.5, and 1e400 is more than Python has."""

    __slots__ = ()


def read(text: str) -> Any:
    """The value, its numbers as `Number`. Raises ValueError, or RecursionError where it is too deep."""
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=refuse)


def refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def written(value: Any, level: int = 0) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict) and value:
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}: {written(inner, level + 1)}"
            for name, inner in value.items()
        ]
    elif isinstance(value, list) and value:
        parts = [written(inner, level + 1) for inner in value]
    else:
        return json.dumps(value, ensure_ascii=False)
    start, end = "{}" if isinstance(value, dict) else "[]"
    line = "\n" + "  " * (level + 1)
    return f"{start}{line}{f',{line}'.join(parts)}{line[:-2]}{end}"


def coloured(text: str) -> SafeString:
    """The text as HTML, with colours where it is JSON and not too long for that."""
    if text[:1] not in ("{", "[") or len(text) > COLOURED_CHARACTERS:
        return escape(text)
    try:
        read(text)
    except (ValueError, RecursionError):
        return escape(text)
    return code_html(text, "json")


def code_html(text: str, language: str) -> SafeString:
    """A program's text, or JSON's, as HTML, with colours where it is not too long for that."""
    if len(text) > COLOURED_CHARACTERS:
        return escape(text)
    return mark_safe(highlighted(text, language))  # noqa: S308 -- it escapes every word
