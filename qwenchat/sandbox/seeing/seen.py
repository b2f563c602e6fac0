"""What was found in the parts of a message, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    from qwenchat.sandbox.ocr.reading import Page

Colours: TypeAlias = tuple[str, ...]  # names, the commonest first
Size: TypeAlias = tuple[int, int]  # width and height in pixels


@dataclass(frozen=True, slots=True)
class Picture:
    kind: ClassVar[Literal["image"]] = "image"
    format: str
    data: bytes
    size: Size
    scaled: Size  # as the model would look at it
    tokens: int
    colours: Colours
    min_pixels: int | None
    max_pixels: int | None
    page: Page | None = None  # what is written on it, if it was asked to be read


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures sent as a video, in their order."""

    kind: ClassVar[Literal["video"]] = "video"
    size: Size  # of the first
    scaled: Size
    tokens: int
    colours: tuple[Colours, ...]  # of each frame
    changes: tuple[bool, ...]  # of each but the first: it differs from the one before
    fps: float | None
    min_pixels: int | None
    max_pixels: int | None

    @property
    def count(self) -> int:
        return len(self.colours)


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file; of its frames `looked_at` are worth tokens, some of which were decoded."""

    kind: ClassVar[Literal["video"]] = "video"
    format: str
    codec: str
    duration_s: float
    rate: float
    size: Size
    scaled: Size
    tokens: int
    looked_at: int
    colours: tuple[Colours, ...]
    changes: tuple[bool, ...]
    has_sound: bool
    fps: float | None
    min_pixels: int | None
    max_pixels: int | None


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of audio: counted, not listened to."""

    kind: ClassVar[Literal["audio"]] = "audio"
    tokens: int


Seen: TypeAlias = Picture | Frames | Clip | Sound
