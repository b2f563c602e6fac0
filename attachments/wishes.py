"""What a person wants of one attachment: by which way it goes, and the settings of that way.

The same value comes in with a command (the option `deliveries`), is stored with the message, and is asked
for by `plans` and `deliver`. Nothing in it is required: what is not said is chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _

from qwenchat.refusals import Refusal

from .sampling import FPS_RANGE, Sampling

if TYPE_CHECKING:
    from collections.abc import Mapping

Way = Literal["image", "frames", "video", "file", "text", "ocr"]
WAYS: tuple[Way, ...] = ("image", "frames", "video", "file", "text", "ocr")
TURNS = (0, 90, 180, 270)
MOST_FRAMES = 8000
MOST_PAGES = 2000
MOST_SECONDS = 24 * 3600
MOST_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True)
class Wish:
    """`way` is `as` outside. Seconds for `start` and `end`, milliseconds for `times`, pages from 1, `turn`
    in degrees clockwise, `box` as left, top, right, bottom in parts of the turned picture.

    `high`: as many pixels as the model can take, else `min_pixels` and `max_pixels`, the service's own.
    `shorten`: a text that does not fit may be cut.
    """

    way: Way | None = None
    count: int | None = None
    fps: float | None = None
    start: float | None = None
    end: float | None = None
    times: tuple[int, ...] = ()
    pages: tuple[int, ...] = ()
    high: bool = False
    turn: int = 0
    box: tuple[float, ...] = ()
    shorten: bool = False
    min_pixels: int | None = None
    max_pixels: int | None = None

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.count, self.fps, self.start or 0.0, self.end)

    @property
    def has_pixels(self) -> bool:
        return self.high or self.min_pixels is not None or self.max_pixels is not None

    def as_json(self) -> dict[str, Any]:
        """Only what was said; `wish` reads it again."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                name = "as" if field.name == "way" else field.name
                found[name] = list(value) if isinstance(value, tuple) else value
        return found


def wish(stored: Mapping[str, Any]) -> Wish:
    """What `as_json` gave, or a command brought; `Refusal` `invalid` where it cannot be one."""
    values: dict[str, Any] = {}
    for name, value in stored.items():
        check = CHECKS.get(name)
        if check is None:
            raise wrong(_("There is no “%(name)s” for a file."), str(name)[:40])
        if value is None:
            continue
        checked = check(value)
        if checked is None:
            raise wrong(_("“%(name)s” of a file has the wrong type or size."), name)
        values["way" if name == "as" else name] = checked
    found = Wish(**values)
    if found.start is not None and found.end is not None and found.end <= found.start:
        raise wrong(_("The end must come after the start."), "end")
    return found


def wrong(sentence: str, name: str) -> Refusal:
    return Refusal("invalid", sentence % {"name": name}, field="options.deliveries")


# Each gives the value as it is kept, or None where it is wrong.


def way(value: Any) -> Way | None:
    return next((known for known in WAYS if known == value), None)


def whole(least: int, most: int) -> Any:
    def check(value: Any) -> int | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return value if fits else None

    return check


def number(least: float, most: float) -> Any:
    def check(value: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if math.isfinite(value) and least <= value <= most else None

    return check


def wholes(least: int, most: int, count: int) -> Any:
    """A list without repeats, in order."""
    one = whole(least, most)

    def check(value: Any) -> tuple[int, ...] | None:
        if not isinstance(value, list) or not 0 < len(value) <= count:
            return None
        if any(one(item) is None for item in value):
            return None
        return tuple(sorted(set(value)))

    return check


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def turn(value: Any) -> int | None:
    return value if not isinstance(value, bool) and value in TURNS else None


def box(value: Any) -> tuple[float, ...] | None:
    part = number(0, 1)
    if not isinstance(value, list) or len(value) != 4 or any(part(item) is None for item in value):
        return None
    left, top, right, bottom = (float(item) for item in value)
    return (left, top, right, bottom) if left < right and top < bottom else None


CHECKS: dict[str, Any] = {
    "as": way,
    "count": whole(1, MOST_FRAMES),
    "fps": number(*FPS_RANGE),
    "start": number(0, MOST_SECONDS),
    "end": number(0, MOST_SECONDS),
    "times": wholes(0, MOST_SECONDS * 1000, MOST_FRAMES),
    "pages": wholes(1, MOST_PAGES, MOST_PAGES),
    "high": flag,
    "turn": turn,
    "box": box,
    "shorten": flag,
    "min_pixels": whole(1, MOST_PIXELS),
    "max_pixels": whole(1, MOST_PIXELS),
}
