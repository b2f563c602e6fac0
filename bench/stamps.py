"""Times that travel in an answer's text: words of four characters, tenths of a millisecond.

    >>> word(1234567.89)
    x

A capital and three of a-z0-9: an ordinary word to Markdown, nothing that our HTML or JSON is made of, and
with the space behind it as long as a token usually is. The clock is CLOCK_MONOTONIC, which all processes
of a machine share; it wraps after two minutes, far more than any lag.
"""

from __future__ import annotations

import re

CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REST = "abcdefghijklmnopqrstuvwxyz0123456789"
UNITS_PER_S = 10_000
WRAP = 26 * 36**3
WORD = re.compile(rb"[A-Z][a-z0-9]{3}")

_PAIRS = [a + b for a in REST for b in REST]
_HIGH = [a + b for a in CAPITALS for b in REST]
_VALUES = {pair: index for index, pair in enumerate(_PAIRS)}
_HIGH_VALUES = {pair: index for index, pair in enumerate(_HIGH)}


def word(now_s: float) -> str:
    """The word for a moment of the monotonic clock."""
    return word_of(int(now_s * UNITS_PER_S))


def word_of(units: int) -> str:
    """The same for a count of tenths of a millisecond."""
    high, low = divmod(units % WRAP, 36 * 36)
    return _HIGH[high] + _PAIRS[low]


def units(word: str) -> int:
    """What a word says, in tenths of a millisecond."""
    return _HIGH_VALUES[word[:2]] * 1296 + _VALUES[word[2:]]


def lag_s(now_s: float, units: int) -> float:
    """How long before `now_s` that was."""
    return ((int(now_s * UNITS_PER_S) - units) % WRAP) / UNITS_PER_S
