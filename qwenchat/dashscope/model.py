"""What the catalogue says about one model: plain values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

Input = Literal["text", "image", "video", "audio", "file"]
# "hybrid_off" and "hybrid_on" think when asked; the second also when not asked not to.
Thinking = Literal["none", "hybrid_off", "hybrid_on", "always"]
Group = Literal[
    "chat", "vision", "reasoning", "code", "document", "ocr", "omni", "translation", "roleplay"
]
Region = Literal["beijing", "international"]
Currency = Literal["CNY", "USD"]


@dataclass(frozen=True, slots=True)
class FramePixels:
    """How small and how large a frame of a video may be; `default_maximum` where nobody says."""

    minimum: int
    default_maximum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Vision:
    """What a model takes of pictures and videos. Pixels are height times width; `patch_px` is the
    side of one token's square."""

    patch_px: int
    # A smaller picture is made this large, where nobody says otherwise.
    min_pixels: int
    default_max_pixels: int
    max_pixels: int
    max_image_bytes: int = 10 * 1024 * 1024
    max_images: int = 256
    frames: tuple[int, int] | None = None
    max_video_s: int | None = None
    max_video_bytes: int | None = None
    total_video_pixels: int | None = None

    @property
    def smallest_pixels(self) -> int:
        """Give the smallest limit that may be asked for: four patches, for reading text even
        less."""
        return min(self.min_pixels, 4 * self.patch_px**2)

    @property
    def frame_pixels(self) -> FramePixels:
        """Give the limits of one frame, which go by the patch (Source: dashscope-api §4.3)."""
        if self.patch_px == 32:
            return FramePixels(65_536, 655_360, 2_048_000)
        return FramePixels(50_176, 501_760, 602_112)


@dataclass(frozen=True, slots=True)
class Price:
    """For 1 M tokens of a request whose input has at most `up_to_input_tokens` (None: any size)."""

    region: Region
    currency: Currency
    up_to_input_tokens: int | None
    input: Decimal
    output: Decimal
    # For the whole output when the model thought; None where thinking costs the same.
    thinking_output: Decimal | None = None
    # For input tokens found in the cache; None where the model has no cache.
    cached_input: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Tokens and limits are None where no source gives them."""

    id: str
    title: str
    family: str
    group: Group
    summary: str
    inputs: frozenset[Input]
    context_tokens: int
    max_input_tokens: int | None
    max_output_tokens: int | None
    thinking: Thinking
    max_thinking_tokens: int | None
    tools: bool
    search: bool
    # The service runs programs for it, while it thinks.
    code_interpreter: bool
    json_mode: bool
    json_schema: bool
    # Continues a last assistant message marked `partial`; not while thinking.
    prefix: bool
    stream_only: bool
    # Takes `reasoning_effort`.
    effort: bool
    # Takes its earlier thoughts as input when told to (`preserve_thinking`).
    keeps_thoughts: bool
    # Every chunk repeats the whole text.
    cumulative: bool
    vision: Vision | None
    prices: tuple[Price, ...]
    prices_as_of: dt.date
    source: str

    @property
    def can_think(self) -> bool:
        """Tell whether the model can be made to think."""
        return self.thinking != "none"

    @property
    def is_multimodal(self) -> bool:
        """Tell whether it is reached at the native protocol's path for more than text."""
        return not self.inputs.isdisjoint(("image", "video", "audio"))

    @property
    def has_ocr_tasks(self) -> bool:
        """Tell whether it knows the native protocol's OCR tasks."""
        return self.group == "ocr"

    @property
    def min_pixels(self) -> int | None:
        """Give the smallest picture it looks at."""
        return self.vision.min_pixels if self.vision else None

    @property
    def max_pixels(self) -> int | None:
        """Give the largest `max_pixels` it accepts."""
        return self.vision.max_pixels if self.vision else None

    @property
    def frames(self) -> tuple[int, int] | None:
        """Give the fewest and the most frames of a video sent as pictures."""
        return self.vision.frames if self.vision else None
