"""JSON on lines of its own, with its numbers as they were written.

>>> print(written(read('{"price": 1.50, "far": 1e400}')))
{
  "price": 1.50,
  "far": 1e400
}
"""

from __future__ import annotations

import json
from typing import Any


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
