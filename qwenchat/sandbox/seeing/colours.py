"""The dominant colours of a picture, by name, and whether two pictures differ."""

from __future__ import annotations

import colorsys
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from qwenchat.sandbox.seeing.seen import Colours

SIDE_PX = 24  # what pictures are reduced to; small text and noise are averaged away
NAMED_FROM = 0.12  # of the area
MOST_NAMED = 3
DIFFERS_FROM = 10  # in the mean, of 255: above the noise of JPEG

_HUES = (
    (15, "red"),
    (42, "orange"),
    (68, "yellow"),
    (165, "green"),
    (195, "cyan"),
    (255, "blue"),
    (305, "purple"),
    (340, "pink"),
    (361, "red"),
)


def reduced(image: Image) -> bytes:
    """The picture as a few RGB pixels, the ground that everything here compares."""
    # 4 is Pillow's BOX, the mean of the area; naming it would import Pillow with this module.
    return image.convert("RGB").resize((SIDE_PX, SIDE_PX), 4).tobytes()


def dominant(pixels: bytes) -> Colours:
    names = Counter(_name(*pixels[at : at + 3]) for at in range(0, len(pixels), 3))
    total = len(pixels) // 3
    common = [name for name, count in names.most_common(MOST_NAMED) if count >= total * NAMED_FROM]
    return tuple(common) or (names.most_common(1)[0][0],)


def differ(one: bytes, other: bytes) -> bool:
    apart = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    return apart > DIFFERS_FROM * len(one)


def _name(red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.15:
        return "black"
    if saturation < 0.12:
        return "white" if value > 0.88 else "grey"
    degrees = hue * 360
    if 12 <= degrees < 45 and value < 0.62:
        return "brown"
    if saturation < 0.45 and value > 0.8 and (degrees < 15 or degrees >= 320):
        return "pink"
    return next(name for until, name in _HUES if degrees < until)
