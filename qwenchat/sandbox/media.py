"""A part of a message that isn't text, as it was sent; nothing of it has been decoded yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["image", "frames", "video", "audio"]


@dataclass(frozen=True, slots=True)
class MediaPart:
    kind: Kind
    urls: tuple[str, ...]  # one, or the frames of a video in order
    min_pixels: int | None = None
    max_pixels: int | None = None
    total_pixels: int | None = None
    fps: float | None = None
    max_frames: int | None = None
    rotate: bool = False  # an OCR model may turn the picture upright
