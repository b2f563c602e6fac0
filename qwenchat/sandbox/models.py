"""What the catalogue doesn't say about models but the service enforces.

The limits themselves come from `qwenchat.dashscope.catalogue`, so that client and sandbox can't
disagree about them. Source: the service's notes, "Parameters", "Thinking per model", "Messages".
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from qwenchat.dashscope.model import Model

_GENERATION = re.compile(r"qwen(\d+(?:\.\d+)?)-")
_OPEN_WEIGHTS = re.compile(r"qwen3(\.\d)?-\d+b|qwen3-next-")


@cache
def _catalogue() -> ModuleType:
    # Not at the top: its package brings the HTTP client along, 0.4 s of imports that would
    # double the time until this server accepts connections. `warm_up` is called right after.
    from qwenchat.dashscope import catalogue  # noqa: PLC0415

    return catalogue


def warm_up() -> None:
    """Loads the catalogue, so that the first request doesn't wait for it."""
    _catalogue()


def listed() -> tuple[str, ...]:
    return tuple(sorted(_catalogue().MODELS))


def known(model_id: str) -> Model | None:
    """The model with exactly this id, case and all."""
    model: Model | None = _catalogue().find(model_id)
    return model


def max_input_tokens(model: Model) -> int:
    return model.max_input_tokens or model.context_tokens or 1_000_000


def max_output_tokens(model: Model) -> int:
    return model.max_output_tokens or 65_536  # not published for every new model; the line's usual


def max_thinking_tokens(model: Model) -> int:
    return model.max_thinking_tokens or 32_768


def is_text_only(model: Model) -> bool:
    return not model.inputs & {"image", "video", "audio"}


def wants_system_first(model: Model) -> bool:
    """The templates of Qwen 3.5 and later refuse a system message anywhere else."""
    found = _GENERATION.match(model.id)
    return found is not None and float(found[1]) >= 3.5


def has_open_weights(model: Model) -> bool:
    """Open-weight hybrids think only while streaming."""
    return _OPEN_WEIGHTS.match(model.id) is not None


def thinks_by_default(model: Model) -> bool:
    return model.thinking in {"hybrid_on", "always"}


def image_cost(
    model: Model,
    width: int,
    height: int,
    *,
    min_pixels: int | None,
    max_pixels: int | None,
    high_resolution: bool,
) -> tuple[tuple[int, int], int]:
    """The size at which the model looks at a picture, and its tokens."""
    from qwenchat.dashscope import tokens  # noqa: PLC0415 -- as above

    size = tokens.image_size(
        model,
        width,
        height,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        high_resolution=high_resolution,
    )
    patch = model.vision.patch_px if model.vision else 32
    return size, (size[0] // patch) * (size[1] // patch) + 2


def video_cost(
    model: Model,
    frames: int,
    width: int,
    height: int,
    *,
    min_pixels: int | None,
    max_pixels: int | None,
    total_pixels: int | None,
) -> tuple[tuple[int, int], int]:
    """The size at which the model looks at each frame, and the tokens of all of them."""
    from qwenchat.dashscope import tokens  # noqa: PLC0415 -- as above

    size = tokens.frame_size(
        model,
        frames,
        width,
        height,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        total_pixels=total_pixels,
    )
    patch = model.vision.patch_px if model.vision else 32
    layers = math.ceil(frames / 2)
    return size, layers * (size[0] // patch) * (size[1] // patch) + 2
