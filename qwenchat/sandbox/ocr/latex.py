"""Pages as LaTeX: headings by their size, tables by their columns, the rest as paragraphs."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING

from qwenchat.sandbox.ocr.places import segments
from qwenchat.sandbox.ocr.reading import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.ocr.reading import Page, Word

HEADING_FROM = 1.3  # times the usual height of lines

_SPECIAL = re.compile(r"([&%$#_{}])")
_POWER = re.compile(r"(?<=[A-Za-z)])\^?(\d+)")


def document(page: Page) -> str:
    heights = [_height(line) for line in page.lines]
    usual = statistics.median(heights)
    blocks = []
    for line, height in zip(page.lines, heights, strict=True):
        cells = [_escaped(segment.text) for segment in segments(line)]
        if len(cells) > 1:
            blocks.append(" & ".join(cells) + r" \\")
        elif height > usual * HEADING_FROM:
            blocks.append(rf"\section*{{{cells[0]}}}")
        else:
            blocks.append(cells[0])
    return "\n".join(blocks)


def formula(page: Page) -> str:
    """Each line as a displayed formula; a number behind a letter is taken for a power."""
    lines = [_POWER.sub(r"^{\1}", text_of(line)).replace("*", r"\cdot ") for line in page.lines]
    return "\n".join(f"$$\n{line}\n$$" for line in lines)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\\", r"\textbackslash "))


def _height(line: Sequence[Word]) -> int:
    return max(word.bottom - word.top for word in line)
