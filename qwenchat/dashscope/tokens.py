"""What pictures, videos and texts cost in tokens, before they are sent.

A picture is scaled by the service until both sides are multiples of a patch (28 or 32 pixels) and
its area lies within limits; each patch is a token, and two more mark where the picture begins and
ends:

    image_size("qwen3-vl-plus", 1920, 1080)    -> (1920, 1088)
    image_tokens("qwen3-vl-plus", 1920, 1080)  -> 60 * 34 + 2 = 2042

Source: dashscope-api §4.2, §4.3 and §8.1; the order of the steps is that of `smart_resize` in the
service's published sample. A model that the catalogue does not know, or that sees nothing, is
taken for one of the newest generation.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from .catalogue import NEWEST_VISION, find

if TYPE_CHECKING:
    from .model import Model, Vision

# "Begin" and "end" of a picture or a video.
_MARKS = 2
# Two frames in a row become one layer of patches.
_FRAMES_A_LAYER = 2
# The most tokens of a picture in high resolution, whatever the patch.
_MOST_HIGH_RESOLUTION_TOKENS = 16_384

# Han, kana, hangul, and their punctuation and full-width forms: 1 M tokens are about 700,000
# Chinese characters by the service's own estimate.
_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]+"
)
_WIDE_CHARACTERS_A_TOKEN = 0.7
_OTHER_CHARACTERS_A_TOKEN = 4


def image_size(
    model: str | Model,
    width: int,
    height: int,
    *,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    high_resolution: bool = False,
) -> tuple[int, int]:
    """Give width and height as the service scales the picture; with `high_resolution`,
    `max_pixels` has no meaning."""
    vision = _vision_of(model)
    most = max_pixels or vision.default_max_pixels
    if high_resolution:
        most = _MOST_HIGH_RESOLUTION_TOKENS * vision.patch_px**2
    return _scaled(
        width,
        height,
        patch=vision.patch_px,
        fewest=min_pixels or vision.min_pixels,
        most=min(most, vision.max_pixels),
    )


def image_tokens(
    model: str | Model,
    width: int,
    height: int,
    *,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    high_resolution: bool = False,
) -> int:
    """Give the tokens of one picture."""
    scaled = image_size(
        model,
        width,
        height,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        high_resolution=high_resolution,
    )
    return _patches(scaled, _vision_of(model).patch_px) + _MARKS


def frame_size(
    model: str | Model,
    frames: int,
    width: int,
    height: int,
    *,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    total_pixels: int | None = None,
) -> tuple[int, int]:
    """Give width and height of each frame as the service scales a video of so many frames."""
    vision = _vision_of(model)
    limits = vision.frame_pixels
    fewest = min_pixels or limits.minimum
    most = min(max_pixels or limits.default_maximum, limits.maximum)
    total = total_pixels or vision.total_video_pixels
    if total is not None:
        # All layers together share the total, but no frame falls below the smallest.
        share = total * _FRAMES_A_LAYER // max(frames, 1)
        most = max(min(most, share), fewest * 105 // 100)
    return _scaled(width, height, patch=vision.patch_px, fewest=fewest, most=max(most, fewest))


def video_tokens(
    model: str | Model,
    frames: int,
    width: int,
    height: int,
    *,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    total_pixels: int | None = None,
) -> int:
    """Give the tokens of a video of which the model looks at so many frames, sent as a list or
    taken from a file."""
    scaled = frame_size(
        model,
        frames,
        width,
        height,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        total_pixels=total_pixels,
    )
    layers = math.ceil(frames / _FRAMES_A_LAYER)
    return layers * _patches(scaled, _vision_of(model).patch_px) + _MARKS


def text_tokens(text: str) -> int:
    """Give an estimate of a text's tokens; only the service can count them."""
    wide = sum(found.end() - found.start() for found in _WIDE.finditer(text))
    return math.ceil(
        wide / _WIDE_CHARACTERS_A_TOKEN + (len(text) - wide) / _OTHER_CHARACTERS_A_TOKEN
    )


def _vision_of(model: str | Model) -> Vision:
    row = find(model) if isinstance(model, str) else model
    return row.vision if row is not None and row.vision is not None else NEWEST_VISION


def _scaled(width: int, height: int, *, patch: int, fewest: int, most: int) -> tuple[int, int]:
    width, height = max(width, 1), max(height, 1)
    wide, high = (max(round(side / patch), 1) * patch for side in (width, height))
    if wide * high > most:
        shrink = math.sqrt(width * height / most)
        wide, high = (max(int(side / shrink / patch), 1) * patch for side in (width, height))
    elif wide * high < fewest:
        grow = math.sqrt(fewest / (width * height))
        wide, high = (math.ceil(side * grow / patch) * patch for side in (width, height))
    return wide, high


def _patches(size: tuple[int, int], patch: int) -> int:
    return (size[0] // patch) * (size[1] // patch)
