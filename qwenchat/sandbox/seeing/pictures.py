"""One picture: decoded within bounds, and measured as the model would look at it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from qwenchat.sandbox import models
from qwenchat.sandbox.refusals import ALGO, Refused, invalid
from qwenchat.sandbox.seeing import colours
from qwenchat.sandbox.seeing.seen import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from qwenchat.sandbox.media import MediaPart
    from qwenchat.sandbox.ocr.reading import Page
    from qwenchat.sandbox.request import ChatRequest

FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP", "HEIF")  # JPEG opens MPO as well
LARGE_FORMATS = ("JPEG", "MPO", "PNG")
LARGE_FROM_PX = 3840  # above "4K" only the formats above
SMALLEST_SIDE_PX = 10
MOST_ASPECT = 200
MAX_PIXELS = 100_000_000  # an A0 poster at 300 dpi; decoding more is not worth the memory

_GEOMETRY = ALGO + "The image length and width do not meet the model restrictions."
_UNDECODABLE = "Failed to decode the image during the data inspection."


def look(data: bytes, part: MediaPart, request: ChatRequest) -> Picture:
    image, kind = opened(data)
    width, height = upright_size(image)
    scaled, tokens = models.image_cost(
        request.model,
        width,
        height,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
        high_resolution=request.high_resolution,
    )
    return Picture(
        format=kind,
        data=data,
        size=(width, height),
        scaled=scaled,
        tokens=tokens,
        colours=colours.dominant(reduced(image)),
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
        page=_read(data, part) if request.model.has_ocr_tasks else None,
    )


def _read(data: bytes, part: MediaPart) -> Page:
    """What is written on the picture, at its own size and upright."""
    from PIL import ImageOps  # noqa: PLC0415 -- as in `opened`

    from qwenchat.sandbox.ocr.reading import read  # noqa: PLC0415 -- only OCR needs it

    image, _ = opened(data)
    return read(_on_white(ImageOps.exif_transpose(image)), rotates=part.rotate)


def opened(data: bytes) -> tuple[Image, str]:
    """The picture, its pixels not yet decoded, and its format's name."""
    # Not at the top: half of the sandbox's starting time, and most questions have no picture.
    from pi_heif import register_heif_opener  # noqa: PLC0415
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    register_heif_opener()
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise undecodable() from error
    kind = image.format or ""
    _check_geometry(image.width, image.height, kind)
    return image, "JPEG" if kind == "MPO" else kind


def reduced(image: Image) -> bytes:
    """The whole picture as a few pixels; refused when its bytes are broken."""
    image.draft("RGB", (colours.SIDE_PX * 4, colours.SIDE_PX * 4))  # JPEG decodes small at once
    try:
        return colours.reduced(_on_white(image))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise undecodable() from error


def upright_size(image: Image) -> tuple[int, int]:
    """Width and height after the turn that EXIF asks for, which the service makes too."""
    orientation = image.getexif().get(0x0112, 1)
    width, height = image.size
    return (height, width) if orientation in {5, 6, 7, 8} else (width, height)


def _on_white(image: Image) -> Image:
    from PIL import Image as images  # noqa: PLC0415, N813 -- as in `opened`

    if image.mode not in {"RGBA", "LA", "PA"} and "transparency" not in image.info:
        return image
    flat = image.convert("RGBA")
    ground = images.new("RGBA", flat.size, "white")
    return images.alpha_composite(ground, flat)


def undecodable() -> Refused:
    return invalid(_UNDECODABLE, "InvalidParameter.DataInspection")


def _check_geometry(width: int, height: int, kind: str) -> None:
    if min(width, height) <= SMALLEST_SIDE_PX:
        raise invalid(
            f"{_GEOMETRY} [height:{height} or width:{width} must be larger than {SMALLEST_SIDE_PX}]"
        )
    aspect = max(width, height) / min(width, height)
    if aspect > MOST_ASPECT:
        raise invalid(
            f"{_GEOMETRY} [absolute aspect ratio must be smaller than {MOST_ASPECT}, got "
            f"{aspect:g}]"
        )
    is_large = max(width, height) > LARGE_FROM_PX and kind not in LARGE_FORMATS
    if is_large or width * height > MAX_PIXELS:
        raise invalid(f"{_GEOMETRY} [height:{height} and width:{width} are too large]")
