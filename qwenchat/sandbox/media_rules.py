"""What pictures and videos in a message must be before anything is decoded.

Source: the service's notes, "Images", "Pixels and tokens" and "Video". The texts about links, bytes
and frames are the service's; those about ranges follow its other range texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.media import Kind, MediaPart
from qwenchat.sandbox.refusals import ALGO, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenchat.dashscope.model import Model, Vision

MAX_DATA_IMAGES = 250
MAX_VIDEOS = 64
MAX_VIDEO_DATA_BYTES = 10 * 1024**2
FPS = (0.1, 10.0)

_KINDS: dict[str, Kind] = {
    "image_url": "image",
    "video": "frames",
    "video_url": "video",
    "input_audio": "audio",
}
UNEXPECTED_ITEM = (
    ALGO + "The provided messages input is invalid. The error info is "
    "[Unexpected item type in content.]"
)
BAD_URL = ALGO + "The provided URL does not appear to be valid. Ensure it is correctly formatted."
VIDEO = ALGO + "The video modality input does not meet the requirements because:"


def read_part(part: dict[str, Any], model: Model) -> MediaPart:
    """The part as values; refused when the model doesn't take its kind."""
    kind = _KINDS.get(str(part.get("type")))
    sense = "video" if kind == "frames" else kind
    if kind is None or sense not in model.inputs:
        raise invalid(UNEXPECTED_ITEM)
    read = MediaPart(
        kind=kind,
        urls=_urls(part, kind),
        min_pixels=_pixels(part, "min_pixels"),
        max_pixels=_pixels(part, "max_pixels"),
        total_pixels=_pixels(part, "total_pixels"),
        fps=_fps(part),
        max_frames=_pixels(part, "max_frames"),
        rotate=part.get("enable_rotate") is True,
    )
    if model.vision is not None and kind != "audio":
        _check_pixels(read, model.vision)
        _check_data_urls(read, model.vision)
    return read


def check_parts(parts: Iterable[MediaPart], model: Model) -> None:
    """Counts over the whole request."""
    vision = model.vision
    if vision is None:
        return
    parts = list(parts)
    images = [part.urls[0] for part in parts if part.kind == "image"]
    in_data = sum(is_data(url) for url in images)
    for count, limit in ((in_data, MAX_DATA_IMAGES), (len(images), vision.max_images)):
        if count > limit:
            raise invalid(f"{ALGO}Range of the number of images should be [1, {limit}]")
    if sum(part.kind in {"frames", "video"} for part in parts) > MAX_VIDEOS:
        raise invalid(f"{ALGO}Range of the number of videos should be [1, {MAX_VIDEOS}]")
    for part in parts:
        least, most = vision.frames or (4, 80)
        if part.kind == "frames" and not least <= len(part.urls) <= most:
            raise invalid(f"{VIDEO}the range of sequence images shoule be ({least}, {most}).")


def is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _urls(part: dict[str, Any], kind: Kind) -> tuple[str, ...]:
    if kind == "frames":
        frames = part.get("video")
        if not isinstance(frames, list):
            raise invalid(UNEXPECTED_ITEM)
        return tuple(_url(frame) for frame in frames)
    name = {"image": "image_url", "video": "video_url", "audio": "input_audio"}[kind]
    value = part.get(name)
    if isinstance(value, dict):
        value = value.get("data" if kind == "audio" else "url")
    return (_url(value),)


def _url(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid(BAD_URL)
    return value.strip()


def _pixels(part: dict[str, Any], field: str) -> int | None:
    value = part.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _not("integer", value, field)
    return value


def _fps(part: dict[str, Any]) -> float | None:
    value = part.get("fps")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _not("number", value, "fps")
    if not FPS[0] <= value <= FPS[1]:
        raise invalid(f"{ALGO}Range of fps should be [{FPS[0]:g}, {FPS[1]:g}]")
    return float(value)


def _check_pixels(part: MediaPart, vision: Vision) -> None:
    most = vision.max_pixels if part.kind == "image" else vision.frame_pixels.maximum
    for field, value in (("min_pixels", part.min_pixels), ("max_pixels", part.max_pixels)):
        if value is not None and not 1 <= value <= most:
            raise invalid(f"{ALGO}Range of {field} should be [1, {most}]")
    if (part.min_pixels or 0) > (part.max_pixels or most):
        raise invalid(ALGO + "min_pixels should not be greater than max_pixels")


def _check_data_urls(part: MediaPart, vision: Vision) -> None:
    limit = MAX_VIDEO_DATA_BYTES if part.kind == "video" else vision.max_image_bytes
    for url in part.urls:
        if is_data(url) and len(url) > limit:
            raise invalid(f"{ALGO}Exceeded limit on max bytes per data-uri item : {limit}")


def _not(expected: str, value: object, field: str) -> Refused:
    return invalid(f"{value!r} is not of type '{expected}' - '{field}'")
