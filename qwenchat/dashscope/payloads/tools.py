"""What a model may call, and how it may choose (Source: dashscope-api §5)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from qwenchat.dashscope.texts import without_surrogates

from .fields import FieldError, flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenchat.dashscope.events import ToolCall
    from qwenchat.dashscope.model import Model

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)
# The service keeps this name for itself.
_FORBIDDEN_NAMES = {"search"}
# OpenAI's limit; the service advises 20 and names none.
MOST_TOOLS = 128


def function_tool(
    name: str, description: str, parameters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Give a function that the model may call; `parameters` is a JSON schema, None for none."""
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": dict(parameters or {}),
        },
    }


def tool_fields(
    model: Model | None,
    *,
    own: bool,
    tools: Sequence[Mapping[str, Any]] | None,
    tool_choice: str | Mapping[str, Any] | None,
    parallel_tool_calls: bool | None,
    thinks: bool,
) -> dict[str, Any]:
    """Give the fields that are set, checked. Without tools the other two are refused, as the
    service does."""
    if not tools:
        for name, value in (
            ("tool_choice", tool_choice),
            ("parallel_tool_calls", parallel_tool_calls),
        ):
            if value is not None:
                raise FieldError(name, "has a meaning only with tools")
        return {}
    if model is not None and not model.tools:
        raise FieldError("tools", f"{model.id} calls no tools")
    if len(tools) > MOST_TOOLS:
        raise FieldError("tools", f"{len(tools)} are too many", maximum=MOST_TOOLS)
    names = [_checked_name(tool, own=own) for tool in tools]
    if len(set(names)) < len(names):
        raise FieldError("tools", "two tools have one name")
    fields: dict[str, Any] = {"tools": [dict(tool) for tool in tools]}
    if tool_choice is not None:
        fields["tool_choice"] = _checked_choice(tool_choice, names, own=own, thinks=thinks)
    if parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = flag("parallel_tool_calls", parallel_tool_calls)
    return fields


def called(index: int, call: ToolCall) -> dict[str, Any]:
    """Give a tool call as the history holds it. A name that no tool can have is made one: the call was
    refused, but it would be refused again with every later request."""
    arguments = _json_of(call)
    return {
        "id": call.id,
        "type": "function",
        "index": index,
        "function": {
            "name": _UNNAMEABLE.sub("_", call.name)[:64] or "unnamed",
            "arguments": arguments,
        },
    }


def _json_of(call: ToolCall) -> str:
    """Give the arguments as JSON that every parser takes: Python's alone takes half a character."""
    arguments = call.arguments.strip() or "{}"
    try:
        orjson.loads(arguments)
        return arguments
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(arguments)
        return without_surrogates(json.dumps(found, ensure_ascii=False, allow_nan=False))
    except (ValueError, RecursionError):
        raise FieldError("tool_calls", f"the arguments of {call.name} are no JSON") from None


def check_answers(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raise FieldError unless each tool call is answered by exactly one `tool` message, directly
    after the message that made it."""
    open_calls: set[object] = set()
    for message in messages:
        if message.get("role") == "tool":
            call_id = message.get("tool_call_id")
            if call_id not in open_calls:
                raise FieldError("messages", "a tool's answer belongs to no call before it")
            open_calls.discard(call_id)
            continue
        if open_calls:
            break
        calls = message.get("tool_calls") or ()
        open_calls = {call.get("id") for call in calls if isinstance(call, dict)}
    if open_calls:
        raise FieldError("messages", "a tool call has no answer")


def _checked_name(tool: Mapping[str, Any], *, own: bool) -> str:
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    if tool.get("type") != "function" or not isinstance(name, str) or not _NAME.fullmatch(name):
        raise FieldError("tools", "each must be a function named with letters, digits, _ and -")
    if own and name in _FORBIDDEN_NAMES:
        raise FieldError("tools", f"none may be named {name}")
    return name


def _checked_choice(
    choice: str | Mapping[str, Any], names: list[str], *, own: bool, thinks: bool
) -> str | dict[str, Any]:
    if isinstance(choice, str):
        if choice in ("auto", "none"):
            return choice
        if choice == "required" and not own:
            return choice
        raise FieldError("tool_choice", "must be auto, none, or one function")
    function = choice.get("function")
    if not isinstance(function, dict) or function.get("name") not in names:
        raise FieldError("tool_choice", "names none of the tools")
    if own and thinks:
        raise FieldError("tool_choice", "no function can be forced while the model thinks")
    return dict(choice)
