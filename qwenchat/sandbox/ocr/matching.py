"""Which letters a line consists of: shapes compared, with their place on the line.

Shape alone can't tell "o" from "O" or "," from "'": how high a letter is above the baseline can.
Which of a line's heights is that of capitals isn't known beforehand, so both readings of its
tallest letters, capitals or small letters, are tried, and the better one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenchat.sandbox.ocr.letters import (
    SIDE,
    Letter,
    aspect_of,
    bits_of,
    fonts,
    known,
    parts_of,
    standing,
)
from qwenchat.sandbox.ocr.pieces import Box

if TYPE_CHECKING:
    from qwenchat.sandbox.ocr.ink import Ink
    from qwenchat.sandbox.ocr.layout import Line

POINTS = SIDE * SIDE
SMALL_LETTERS = 0.72  # their height, of that of capitals
ASCENDERS = 1.06  # of letters like "b" and "l" in most fonts
ACCEPTED = 0.30  # a cost above is no letter that is known
DOUBTED = 0.12  # a cost above may be a piece of something
MOST_CUTS = 10  # of letters that touch


RARE = frozenset("[]{}|~^`\\<>")  # where shapes are equal, others are meant
RARE_COST = 0.04
BROKEN_COST = 0.08  # a dot that touches, a stroke that is broken
JOINED = 3  # boxes of one letter at most: %
SEAM_COST = 0.02
WIDEST = 1.6  # letter, W, by the height of capitals
UNKNOWN = 9.0


@dataclass(frozen=True, slots=True)
class Match:
    letter: Letter
    cost: float
    box: Box

    @property
    def is_sure(self) -> bool:
        return self.cost <= ACCEPTED


@dataclass(frozen=True, slots=True)
class Reading:
    """A line read: its letters in order, and the height of its capitals in pixels."""

    matches: tuple[Match, ...]
    capital: float


class Matcher:
    """Matches the shapes of one picture, remembering what it saw: letters come again."""

    def __init__(self, ink: Ink) -> None:
        self.ink = ink
        self._seen: dict[tuple[object, ...], tuple[Letter, float]] = {}

    def best(self, box: Box, stand: _Stand) -> Match:
        crop = self.ink.grey.crop((box.left, box.top, box.right, box.bottom))
        bits, parts = bits_of(crop), parts_of(crop)
        above, below = stand.baseline - box.top, stand.baseline - box.bottom
        key = (bits, parts, box.width, above, below, stand.capital, stand.font)
        if key not in self._seen:
            self._seen[key] = _closest(
                bits,
                parts,
                aspect_of(box.width, box.height),
                above / stand.capital,
                below / stand.capital,
                stand.font,
            )
        return Match(*self._seen[key], box)


@dataclass(frozen=True, slots=True)
class _Stand:
    """How a line is taken to be set; `font` None: any."""

    baseline: int
    capital: float
    font: str | None = None


def _closest(
    bits: int, parts: int, aspect: float, top: float, bottom: float, font: str | None
) -> tuple[Letter, float]:
    best, found = UNKNOWN, known()[0]
    for letter in standing(font, round(top * 10), round(bottom * 10)):
        # Cheapest first: most letters are out by their place already.
        cost = 0.35 * (abs(letter.top - top) + abs(letter.bottom - bottom))
        cost += 0.18 * abs(letter.aspect - aspect)
        if letter.parts != parts:
            cost += BROKEN_COST
        if cost >= best:
            continue
        cost += (letter.bits ^ bits).bit_count() / POINTS
        if letter.character in RARE:
            cost += RARE_COST
        if cost < best:
            best, found = cost, letter
    return found, best


def read_line(line: Line, matcher: Matcher) -> Reading:
    """The letters of a line; those that touch are taken apart, those in pieces put together."""
    heights = (line.tall, line.tall / SMALL_LETTERS, line.tall / ASCENDERS)
    stand = min(
        (_Stand(line.baseline, capital) for capital in heights),
        key=lambda stand: _total(line, stand, matcher),
    )
    # A line is set in one font: taken as that, its letters are told apart more surely.
    stand = min(
        (_Stand(line.baseline, stand.capital, font) for font in fonts()),
        key=lambda stand: _total(line, stand, matcher),
    )
    matches = [matcher.best(box, stand) for box in line.letters]
    found: list[Match] = []
    for match in _joined(matches, stand, matcher):
        found += [match] if match.is_sure else _divided(match, stand, matcher)
    return Reading(tuple(found), stand.capital)


def _total(line: Line, stand: _Stand, matcher: Matcher) -> float:
    costs = (matcher.best(box, stand).cost for box in line.letters)
    return sum(min(cost, ACCEPTED) for cost in costs)


def _joined(matches: list[Match], stand: _Stand, matcher: Matcher) -> list[Match]:
    """Neighbours that make a better letter together than each for itself."""
    ways: list[tuple[float, list[Match]]] = [(0.0, [])]
    for end in range(1, len(matches) + 1):
        last = matches[end - 1]
        cost, before = ways[end - 1]
        options = [(cost + last.cost, [*before, last])]
        box = last.box
        for start in range(end - 2, max(-1, end - 1 - JOINED), -1):
            neighbour = matches[start].box
            if box.left - neighbour.right > stand.capital * 0.06:
                break
            box = neighbour.joined(box)
            if max(match.cost for match in matches[start:end]) > DOUBTED:
                match = matcher.best(box, stand)
                cost, before = ways[start]
                options.append((cost + match.cost * (end - start), [*before, match]))
        ways.append(min(options, key=lambda option: option[0]))
    return ways[-1][1]


def _divided(whole: Match, stand: _Stand, matcher: Matcher) -> list[Match]:
    """Touching letters taken apart where the ink is thinnest, if that gives letters."""
    capital, ink = stand.capital, matcher.ink
    cuts = _cuts(whole.box, capital, ink)
    if len(cuts) < 3:
        return [whole]
    # The cheapest way from the left edge to each cut.
    ways: dict[int, tuple[float, list[Match]]] = {cuts[0]: (0.0, [])}
    for at, right in enumerate(cuts[1:], 1):
        options = []
        for left in cuts[:at]:
            if left not in ways or not 0.08 <= (right - left) / capital <= WIDEST:
                continue
            box = _trimmed(Box(left, whole.box.top, right, whole.box.bottom), ink)
            if box is not None:
                match = matcher.best(box, stand)
                cost, before = ways[left]
                options.append((cost + match.cost + SEAM_COST, [*before, match]))
        if options:
            ways[right] = min(options, key=lambda option: option[0])
    cost, matches = ways.get(cuts[-1], (UNKNOWN, []))
    if matches and cost / len(matches) < min(whole.cost, ACCEPTED):
        return matches
    return [whole]


def _cuts(box: Box, capital: float, ink: Ink) -> list[int]:
    """Columns with the least ink, and the two edges."""
    if box.width < capital * 0.5:
        return []
    thickness = [
        sum(ink.mask[row * ink.width + column] for row in range(box.top, box.bottom))
        for column in range(box.left, box.right)
    ]
    lows = [
        at
        for at in range(1, len(thickness) - 1)
        if thickness[at] <= thickness[at - 1]
        and thickness[at] <= thickness[at + 1]
        and thickness[at] < capital * 0.5
    ]
    apart: list[int] = []
    for at in lows:
        if apart and at - apart[-1] < capital * 0.06:
            if thickness[at] < thickness[apart[-1]]:
                apart[-1] = at
            continue
        apart.append(at)
    thinnest = sorted(sorted(apart, key=lambda at: thickness[at])[:MOST_CUTS])
    return [box.left, *(box.left + at for at in thinnest), box.right]


def _trimmed(box: Box, ink: Ink) -> Box | None:
    """The box of the ink that is really inside."""
    rows = [
        row
        for row in range(box.top, box.bottom)
        if any(ink.mask[row * ink.width + box.left : row * ink.width + box.right])
    ]
    if not rows:
        return None
    return Box(box.left, rows[0], box.right, rows[-1] + 1)
