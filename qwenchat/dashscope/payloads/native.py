"""The service's own protocol, for what the compatible one does not tell: where a search looked, and
the tasks of OCR (Source: dashscope-api §9).

The body of a chat request

    {"model": "qwen-plus", "messages": [...], "stream": true, "temperature": 0.7}

becomes

    {"model": "qwen-plus", "input": {"messages": [...]},
     "parameters": {"result_format": "message", "incremental_output": true, "temperature": 0.7}}

Whether the answer is streamed is said by a header, so the body only says that its frames are to
hold what is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat.dashscope.catalogue import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .parts import Part

TEXT_PATH = "/services/aigc/text-generation/generation"
MULTIMODAL_PATH = "/services/aigc/multimodal-generation/generation"

_NO_PARAMETERS = ("model", "messages", "stream", "stream_options")
_OPTIONS = ("min_pixels", "max_pixels", "total_pixels", "fps", "enable_rotate", "cache_control")
# Name of the payload by type of part, and by our name of the native one.
_PAYLOADS = {"image_url": "image", "video": "video", "video_url": "video", "input_audio": "audio"}


def native(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give the native body that asks the same as the body of a chat request."""
    model, messages = body["model"], body["messages"]
    if is_multimodal(model, messages):
        messages = [_multimodal(message) for message in messages]
    parameters: dict[str, Any] = {"result_format": "message"}
    if body.get("stream"):
        parameters["incremental_output"] = True
    parameters |= {name: value for name, value in body.items() if name not in _NO_PARAMETERS}
    return {
        "model": model,
        "input": {"messages": [dict(message) for message in messages]},
        "parameters": parameters,
    }


def is_multimodal(model_id: str, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell which of the two paths a request takes: that of models that see or hear. A model that
    the catalogue does not know is judged by what it is shown."""
    row = find(model_id)
    if row is not None:
        return row.is_multimodal
    return any(
        isinstance(part, dict)
        and (part.get("type") in _PAYLOADS or not {"image", "video", "audio"}.isdisjoint(part))
        for message in messages
        if isinstance(content := message.get("content"), list)
        for part in content
    )


def native_path(body: Mapping[str, Any]) -> str:
    """Give the path of a native body, below the protocol's base."""
    messages = body["input"]["messages"]
    return MULTIMODAL_PATH if is_multimodal(body["model"], messages) else TEXT_PATH


def _multimodal(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        parts: list[Any] = [{"text": content}]
    else:
        parts = [_native_part(part) for part in content or ()]
    return {**message, "content": parts}


def _native_part(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        kept = {name: part[name] for name in _OPTIONS if name in part}
        return {"text": part["text"], **kept}
    if kind not in _PAYLOADS:
        return part
    payload = part[kind]
    if isinstance(payload, dict):
        payload = payload.get("url") or payload.get("data")
    native_part: Part = {_PAYLOADS[kind]: payload}
    return native_part | {name: part[name] for name in _OPTIONS if name in part}
