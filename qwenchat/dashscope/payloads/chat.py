"""The body of a chat request, from plain values; no input or output, and what cannot be right is
refused before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat.dashscope.catalogue import find

from . import messages as said
from .documents import check_references
from .fields import FieldError, flag
from .interpreter import interpreter_fields
from .media import check_media
from .native import native as native_of
from .sampling import sampling_fields
from .search import search_fields
from .thinking import thinking_fields, will_think
from .tools import check_answers, tool_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenchat.dashscope.client import Dialect
    from qwenchat.dashscope.model import Model

_FORMATS = ("text", "json_object", "json_schema")


def chat(
    model: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    stream: bool = False,
    include_usage: bool = False,
    thinking: bool | None = None,
    thinking_budget: int | None = None,
    reasoning_effort: str | None = None,
    preserve_thinking: bool | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    presence_penalty: float | None = None,
    repetition_penalty: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    stop: str | list[str] | list[int] | list[list[int]] | None = None,
    response_format: Mapping[str, Any] | None = None,
    high_resolution: bool | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    tool_choice: str | Mapping[str, Any] | None = None,
    parallel_tool_calls: bool | None = None,
    enable_search: bool | None = None,
    search_options: Mapping[str, Any] | None = None,
    enable_code_interpreter: bool | None = None,
    dialect: Dialect = "dashscope",
    native: bool = False,
    **unknown: object,
) -> dict[str, Any]:
    """Give the body. What is None is not sent; an endpoint that is not the service ("openai") is
    sent standard fields only. With `native` the body is one of the service's own protocol, which
    alone knows the search options about sources and citations.

    Raises FieldError, naming the field, for what the catalogue says that the model refuses. A model
    that it does not know may be asked anything.
    """
    if unknown:
        raise FieldError(next(iter(unknown)), "is no option of a chat request")
    own = dialect == "dashscope"
    # Elsewhere a familiar name may be another build with other limits.
    row = find(model) if own else None
    if not model:
        raise FieldError("model", "must be named")
    if not messages:
        raise FieldError("messages", "must not be empty")
    if native and not own:
        raise FieldError("native", "is a protocol of the service alone")
    check_answers(messages)
    check_media(row, messages)
    body: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in messages] if own else said.standard(messages),
    }
    if flag("stream", stream):
        body["stream"] = True
    elif row is not None and row.stream_only:
        raise FieldError("stream", f"{row.id} answers only as a stream")
    if flag("include_usage", include_usage):
        if not stream:
            raise FieldError("include_usage", "has a meaning only with stream")
        body["stream_options"] = {"include_usage": True}
    if own:
        body |= thinking_fields(
            row,
            thinking=thinking,
            thinking_budget=thinking_budget,
            reasoning_effort=reasoning_effort,
        )
        if row is not None and "file" in row.inputs:
            check_references(messages)
        if preserve_thinking is not None and (row is None or row.keeps_thoughts):
            body["preserve_thinking"] = flag("preserve_thinking", preserve_thinking)
        if high_resolution is not None:
            body["vl_high_resolution_images"] = _high_resolution(row, high_resolution)
        body |= search_fields(
            row, enable_search=enable_search, search_options=search_options, native=native
        )
        body |= interpreter_fields(
            row,
            enable_code_interpreter=enable_code_interpreter,
            stream=stream,
            thinks=will_think(row, thinking),
            tools=tools,
        )
        if said.is_continuation(messages):
            _check_continuation(row, messages, thinking=thinking)
    body |= sampling_fields(
        row,
        own=own,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        presence_penalty=presence_penalty,
        repetition_penalty=repetition_penalty,
        max_tokens=max_tokens,
        seed=seed,
        stop=stop,
    )
    body |= tool_fields(
        row,
        own=own,
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=parallel_tool_calls,
        thinks=will_think(row, thinking),
    )
    if response_format is not None:
        body["response_format"] = _format(
            row, response_format, messages, own=own, thinking=thinking
        )
    return native_of(body) if native else body


def _high_resolution(model: Model | None, wanted: bool) -> bool:
    if model is not None and model.vision is None:
        raise FieldError("high_resolution", f"{model.id} sees nothing")
    return flag("high_resolution", wanted)


def _check_continuation(
    model: Model | None, messages: Sequence[Mapping[str, Any]], *, thinking: bool | None
) -> None:
    if messages[-1].get("role") != "assistant":
        raise FieldError("partial", "belongs to a last message of the assistant")
    if model is not None and not model.prefix:
        raise FieldError("partial", f"{model.id} cannot go on from a beginning")
    if will_think(model, thinking):
        raise FieldError("partial", "cannot be used while the model thinks; switch thinking off")


def _format(
    model: Model | None,
    response_format: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    *,
    own: bool,
    thinking: bool | None,
) -> dict[str, Any]:
    kind = response_format.get("type")
    if kind not in _FORMATS:
        raise FieldError("response_format", f"type must be one of {', '.join(_FORMATS)}")
    if kind == "json_object":
        if not any("json" in text.lower() for text in said.texts(messages)):
            raise FieldError("response_format", 'json_object needs the word "json" in a message')
        if model is not None and not (model.json_mode or model.json_schema):
            raise FieldError("response_format", f"{model.id} has no JSON mode")
    elif kind == "json_schema":
        if not isinstance(response_format.get("json_schema"), dict):
            raise FieldError("response_format", "json_schema is missing")
        if model is not None and not model.json_schema:
            raise FieldError("response_format", f"{model.id} follows no JSON schema")
    if kind != "text" and own and will_think(model, thinking):
        raise FieldError("response_format", f"{kind} cannot be used while the model thinks")
    return dict(response_format)
