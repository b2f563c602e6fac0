"""From a native body to the fields of a chat request, so that both protocols share their rules.

    {"model": "qwen-plus", "input": {"messages": [...]},
     "parameters": {"result_format": "message", "incremental_output": true}}

Source: the service's notes, "Native DashScope protocol".
"""

from __future__ import annotations

from typing import Any

from qwenchat.sandbox import models
from qwenchat.sandbox.native.errors import URL_ERROR
from qwenchat.sandbox.refusals import Refused, invalid

TEXT = "text-generation"
MULTIMODAL = "multimodal-generation"

_OPTIONS = (
    "min_pixels",
    "max_pixels",
    "total_pixels",
    "fps",
    "max_frames",
    "enable_rotate",
    "cache_control",
)
_OWN = frozenset(["result_format", "incremental_output", "ocr_options"])


def compatible_fields(body: dict[str, Any], path: str, *, streams: bool) -> dict[str, Any]:
    """What the compatible protocol would have been asked; `Refused` where the shape is wrong."""
    given = body.get("input")
    if not isinstance(given, dict):
        raise invalid("Required body invalid, please check the request body format.")
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise invalid("'parameters' is not of type 'object'")
    _check_path(body.get("model"), path)
    messages = given.get("messages")
    if messages is None and isinstance(given.get("prompt"), str):
        messages = [{"role": "user", "content": given["prompt"]}]
    fields = {name: value for name, value in parameters.items() if name not in _OWN}
    fields |= {"model": body.get("model"), "stream": streams}
    if streams:
        fields["stream_options"] = {"include_usage": True}
    if isinstance(messages, list):
        multimodal = f"/{MULTIMODAL}/" in path
        fields["messages"] = [_message(entry, multimodal=multimodal) for entry in messages]
    elif messages is not None:
        fields["messages"] = messages
    return fields


def _check_path(model_id: object, path: str) -> None:
    model = models.known(model_id) if isinstance(model_id, str) else None
    if model is not None and model.is_multimodal != (f"/{MULTIMODAL}/" in path):
        raise Refused(URL_ERROR)


def _message(entry: Any, *, multimodal: bool) -> Any:
    if not isinstance(entry, dict) or not multimodal:
        return entry
    content = entry.get("content")
    if not isinstance(content, list):
        return entry
    parts = [_part(part) for part in content]
    if all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        # What is only text may stand in every role.
        return {**entry, "content": "\n".join(str(part["text"]) for part in parts)}
    return {**entry, "content": parts}


def _part(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    options = {name: part[name] for name in _OPTIONS if name in part}
    if "image" in part:
        return {"type": "image_url", "image_url": {"url": part["image"]}, **options}
    if "video" in part:
        kind = "video" if isinstance(part["video"], list) else "video_url"
        value = part["video"] if kind == "video" else {"url": part["video"]}
        return {"type": kind, kind: value, **options}
    if "audio" in part:
        return {"type": "input_audio", "input_audio": {"data": part["audio"]}, **options}
    if "text" in part:
        return {"type": "text", "text": part["text"], **options}
    return part
