"""What a docstring says about a function and about each of its parameters.

Read are Google's `Args:` section, Sphinx' `:param name:` and plain `name: text` lines after the
description; a line that is indented deeper goes on with the one before.

    >>> text, about = read('''Tells the time.
    ...
    ... zone: an IANA name,
    ...     such as Asia/Shanghai
    ... ''', ["zone"])
    >>> text, about
    ('Tells the time.', {'zone': 'an IANA name, such as Asia/Shanghai'})
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

ARGUMENTS = re.compile(r"(Args|Arguments|Parameters):\s*$", re.IGNORECASE)
OTHER_SECTION = re.compile(r"(Returns?|Raises|Yields?|Examples?|Notes?):\s*$", re.IGNORECASE)
FIELD = re.compile(r":(param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+):\s*(.*)$")
OTHER_FIELD = re.compile(r":\w+[^:]*:")
LINE = re.compile(r"\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s+(.*)$")


def read(docstring: str | None, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """The description, and what is said about each of `names`."""
    description: list[str] = []
    about: dict[str, list[str]] = {}
    current: list[str] | None = description
    depth = 0
    is_elsewhere = False  # in a section that is about something else
    for line in inspect.cleandoc(docstring or "").splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        found = FIELD.match(text) or LINE.match(text)
        if OTHER_SECTION.match(text):
            current, is_elsewhere = None, True
        elif ARGUMENTS.match(text):
            current, is_elsewhere = None, False
        elif is_elsewhere:
            continue
        elif found is not None and found[found.re.groups - 1] in names:
            current = about.setdefault(found[found.re.groups - 1], [])
            current.append(found[found.re.groups])
            depth = indent
        elif OTHER_FIELD.match(text):
            current = None
        elif current is not None and (current is description or indent > depth or not text):
            current.append(text)
        elif current is not None:
            current = None
    return flowing(description), {name: flowing(lines) for name, lines in about.items()}


def flowing(lines: list[str]) -> str:
    """Lines as paragraphs."""
    paragraphs = "\n".join(lines).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip()
