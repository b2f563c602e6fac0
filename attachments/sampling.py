"""At which times a video is looked at: pure arithmetic, the same for the strip and for the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FPS_DEFAULT = 2.0  # the service's own
FPS_RANGE = (0.1, 10.0)


@dataclass(frozen=True, slots=True)
class Sampling:
    """`count` frames spread evenly, or `fps` frames a second, between `start_s` and `end_s`.

    None for both: evenly, as many as the strip has. None for `end_s`: to the video's end.
    """

    count: int | None = None
    fps: float | None = None
    start_s: float = 0.0
    end_s: float | None = None


def times_ms(sampling: Sampling, duration_s: float, *, default_count: int, most: int) -> list[int]:
    """Milliseconds from the video's start, ascending, without repeats, at most `most`.

    Evenly means the middles of equal parts, so neither the black first frame nor a frame past the end is
    chosen. By fps, frames begin at `start_s`; when they would be more than `most`, they are spread evenly.
    """
    start = min(max(sampling.start_s, 0.0), duration_s)
    end = min(sampling.end_s if sampling.end_s is not None else duration_s, duration_s)
    span = max(end - start, 0.0)
    if sampling.fps is not None:
        fps = min(max(sampling.fps, FPS_RANGE[0]), FPS_RANGE[1])
        count = max(1, int(span * fps + 1e-9))
        if count <= most:
            return unique(round((start + index / fps) * 1000) for index in range(count))
    else:
        count = sampling.count or default_count
    count = max(1, min(count, most))
    return unique(round((start + (index + 0.5) * span / count) * 1000) for index in range(count))


def unique(times: Iterable[int]) -> list[int]:
    """Ascending, each once: a clip shorter than its frames shows none of them twice."""
    return sorted(set(times))


def rate_fps(times: list[int]) -> float:
    """The frames a second that a list of times amounts to, within what the service takes."""
    if len(times) < 2 or times[-1] == times[0]:
        return FPS_DEFAULT
    rate = (len(times) - 1) * 1000 / (times[-1] - times[0])
    return round(min(max(rate, FPS_RANGE[0]), FPS_RANGE[1]), 2)
