"""Pictures: measured by their header, decoded once, turned upright, and written anew.

Writing anew drops EXIF, GPS, XMP, comments, whatever follows the picture, and every trick of the encoder
that made it. Source: threats 22.
"""

from __future__ import annotations

import io
import math
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .unusable import Unusable

if TYPE_CHECKING:
    from pathlib import Path

THUMBNAIL_PX = 480
JPEG_QUALITY = 92
WEBP_QUALITY = 90
SHORTEST_SIDE_PX = 11  # the models refuse less (dashscope-api §4.1)
LONGEST_RATIO = 200
# A PNG beyond this that needs no transparency is a photo: JPEG shows the same in a tenth.
PNG_BYTES = 8 * 1024 * 1024

PILLOW_NAMES = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "bmp": ("BMP", "DIB"),
    "tiff": ("TIFF",),
    "heif": ("HEIF",),
    "avif": ("AVIF",),
}
SUFFIXES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def prepare(source: Path, out: Path, *, format_id: str, limits: dict[str, int]) -> dict[str, Any]:
    """Writes `image` and `thumbnail` into `out`; gives the facts, and what was written."""
    Image.MAX_IMAGE_PIXELS = limits["image_pixels"]
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with opened(source, format_id) as image:
            measure(image, limits)
            frames = count_frames(image, limits["image_frames"])
            upright = normal(image, format_id)
            has_profile = bool(image.info.get("icc_profile"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable("image_pixels", limit=limits["image_pixels"] // 1_000_000) from None
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, ValueError) as error:
        raise Unusable("broken") from error
    shape(upright.size)
    kind, written = write(upright, out / "image", format_id)
    thumb = thumbnail(upright, out / "thumbnail")
    return {
        "width": upright.width,
        "height": upright.height,
        "frames": frames if frames > 1 else None,
        "content_type": SUFFIXES[kind],
        "details": {
            "alpha": has_alpha(upright),
            "animated": frames > 1,
            "profile": has_profile,
        },
        "derived": [
            {
                "kind": "image",
                "file": "image",
                "content_type": SUFFIXES[kind],
                "width": upright.width,
                "height": upright.height,
                "size": written,
            },
            thumb,
        ],
    }


def opened(source: Path, format_id: str) -> Image.Image:
    """The picture, its pixels not yet read; no other decoder than the format's own is tried."""
    if format_id == "heif":
        import pi_heif  # noqa: PLC0415  only iPhones' pictures need it

        pi_heif.register_heif_opener()
    return Image.open(source, formats=PILLOW_NAMES[format_id])


def measure(image: Image.Image, limits: dict[str, int]) -> None:
    """Refuses by the header alone."""
    width, height = image.size
    if max(width, height) > limits["image_side_px"]:
        raise Unusable("image_side", side=max(width, height), limit=limits["image_side_px"])
    if width * height > limits["image_pixels"]:
        raise Unusable("image_pixels", limit=limits["image_pixels"] // 1_000_000)
    shape(image.size)
    metadata = sum(weight(value) for value in image.info.values())
    metadata += sum(len(part) for _marker, part in getattr(image, "applist", ()))
    if metadata > limits["image_metadata_bytes"]:
        raise Unusable("image_metadata", limit=limits["image_metadata_bytes"] // 1_048_576)


def shape(size: tuple[int, int]) -> None:
    if min(size) < SHORTEST_SIDE_PX:
        raise Unusable("image_small", side=min(size), limit=SHORTEST_SIDE_PX)
    if max(size) > LONGEST_RATIO * min(size):
        raise Unusable("image_narrow", limit=LONGEST_RATIO)


def weight(value: object) -> int:
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(value, dict):
        return sum(weight(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(weight(item) for item in value)
    return 8


def count_frames(image: Image.Image, most: int) -> int:
    """How many pictures the file holds; looks no further than one past the limit."""
    frames = 1
    if image.format in ("GIF", "TIFF") and getattr(image, "is_animated", False):
        with suppress(EOFError):
            while frames <= most:
                image.seek(frames)
                frames += 1
        image.seek(0)
    elif image.format != "MPO":  # a phone's second view of the same scene
        frames = int(getattr(image, "n_frames", 1))
    if frames > most:
        raise Unusable("image_frames", limit=most)
    return frames


def normal(image: Image.Image, format_id: str) -> Image.Image:
    """Upright, 8 bits, RGB, RGBA or grey, in sRGB, without anything but its pixels."""
    image.load()
    upright = image if format_id == "heif" else ImageOps.exif_transpose(image)
    # pi_heif turns the picture itself and leaves the old orientation in EXIF.
    colour = eight_bits(upright)
    colour = in_srgb(colour, image.info.get("icc_profile"))
    if colour.mode not in ("L", "RGB", "RGBA"):
        transparent = colour.mode in ("LA", "PA") or "transparency" in colour.info
        colour = colour.convert("RGBA" if transparent else "RGB")
    if colour.mode == "RGBA" and colour.getchannel("A").getextrema() == (255, 255):
        colour = colour.convert("RGB")
    colour.info = {}
    return colour


def eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "F":
        raise Unusable("broken")
    if image.mode == "1":
        return image.convert("L")
    return image


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as the picture's own profile means them; a profile that is no good is left out."""
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        description = ImageCms.getProfileDescription(own)
        if image.mode != "CMYK" and "sRGB" in description:
            return image
        standard = ImageCms.createProfile("sRGB")
        mode = "L" if image.mode == "L" else "RGB"
        if mode == "L":
            return image
        return ImageCms.profileToProfile(image, own, standard, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image


def has_alpha(image: Image.Image) -> bool:
    return image.mode == "RGBA"


def write(image: Image.Image, path: Path, format_id: str) -> tuple[str, int]:
    """The picture in the nearest format that every browser shows; its Pillow name and size."""
    kind = {"jpeg": "JPEG", "webp": "WEBP"}.get(format_id, "PNG")
    if format_id in ("heif", "avif"):
        kind = "PNG" if has_alpha(image) else "JPEG"
    save(image, path, kind)
    size = path.stat().st_size
    if kind == "PNG" and size > PNG_BYTES and not has_alpha(image):
        kind = "JPEG"
        save(image, path, kind)
        size = path.stat().st_size
    return kind, size


def save(image: Image.Image, path: Path, kind: str) -> None:
    options: dict[str, Any] = {
        "JPEG": {"quality": JPEG_QUALITY},
        "PNG": {"compress_level": 6},
        # The slower methods take seconds for a phone's photo and save a few percent.
        "WEBP": {"quality": WEBP_QUALITY, "method": 2},
    }[kind]
    image.save(path, kind, **options)


def thumbnail(image: Image.Image, path: Path) -> dict[str, Any]:
    small = image.copy() if max(image.size) <= THUMBNAIL_PX else fitted(image, THUMBNAIL_PX)
    small.save(path, "WEBP", quality=80, method=4)
    return {
        "kind": "thumbnail",
        "file": path.name,
        "content_type": "image/webp",
        "width": small.width,
        "height": small.height,
        "size": path.stat().st_size,
    }


def fitted(image: Image.Image, side: int) -> Image.Image:
    ratio = side / max(image.size)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    # `reducing_gap` shrinks by whole numbers first: a tenth of the time, and no difference to be seen.
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def resize(
    source: Path,
    out: Path,
    *,
    max_pixels: int,
    max_bytes: int,
    turn: int = 0,
    box: list[float] | None = None,
    limits: dict[str, int],
) -> dict[str, Any]:
    """Our own re-encoded picture as a model gets it: at most so many pixels and bytes, on white.

    `turn` is degrees clockwise (0, 90, 180, 270); `box` is left, top, right, bottom as parts of one, of
    the turned picture. PNG stays PNG while it is small enough, since letters suffer from JPEG.
    """
    Image.MAX_IMAGE_PIXELS = limits["image_pixels"]
    with Image.open(source, formats=("JPEG", "PNG", "WEBP")) as opened_image:
        lossless = opened_image.format == "PNG"
        opened_image.load()
        image: Image.Image = opened_image
        if turn % 360:
            image = image.transpose(
                {
                    90: Image.Transpose.ROTATE_270,
                    180: Image.Transpose.ROTATE_180,
                    270: Image.Transpose.ROTATE_90,
                }[turn % 360]
            )
        if box:
            left, top, right, bottom = box
            image = image.crop(
                (
                    round(left * image.width),
                    round(top * image.height),
                    round(right * image.width),
                    round(bottom * image.height),
                )
            )
            shape(image.size)
        image = on_white(image)
    pixels = image.width * image.height
    if pixels > max_pixels:
        ratio = math.sqrt(max_pixels / pixels)
        size = (max(1, int(image.width * ratio)), max(1, int(image.height * ratio)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    path = out / "sized"
    for kind, quality in (("PNG", 0), ("JPEG", 92), ("JPEG", 80), ("JPEG", 60), ("JPEG", 40)):
        if kind == "PNG" and not lossless:
            continue
        image.save(path, kind, **({"quality": quality} if quality else {}))
        if path.stat().st_size <= max_bytes:
            break
    else:
        raise Unusable("too_large", limit=max_bytes // 1_048_576)
    return {
        "derived": [
            {
                "kind": "sized",
                "file": "sized",
                "content_type": SUFFIXES[kind],
                "width": image.width,
                "height": image.height,
                "size": path.stat().st_size,
            }
        ]
    }


def on_white(image: Image.Image) -> Image.Image:
    """Without transparency: what lies under it is not the same for every model."""
    if image.mode != "RGBA":
        return image if image.mode in ("L", "RGB") else image.convert("RGB")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    return flat
