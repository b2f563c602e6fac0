"""Which pixels of a picture are written on: dark on light or light on dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

MIN_CONTRAST = 60  # between the mean of the ink and that of the ground, of 255
MAX_INK = 0.4  # of the area: more is a picture, not a text


@dataclass(frozen=True, slots=True)
class Ink:
    grey: Image  # ink is white, the ground is black
    mask: bytes  # a byte a pixel: 1 on ink
    width: int
    height: int


def ink_of(grey: Image) -> Ink | None:
    """The ink of a grey picture; None where nothing stands out enough to be writing."""
    histogram = grey.histogram()
    threshold = _otsu(histogram)
    total = sum(histogram)
    dark = sum(histogram[: threshold + 1])
    if not 0 < dark < total:
        return None
    dark_mean = _mean(histogram, 0, threshold + 1)
    light_mean = _mean(histogram, threshold + 1, 256)
    if light_mean - dark_mean < MIN_CONTRAST:
        return None
    writes_dark = dark * 2 <= total
    if min(dark, total - dark) > total * MAX_INK:
        return None
    ink_mean = dark_mean if writes_dark else light_mean
    ground_mean = light_mean if writes_dark else dark_mean
    table = [
        max(0, min(255, round((level - ground_mean) * 255 / (ink_mean - ground_mean))))
        for level in range(256)
    ]
    spread = grey.point(table)
    # Half-way between ink and ground: Otsu's threshold leans towards the larger class.
    mask = spread.point([0] * 128 + [1] * 128).tobytes()
    return Ink(spread, mask, *grey.size)


def _otsu(histogram: Sequence[int]) -> int:
    """The level that divides best; source: N. Otsu, 1979."""
    total = sum(histogram)
    weighted = sum(level * count for level, count in enumerate(histogram))
    best, best_level, below, below_weighted = -1.0, 127, 0, 0
    for level, count in enumerate(histogram):
        below += count
        below_weighted += level * count
        above = total - below
        if not below or not above:
            continue
        apart = below_weighted / below - (weighted - below_weighted) / above
        if below * above * apart * apart > best:
            best, best_level = below * above * apart * apart, level
    return best_level


def _mean(histogram: Sequence[int], start: int, end: int) -> float:
    count = sum(histogram[start:end])
    return sum(level * histogram[level] for level in range(start, end)) / max(1, count)
