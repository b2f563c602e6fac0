"""Reading the text in a picture, with the models made for it (qwen-vl-ocr).

`ocr` asks in words, in the shape that the agreed sample has; `native_ocr` sets one of the service's
own tasks, which only its native protocol knows (Source: dashscope-api §8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from qwenchat.dashscope.catalogue import find

from .fields import FieldError, flag
from .media import check_pixels
from .parts import Part, checked_url, pixel_fields, text_part

if TYPE_CHECKING:
    from collections.abc import Mapping

Task = Literal[
    "text_recognition",
    "advanced_recognition",
    "key_information_extraction",
    "table_parsing",
    "document_parsing",
    "formula_recognition",
    "multi_lan",
]
TASKS: tuple[Task, ...] = get_args(Task)

MOST_SCHEMA_LEVELS = 3


def ocr(
    model: str,
    image_url: str,
    *,
    prompt: str | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    stream: bool = False,
    include_usage: bool = False,
) -> dict[str, Any]:
    """Give the body of a chat request; without a prompt the model has its own ("output only the
    text")."""
    content: list[Part] = [
        {
            "type": "image_url",
            # A bare text, as the service's own sample has it; an object is taken as well.
            "image_url": checked_url(image_url),
            **_pixels(model, min_pixels, max_pixels),
        }
    ]
    if prompt:
        content.append(text_part(prompt))
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": content}]}
    if flag("stream", stream):
        body["stream"] = True
    if flag("include_usage", include_usage):
        if not stream:
            raise FieldError("include_usage", "has a meaning only with stream")
        body["stream_options"] = {"include_usage": True}
    return body


def native_ocr(
    model: str,
    image_url: str,
    *,
    task: Task,
    schema: Mapping[str, Any] | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    rotate: bool = False,
) -> dict[str, Any]:
    """Give the native body of one task; `rotate` turns a picture upright first.

    `schema` names the fields to find, with what is known of each:
    `{"Date": "YYYY-MM-DD", "Seller": {"Name": "", "Tax number": "digits only"}}`.
    """
    if task not in TASKS:
        raise FieldError("task", f"must be one of {', '.join(TASKS)}")
    row = find(model)
    if row is not None and not row.has_ocr_tasks:
        raise FieldError("model", f"{row.id} knows no tasks of OCR")
    options: dict[str, Any] = {"task": task}
    if schema is not None:
        if task != "key_information_extraction":
            raise FieldError("schema", "belongs to key_information_extraction")
        check_schema(schema)
        options["task_config"] = {"result_schema": dict(schema)}
    part: Part = {"image": checked_url(image_url), **_pixels(model, min_pixels, max_pixels)}
    if flag("rotate", rotate):
        part["enable_rotate"] = True
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": [part]}]},
        "parameters": {"ocr_options": options},
    }


def check_schema(schema: object, *, level: int = 1) -> None:
    """Raise FieldError for what is no schema: names with a text, or with further names or a list of
    such, at most three levels deep."""
    if not isinstance(schema, dict) or not schema:
        raise FieldError("schema", "must name at least one field")
    if level > MOST_SCHEMA_LEVELS:
        raise FieldError("schema", "is too deep", maximum=MOST_SCHEMA_LEVELS)
    for name, value in schema.items():
        if not isinstance(name, str) or not name.strip():
            raise FieldError("schema", "has a field without a name")
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                check_schema(inner, level=level + 1)
            elif not isinstance(inner, str):
                raise FieldError("schema", f"{name} must be described by a text")


def _pixels(model: str, min_pixels: int | None, max_pixels: int | None) -> dict[str, int]:
    fields = pixel_fields(min_pixels=min_pixels, max_pixels=max_pixels)
    row = find(model)
    if row is not None and row.vision is not None:
        check_pixels(row.vision, fields)
    return fields
