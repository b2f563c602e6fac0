"""The parts of a message that is more than text: pictures, frames of a video, a whole video.

Options of the service stand beside the payload, inside the part (Source: dashscope-api §2.1). A URL
is `https://…` or `data:image/jpeg;base64,…`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import FieldError, number, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

Part = dict[str, Any]


def text_part(text: str) -> Part:
    """Give words beside pictures."""
    return {"type": "text", "text": text}


def image_part(url: str, *, min_pixels: int | None = None, max_pixels: int | None = None) -> Part:
    """Give a picture."""
    return {
        "type": "image_url",
        "image_url": {"url": checked_url(url)},
        **pixel_fields(min_pixels=min_pixels, max_pixels=max_pixels),
    }


def frames_part(
    urls: Sequence[str],
    *,
    fps: float | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    total_pixels: int | None = None,
) -> Part:
    """Give a video as its frames, in order; `fps` says how many of them make a second."""
    return {
        "type": "video",
        "video": [checked_url(url) for url in urls],
        **_fps(fps),
        **pixel_fields(min_pixels=min_pixels, max_pixels=max_pixels, total_pixels=total_pixels),
    }


def video_part(
    url: str,
    *,
    fps: float | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    total_pixels: int | None = None,
) -> Part:
    """Give a whole video, of which the service takes `fps` frames a second."""
    return {
        "type": "video_url",
        "video_url": {"url": checked_url(url)},
        **_fps(fps),
        **pixel_fields(min_pixels=min_pixels, max_pixels=max_pixels, total_pixels=total_pixels),
    }


def checked_url(url: str) -> str:
    """Give the URL back, if it can be one."""
    if not url.startswith(("https://", "http://", "data:", "oss://")):
        raise FieldError("url", "must be a web address or a data URL")
    return url


def pixel_fields(**pixels: int | None) -> dict[str, int]:
    """Give the limits that are set, checked against each other; what the model takes is checked
    where the model is known."""
    fields = {
        name: whole_number(name, value, minimum=1)
        for name, value in pixels.items()
        if value is not None
    }
    fewest, most = fields.get("min_pixels"), fields.get("max_pixels")
    if fewest is not None and most is not None and fewest > most:
        raise FieldError("min_pixels", "is larger than max_pixels", maximum=most)
    return fields


def _fps(fps: float | None) -> dict[str, float]:
    return {} if fps is None else {"fps": number("fps", fps, minimum=0.1, maximum=10)}
