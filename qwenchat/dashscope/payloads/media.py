"""Whether a model takes the pictures and videos that a request holds, by the catalogue (Source:
dashscope-api §4); and the same parts for servers that know only OpenAI's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenchat.dashscope.model import Input, Model, Vision

    from .parts import Part

MOST_VIDEOS = 64
# Of pictures that are sent inside the request, whatever the model takes by address.
MOST_DATA_URLS = 250
_KINDS: dict[object, Input] = {
    "image_url": "image",
    "video": "video",
    "video_url": "video",
    "input_audio": "audio",
    "doc_url": "file",
}
_OWN_FIELDS = ("min_pixels", "max_pixels", "total_pixels", "fps", "cache_control", "enable_rotate")


def media_of(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Give every part that is no text."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and part.get("type") in _KINDS:
                    yield part


def check_media(model: Model | None, messages: Sequence[Mapping[str, Any]]) -> None:
    """Raise FieldError, naming "image", "video", "frames" or a pixel field, for what the model does
    not take."""
    if model is None:
        return
    images = inside = videos = 0
    for part in media_of(messages):
        kind = _KINDS[part.get("type")]
        if kind not in model.inputs:
            raise FieldError(kind, f"{model.id} takes no {kind}")
        images += kind == "image"
        inside += kind == "image" and _is_data_url(part.get("image_url"))
        videos += kind == "video"
        if model.vision is not None:
            _check_part(model.vision, part, kind)
    if model.vision is not None and images > model.vision.max_images:
        raise FieldError("image", f"{images} are too many", maximum=model.vision.max_images)
    if inside > MOST_DATA_URLS:
        raise FieldError("image", f"{inside} are too many", maximum=MOST_DATA_URLS)
    if videos > MOST_VIDEOS:
        raise FieldError("video", f"{videos} are too many", maximum=MOST_VIDEOS)


def check_pixels(vision: Vision, fields: Mapping[str, Any]) -> None:
    """Raise FieldError for limits of a picture that the model does not take."""
    for name in ("min_pixels", "max_pixels"):
        value = fields.get(name)
        if value is not None:
            _check_between(name, value, vision.smallest_pixels, vision.max_pixels)


def _check_part(vision: Vision, part: Mapping[str, Any], kind: Input) -> None:
    if kind == "image":
        check_pixels(vision, part)
        return
    if kind != "video":
        return
    for name in ("min_pixels", "max_pixels"):
        if (value := part.get(name)) is not None:
            _check_between(name, value, vision.smallest_pixels, vision.frame_pixels.maximum)
    frames = part.get("video")
    if isinstance(frames, list) and vision.frames is not None:
        _check_between("frames", len(frames), *vision.frames)


def _check_between(field: str, value: int, minimum: int, maximum: int) -> None:
    if not minimum <= value <= maximum:
        message = f"{value} is not in [{minimum}, {maximum}]"
        raise FieldError(field, message, minimum=minimum, maximum=maximum)


def _is_data_url(image: object) -> bool:
    url = image.get("url") if isinstance(image, dict) else image
    return isinstance(url, str) and url.startswith("data:")


def standard_content(content: object) -> object:
    """Give content without what only the service knows: frames become pictures."""
    if not isinstance(content, list):
        return content
    return [one for part in content for one in _standard_parts(part)]


def _standard_parts(part: Any) -> list[Any]:
    if not isinstance(part, dict):
        return [part]
    if part.get("type") == "video" and isinstance(part.get("video"), list):
        return [{"type": "image_url", "image_url": {"url": url}} for url in part["video"]]
    plain: Part = {name: value for name, value in part.items() if name not in _OWN_FIELDS}
    if isinstance(plain.get("image_url"), str):
        plain["image_url"] = {"url": plain["image_url"]}
    return [plain]
