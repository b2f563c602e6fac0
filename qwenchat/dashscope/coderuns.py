"""What the native protocol tells of the programs that the service ran for the model.

    {"output":{"choices":[...],
               "tool_info":[{"type":"code_interpreter","code_interpreter":{"code":"123**21"}}]},
     "usage":{"plugins":{"code_interpreter":{"count":1}}},"request_id":"r-1"}

A run has no id, and nobody documents whether a later frame's list repeats the earlier runs or only
has the newest, so both are understood (Source: dashscope-api §5.1).
"""

from __future__ import annotations

from typing import Any

from .events import CodeRun
from .texts import clean

TYPE = "code_interpreter"

# A model runs a handful; more is nonsense and must not grow anything.
_MOST_RUNS = 32
_LONGEST_CODE = 100_000


class CodeRuns:
    """The runs of one answer, as far as its frames have told of them."""

    def __init__(self) -> None:
        self._codes: list[str] = []
        self._count = 0

    def news(self, info: object) -> list[CodeRun]:
        """Give the runs in one `tool_info` that are new, or whose code has grown."""
        entries = info[:_MOST_RUNS] if isinstance(info, list) else []
        codes = [code for entry in entries if (code := _code_of(entry))]
        found = (self._place(at, code, alone=len(codes) == 1) for at, code in enumerate(codes))
        return [CodeRun(index, self._codes[index]) for index in found if index is not None]

    def count(self, usage: object) -> None:
        """Take in how many runs the service has counted."""
        told = usage
        for name in ("plugins", TYPE, "count"):
            told = told.get(name) if isinstance(told, dict) else None
        if type(told) is int and told > self._count:
            self._count = min(told, _MOST_RUNS)

    def untold(self) -> list[CodeRun]:
        """Give the runs that were counted and whose code never came; asked once, at the end."""
        missing = range(len(self._codes), self._count)
        self._codes += [""] * len(missing)
        return [CodeRun(index, "") for index in missing]

    def _place(self, at: int, code: str, *, alone: bool) -> int | None:
        """Take in one run's code; None where it says nothing new."""
        known = self._codes
        if at < len(known) and _is_same(known[at], code):
            return self._grown(at, code)
        if at < len(known) and code in known:
            return None
        if alone and known and _is_same(known[-1], code):
            return self._grown(len(known) - 1, code)
        if len(known) == _MOST_RUNS:
            return None
        known.append(code)
        return len(known) - 1

    def _grown(self, at: int, code: str) -> int | None:
        if len(code) <= len(self._codes[at]):
            return None
        self._codes[at] = code
        return at


def _is_same(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _code_of(entry: Any) -> str:
    run = entry.get(TYPE) if isinstance(entry, dict) and entry.get("type", TYPE) == TYPE else None
    code = run.get("code") if isinstance(run, dict) else None
    return clean(code)[:_LONGEST_CODE] if isinstance(code, str) else ""
