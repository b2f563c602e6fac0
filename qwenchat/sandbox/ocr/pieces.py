"""Connected ink, as boxes: found run by run, so that the ground costs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwenchat.sandbox.ocr.ink import Ink

MAX_RUNS = 600_000  # a dense page has a tenth; noise has more

_RUN = re.compile(rb"\x01+")


@dataclass(frozen=True, slots=True)
class Box:
    left: int
    top: int
    right: int  # exclusive, like `bottom`
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def joined(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class TooMuchInk(Exception):
    """More pieces than any page of writing has."""


def pieces(ink: Ink) -> list[Box]:
    """The boxes of everything that hangs together, diagonals included."""
    parents: list[int] = []
    boxes: list[list[int]] = []
    above: list[tuple[int, int, int]] = []
    for row in range(ink.height):
        line = ink.mask[row * ink.width : (row + 1) * ink.width]
        current: list[tuple[int, int, int]] = []
        at = 0
        for match in _RUN.finditer(line):
            start, end = match.span()
            label = -1
            while at < len(above) and above[at][1] < start:
                at += 1
            probe = at
            while probe < len(above) and above[probe][0] <= end:
                other = _root(parents, above[probe][2])
                label = other if label < 0 else _union(parents, boxes, label, other)
                probe += 1
            if label < 0:
                label = len(parents)
                parents.append(label)
                boxes.append([start, row, end, row + 1])
                if label > MAX_RUNS:
                    raise TooMuchInk
            else:
                box = boxes[label]
                box[0], box[2], box[3] = min(box[0], start), max(box[2], end), row + 1
            current.append((start, end, label))
        above = current
    return [Box(*box) for label, box in enumerate(boxes) if parents[label] == label]


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


def _union(parents: list[int], boxes: list[list[int]], one: int, other: int) -> int:
    if one == other:
        return one
    keep, drop = min(one, other), max(one, other)
    parents[drop] = keep
    a, b = boxes[keep], boxes[drop]
    boxes[keep] = [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
    return keep
