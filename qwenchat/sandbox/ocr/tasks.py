"""The built-in tasks, and what is said when no task is given.

Source: the service's notes, "OCR", "Built-in tasks". A picture that can't be read is answered with
a sentence that says so, and without words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.ocr import latex, tables
from qwenchat.sandbox.ocr.fields import MAX_LEVELS, fields, filled, levels
from qwenchat.sandbox.ocr.places import words_info
from qwenchat.sandbox.refusals import ALGO, invalid
from qwenchat.sandbox.seeing.seen import Picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.dashscope.model import Model
    from qwenchat.sandbox.ocr.reading import Page
    from qwenchat.sandbox.request import ChatRequest

TASKS = (
    "text_recognition",
    "advanced_recognition",
    "key_information_extraction",
    "table_parsing",
    "document_parsing",
    "formula_recognition",
    "multi_lan",
)
_WANTS_JSON = re.compile(r"\bjson\b", re.I)


@dataclass(frozen=True, slots=True)
class OcrTask:
    name: str
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OcrAnswer:
    text: str
    result: dict[str, Any] | None = None  # the `ocr_result` of the native protocol


def read_task(parameters: Mapping[str, Any], model: Model) -> OcrTask | None:
    """The task of native parameters, or None; the wording of refusals is ours."""
    options = parameters.get("ocr_options")
    if options is None:
        return None
    if not isinstance(options, dict):
        raise invalid(f"{options!r} is not of type 'object' - 'ocr_options'")
    if not model.has_ocr_tasks:
        raise invalid(ALGO + "This model does not support ocr_options.")
    name = options.get("task")
    if name not in TASKS:
        raise invalid(f"{name} is not one of {list(TASKS)} - 'ocr_options.task'")
    config = options.get("task_config") or {}
    schema = config.get("result_schema") if isinstance(config, dict) else None
    if schema is not None and not isinstance(schema, dict):
        raise invalid(f"{schema!r} is not of type 'object' - 'result_schema'")
    if levels(schema) > MAX_LEVELS:
        raise invalid(f"{ALGO}result_schema should not have more than {MAX_LEVELS} levels")
    return OcrTask(name, schema)


def answer(request: ChatRequest) -> OcrAnswer:
    """What an OCR model says about the pictures of the question."""
    question = request.question
    pictures = [item for item in question.seen if isinstance(item, Picture)]
    answers = [_about(picture, request.ocr, question.text) for picture in pictures]
    result = answers[0].result if answers else None
    return OcrAnswer("\n\n".join(one.text for one in answers), result)


def _about(picture: Picture, task: OcrTask | None, prompt: str) -> OcrAnswer:
    page = picture.page
    if page is None or not page.lines:
        return _unread(picture, task)
    match task.name if task else "":
        case "advanced_recognition":
            words = words_info(page)
            told = [{key: word[key] for key in ("rotate_rect", "text")} for word in words]
            return OcrAnswer(_fenced(told), {"words_info": words})
        case "key_information_extraction":
            return _fields(page, task.schema if task else None)
        case "table_parsing":
            return OcrAnswer(f"```html\n{tables.html(page)}\n```")
        case "document_parsing":
            return OcrAnswer(latex.document(page))
        case "formula_recognition":
            return OcrAnswer(latex.formula(page))
        case "" if _WANTS_JSON.search(prompt):
            return OcrAnswer(_fenced(fields(page)))
        case _:
            return OcrAnswer(page.text)


def _fields(page: Page, schema: dict[str, Any] | None) -> OcrAnswer:
    found = fields(page)
    values = dict(found) if schema is None else filled(schema, found)
    return OcrAnswer(_fenced(values), {"kv_result": values})


def _unread(picture: Picture, task: OcrTask | None) -> OcrAnswer:
    width, height = picture.size
    sentence = (
        f"(The sandbox can't read this picture: a {picture.format} of {width} × {height} pixels. "
        "It is no model; it only knows printed Latin letters on an even ground.)"
    )
    match task:
        case OcrTask(name="advanced_recognition"):
            return OcrAnswer(sentence, {"words_info": []})
        case OcrTask(name="key_information_extraction", schema=schema):
            return OcrAnswer(sentence, {"kv_result": filled(schema or {}, {})})
        case _:
            return OcrAnswer(sentence)


def _fenced(value: Any) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"
