"""Failures on demand: lines in a message that begin with `/sandbox`, to look at every page state.

A line counts when it is in the newest user message; the rest of that message is the question, and
lines can be combined ("/sandbox slow 5" and "/sandbox rate 4"). A failure in mid-answer happens
only when an answer starts afresh: its continuation (`partial`) goes through to the end, so that
*Continue* can be seen to work. `/sandbox help` answers with this list:

    error STATUS [SECONDS]   refused with 400 401 403 404 429 500 502 503 or 504; with SECONDS
                             also a Retry-After header
    flaky N                  refused with 503 N times in a row, then answered
    arrears                  400 Arrearage, the unpaid account
    quota                    429 insufficient_quota
    busy [KIND]              429 for too many requests, or for KIND burst, tokens or concurrency
    moderation [input]       refused by moderation in mid-answer; `input`: before it
    fail                     an internal error in mid-answer
    stall                    some text, then silence with the connection open
    silent                   accepted, then not one token
    cut                      the stream ends in mid-answer without a finish reason
    reset                    the connection is reset in mid-answer
    empty                    200 and usage, but no text and no finish reason
    length                   the answer ends early with finish reason "length"
    html                     200 with a web page instead of a stream, as broken proxies send
    garbage                  a line in the stream that is no JSON
    endless                  goes on until it is stopped
    slow SECONDS             waits before the first token
    call NAME [ARGUMENTS]    calls that tool, if it is offered, with these very arguments (JSON, or
                             broken JSON); works in tool results and documents, too
    shape LETTER             calls come in fragments of this shape: A to D as the service was seen to
                             write them, E interleaved, F without numbers, G in the closing chunk,
                             H with finish reason "stop", I all numbered 0, J all with one id
    rate N                   this answer at N tokens a second; 0 is as fast as possible
    help                     this list
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"^[ \t]*/sandbox\b[ \t]*(.*)$", re.M)
MAX_WAIT_S = 600.0

BEFORE = frozenset({"error", "flaky", "arrears", "quota", "busy", "silent", "empty", "html"})
DURING = frozenset({"fail", "stall", "cut", "reset", "length", "garbage", "endless"})


@dataclass(frozen=True, slots=True)
class Staging:
    """What was asked for; the default is: nothing unusual."""

    failure: str = ""  # one of BEFORE or DURING, "moderation" or "moderation input"
    number: int = 0  # of `error` and `flaky`
    kind: str = ""  # of `busy`
    retry_after_s: int | None = None
    slow_s: float = 0.0
    rate: float | None = None
    help: bool = False

    @property
    def is_during(self) -> bool:
        return self.failure in DURING or self.failure == "moderation"


def without_commands(text: str) -> str:
    return _LINE.sub("", text).strip() if "/sandbox" in text else text


def read(text: str) -> Staging:
    """The staging a message asks for; an unknown command asks for help."""
    if "/sandbox" not in text:
        return Staging()
    failure, number, retry_after_s, slow_s = "", 0, None, 0.0
    rate: float | None = None
    helping, kind = False, ""
    for match in _LINE.finditer(text):
        name, *arguments = match[1].lower().split() or ["help"]
        if name == "slow":
            slow_s = min(_number(arguments, 5), MAX_WAIT_S)
        elif name in ("call", "shape"):
            continue  # not a failure: `tooling.choosing` reads it
        elif name == "rate":
            rate = _number(arguments, 10)
        elif name == "moderation":
            failure = "moderation input" if arguments[:1] == ["input"] else "moderation"
        elif name in BEFORE or name in DURING:
            failure = name
            kind = arguments[0] if arguments else ""
            number = int(_number(arguments, 500 if name == "error" else 1))
            if name == "error" and len(arguments) > 1:
                retry_after_s = int(_number(arguments[1:], 1))
        else:
            helping = True
    return Staging(failure, number, kind, retry_after_s, slow_s, rate, helping)


def _number(arguments: list[str], default: float) -> float:
    try:
        number = float(arguments[0]) if arguments else default
    except ValueError:
        return default
    return number if 0 <= number < 1e6 else default


def manual() -> str:
    """The list of commands in this module's docstring, without its introduction."""
    lines = (__doc__ or "").split("answers with this list:\n\n")[1].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines).strip()
