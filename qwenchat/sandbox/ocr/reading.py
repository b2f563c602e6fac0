"""A whole picture read: enlarged until its letters are large enough, lines and words found."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qwenchat.sandbox.ocr.ink import ink_of
from qwenchat.sandbox.ocr.layout import lines
from qwenchat.sandbox.ocr.letters import drawn
from qwenchat.sandbox.ocr.matching import Matcher, read_line
from qwenchat.sandbox.ocr.pieces import TooMuchInk, pieces
from qwenchat.sandbox.ocr.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from qwenchat.sandbox.ocr.ink import Ink
    from qwenchat.sandbox.ocr.matching import Match, Reading
    from qwenchat.sandbox.ocr.pieces import Box

MAX_PIXELS = 6_000_000  # what is looked at: an A4 page at 200 dpi has 3.9 million
MAX_LETTERS = 12_000  # a full page has 4,000; finding lines takes the square of it
LETTER_PX = 24  # high enough to compare shapes
MOST_ENLARGED = 4
SURE_FROM = 0.75  # of the letters, for a picture to count as read
WORD_ROOM = 0.14  # of the height of capitals: less than half a space
READS_FOR_S = 10.0  # what was read until then counts
_LOOK_LIKE = {"I": "1", "l": "1", "|": "1", "O": "0", "o": "0"}


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    left: int  # in pixels of the original picture
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a picture, top to bottom; () when it couldn't be read.

    `turn` is by how many degrees the picture was turned counterclockwise to be read; the words
    are where they are on the turned picture, whose size is `size`.
    """

    lines: tuple[tuple[Word, ...], ...]
    size: tuple[int, int] = (0, 0)
    turn: int = 0

    @property
    def text(self) -> str:
        return "\n".join(text_of(line) for line in self.lines)


def text_of(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


UNREAD = Page(())


def read(image: Image, *, rotates: bool = False) -> Page:
    """The page in a picture; with `rotates` it is turned until it can be read."""
    page = _read(image)
    for turn in (90, 180, 270) if rotates and not page.lines else ():
        turned = _read(image.rotate(turn, expand=True))
        if turned.lines:
            return replace(turned, turn=turn)
    return page


def _read(image: Image) -> Page:
    deadline = time.monotonic() + READS_FOR_S
    grey = image.convert("L")
    scale = min(1.0, (MAX_PIXELS / (grey.width * grey.height)) ** 0.5)
    try:
        ink, boxes, scale = _enlarged(grey, scale)
    except TooMuchInk:
        return UNREAD
    if ink is None or len(boxes) > MAX_LETTERS:
        return UNREAD
    found: list[tuple[Word, ...]] = []
    sure = seen = 0
    matcher = Matcher(ink)
    for line in lines(boxes):
        if time.monotonic() > deadline:
            break
        reading = read_line(line, matcher)
        known = sum(match.is_sure for match in reading.matches)
        sure += known
        seen += len(reading.matches)
        if known >= len(reading.matches) * SURE_FROM:
            found.append(tuple(_words(reading, scale)))
    if not found or sure < seen * SURE_FROM:
        return UNREAD
    return Page(tuple(found), image.size)


def _enlarged(grey: Image, scale: float) -> tuple[Ink | None, Sequence[Box], float]:
    """The ink at a scale where letters are large enough to be compared, and that scale."""
    scaled = _resized(grey, scale)
    ink = ink_of(scaled)
    if ink is None:
        return None, (), scale
    boxes = pieces(ink)
    heights = [box.height for box in boxes if box.height > 3 and box.width > 1]
    usual = statistics.median(heights) if heights else 0
    if not 0 < usual < LETTER_PX:
        return ink, boxes, scale
    factor = min(MOST_ENLARGED, LETTER_PX / usual)
    factor = min(factor, (MAX_PIXELS / (scaled.width * scaled.height)) ** 0.5)
    if factor < 1.3:
        return ink, boxes, scale
    larger = ink_of(_resized(grey, scale * factor))
    return (larger, pieces(larger), scale * factor) if larger else (None, (), scale)


def _resized(grey: Image, scale: float) -> Image:
    if scale == 1.0:
        return grey
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return grey.resize(size, 3 if scale > 1 else 4)  # bicubic, or the mean of the area


def _words(reading: Reading, scale: float) -> Iterator[Word]:
    letters: list[Match] = []
    for match in _with_digits(reading.matches):
        if letters and _room(letters[-1], match, reading.capital) > WORD_ROOM:
            yield _word(letters, scale)
            letters = []
        letters.append(match)
    yield _word(letters, scale)


def _with_digits(matches: Sequence[Match]) -> list[Match]:
    """Letters that look like digits are some beside digits, and keep the room of those."""
    found = list(matches)
    for at, match in enumerate(found):
        digit = _LOOK_LIKE.get(match.letter.character)
        beside = [found[i].letter.character for i in (at - 1, at + 1) if 0 <= i < len(found)]
        if digit is not None and any(character.isdigit() for character in beside):
            found[at] = replace(match, letter=drawn(match.letter.font, digit))
    return found


def _room(one: Match, other: Match, capital: float) -> float:
    """What lies between two letters beyond what they keep at their sides anyway."""
    usual = one.letter.after + other.letter.before
    return (other.box.left - one.box.right) / capital - usual


def _word(letters: Sequence[Match], scale: float) -> Word:
    box = letters[0].box
    for match in letters[1:]:
        box = box.joined(match.box)
    text = "".join(match.letter.character for match in letters)
    edges = (box.left, box.top, box.right, box.bottom)
    return Word(spelled(text), *(round(edge / scale) for edge in edges))
