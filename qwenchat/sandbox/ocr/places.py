"""Where words are on a picture, as the service tells it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.ocr.reading import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenchat.sandbox.ocr.reading import Page, Word

COLUMN_ROOM = 1.6  # of a line's height: more between two words sets columns apart


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of a line that belong together; a row of a table has several."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return text_of(self.words)

    @property
    def left(self) -> int:
        return self.words[0].left

    @property
    def right(self) -> int:
        return self.words[-1].right

    @property
    def top(self) -> int:
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> int:
        return max(word.bottom for word in self.words)


def segments(line: Sequence[Word]) -> list[Segment]:
    height = max(word.bottom - word.top for word in line)
    cuts = [
        at
        for at, (one, other) in enumerate(pairwise(line), 1)
        if other.left - one.right > COLUMN_ROOM * height
    ]
    return [
        Segment(tuple(line[start:end]))
        for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True)
    ]


def words_info(page: Page) -> list[dict[str, Any]]:
    """The `words_info` of an answer: four corners, clockwise from the top left of the text, and
    the turned rectangle around them, in pixels of the picture as it was sent."""
    return [
        {"text": segment.text, "location": location(segment, page), "rotate_rect": rect}
        for line in page.lines
        for segment in segments(line)
        for rect in [rotated_rect(segment, page)]
    ]


def location(segment: Segment, page: Page) -> list[int]:
    left, top, right, bottom = segment.left, segment.top, segment.right, segment.bottom
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [value for x, y in corners for value in _turned_back(x, y, page)]


def rotated_rect(segment: Segment, page: Page) -> list[int]:
    """Centre, width, height and angle."""
    x, y = (segment.left + segment.right) // 2, (segment.top + segment.bottom) // 2
    width, height = segment.right - segment.left, segment.bottom - segment.top
    angle = {0: 0, 90: 90, 180: 0, 270: -90}[page.turn]
    return [*_turned_back(x, y, page), width, height, angle]


def _turned_back(x: int, y: int, page: Page) -> Iterator[int]:
    """A point of the turned picture on the one that was sent."""
    width, height = page.size
    yield from {
        0: (x, y),
        90: (height - y, x),
        180: (width - x, height - y),
        270: (y, width - x),
    }[page.turn]
