"""Pieces put together: dots to their letters, letters to lines."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenchat.sandbox.ocr.pieces import Box

SMALLEST_PX = 2  # in the enlarged picture: less is dust
RULE_ASPECT = 12.0  # longer and thinner than any dash: a line of a table


@dataclass(frozen=True, slots=True)
class Line:
    """Letters in reading order, in pixels of the picture that was looked at."""

    letters: tuple[Box, ...]
    baseline: int
    tall: int  # height above the baseline of its tallest letters


def lines(boxes: Sequence[Box]) -> list[Line]:
    """The lines from top to bottom; what can't be a letter is left out."""
    letters = _letter_sized(boxes)
    rows: list[list[Box]] = []
    for box in sorted(letters, key=lambda box: -box.height):
        row = _row_of(box, rows)
        if row is None:
            rows.append([box])
        else:
            row.append(box)
    found = [_line(row) for row in rows]
    return sorted((line for line in found if line), key=lambda line: line.baseline)


def _letter_sized(boxes: Iterable[Box]) -> list[Box]:
    kept = [box for box in boxes if max(box.width, box.height) >= SMALLEST_PX]
    heights = [box.height for box in kept if box.height > SMALLEST_PX * 3]
    if not heights:
        return []
    usual = statistics.median(heights)
    return [
        box
        for box in kept
        if box.height <= usual * 6
        and not (box.width > usual * 4 and box.width > box.height * RULE_ASPECT)
        and not (box.height > usual * 4 and box.height > box.width * RULE_ASPECT)
    ]


def _row_of(box: Box, rows: Iterable[list[Box]]) -> list[Box] | None:
    """The row whose tallest letter (its first) this box lies beside."""
    best: list[Box] | None = None
    most = 0.0
    for row in rows:
        tallest = row[0]
        margin = tallest.height * 0.35  # descenders hang below, quotes stand above
        overlap = min(box.bottom, tallest.bottom + margin) - max(box.top, tallest.top - margin)
        share = overlap / box.height
        if share > 0.8 and share > most:
            near = tallest.top - margin <= box.middle <= tallest.bottom + margin
            if near and overlap / box.height > most:
                best, most = row, share
    return best


def _line(row: Sequence[Box]) -> Line | None:
    letters = _with_dots(sorted(row, key=lambda box: box.left))
    heights = sorted(box.height for box in letters)
    usual = heights[len(heights) // 2]
    standing = [box.bottom for box in letters if box.height >= usual * 0.6]
    if not standing:
        return None
    baseline = _baseline(standing, usual)
    tall = max(
        (baseline - box.top for box in letters if abs(box.bottom - baseline) <= usual * 0.2),
        default=usual,
    )
    return Line(tuple(letters), baseline, max(tall, 1))


def _baseline(bottoms: Sequence[int], usual: int) -> int:
    """Where most letters stand: the bottom that has most others near it."""
    near = max(1, usual // 12)
    counts = {
        bottom: sum(abs(other - bottom) <= near for other in bottoms) for bottom in set(bottoms)
    }
    most = max(counts.values())
    close = [bottom for bottom, count in counts.items() if count == most]
    return round(statistics.median(close))


def _with_dots(boxes: Sequence[Box]) -> list[Box]:
    """Pieces above each other are one letter: i, j, :, ;, =, !, ?, %."""
    joined: list[Box] = []
    for box in boxes:
        last = joined[-1] if joined else None
        if last is not None:
            overlap = min(last.right, box.right) - max(last.left, box.left)
            if overlap > 0.5 * min(last.width, box.width) and overlap > 0:
                joined[-1] = last.joined(box)
                continue
        joined.append(box)
    return joined
