"""What a language must be able to say; `english` and `chinese` say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwenchat.sandbox.writing.essay import Library
    from qwenchat.sandbox.writing.received import Received

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$])")


class Voice(Protocol):
    library: Library
    notes: tuple[str, ...]  # more thoughts, when a long thinking is asked for

    def opening(self, received: Received) -> str: ...
    def circumstances(self, received: Received) -> str: ...
    def hint(self, received: Received) -> str: ...
    def facts(self, received: Received) -> list[tuple[str, str]]: ...
    def table(self, received: Received) -> str: ...
    def code(self, received: Received, language: str) -> str: ...
    def formula(self, received: Received) -> str: ...
    def list_(self, received: Received) -> str: ...
    def quote(self, received: Received) -> str: ...
    def footnote(self, received: Received) -> str: ...
    def everything(self, received: Received) -> str: ...
    def help(self, manual: str) -> str: ...
    def observations(self, received: Received, wishes: str) -> list[str]: ...
    def wishes(self, parts: tuple[str, ...], unit: str | None, length: int) -> str: ...
    def foreign_prefix(self, received: Received) -> str: ...


def excerpt(text: str, limit: int = 60) -> str:
    """The beginning of somebody's text as one line of Markdown that shows as it was typed."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[:limit].rstrip() + "…"
    return _MARKS.sub(r"\\\1", line)


def option_value(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("type", "…"))
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def options_line(received: Received) -> str:
    """The options as they were sent, "`temperature` 0.7, `top_p` 0.8"; "" when there are none."""
    return ", ".join(f"`{name}` {excerpt(option_value(value))}" for name, value in received.options)
