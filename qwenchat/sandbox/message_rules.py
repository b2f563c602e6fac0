"""What the list of messages must be: roles, order, content of the kind the model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwenchat.sandbox import models
from qwenchat.sandbox.files.references import check_references, file_ids, takes_files
from qwenchat.sandbox.media_rules import UNEXPECTED_ITEM, check_parts, read_part
from qwenchat.sandbox.refusals import ALGO, invalid
from qwenchat.sandbox.request import Message
from qwenchat.sandbox.tooling.calls import ToolCall

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model
    from qwenchat.sandbox.media import MediaPart

ROLES = ["system", "assistant", "user", "tool", "function"]


def read_messages(body: dict[str, Any], model: Model) -> tuple[Message, ...]:
    if "messages" not in body:
        raise invalid("'messages' is a required property")
    raw = body["messages"]
    if not isinstance(raw, list):
        raise invalid(f"{raw!r} is not of type 'array' - 'messages'")
    if not raw:
        raise invalid("[] is too short - 'messages'")
    messages = tuple(_message(entry, i, model) for i, entry in enumerate(raw))
    if all(message.role != "user" for message in messages):
        raise invalid(ALGO + "The input messages do not contain elements with the role of user.")
    if models.wants_system_first(model) and any(m.role == "system" for m in messages[1:]):
        raise invalid(ALGO + "System message must be at the beginning.")
    check_parts((part for message in messages for part in message.parts), model)
    if takes_files(model):
        check_references(messages, model)
    if model.has_ocr_tasks:
        _check_single_turn(messages)
    _check_partial(messages, model)
    _check_tool_order(raw)
    return messages


def _message(entry: Any, index: int, model: Model) -> Message:
    if not isinstance(entry, dict):
        raise invalid(f"{entry!r} is not of type 'object' - 'messages.[{index}]'")
    role = entry.get("role")
    if role is None:
        raise invalid(f"'role' is a required property - 'messages.[{index}]'")
    if role not in ROLES:
        raise invalid(f"{role} is not one of {ROLES} - 'messages.[{index}].role'")
    calls = entry.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        raise invalid(f"{calls!r} is not of type 'array' - 'messages.[{index}].tool_calls'")
    content = entry.get("content")
    if content is None and not (role == "assistant" and calls):
        raise invalid(ALGO + "The content field is a required field.")
    if role == "tool" and not isinstance(content, str):
        raise invalid(ALGO + "input content must be a string.")
    text, parts = _content(content, model)
    named = file_ids(text) if role == "system" and takes_files(model) else ()
    return Message(
        role=role,
        text=text,
        parts=parts,
        partial=entry.get("partial") is True,
        extra=orjson.dumps(calls).decode() if calls else "",
        file_ids=named,
        calls=tuple(_call(call) for call in calls or ()),
        call_id=str(entry.get("tool_call_id") or ""),
    )


def _call(call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise invalid("'function' is a required property - 'messages.tool_calls'")
    return ToolCall(
        str(call.get("id") or ""), function["name"], str(function.get("arguments") or "{}")
    )


def _content(content: Any, model: Model) -> tuple[str, tuple[MediaPart, ...]]:
    if content is None:
        return "", ()
    if isinstance(content, str):
        return content, ()
    if not isinstance(content, list):
        raise invalid(ALGO + "input content must be a string.")
    kinds = [part.get("type") if isinstance(part, dict) else None for part in content]
    if models.is_text_only(model):
        if any(kind != "text" for kind in kinds):
            raise invalid(UNEXPECTED_ITEM)
        # A text model takes an array for one purpose: marking what should be cached.
        if not any("cache_control" in part for part in content):
            raise invalid(ALGO + "input content must be a string.")
    texts: list[str] = []
    media: list[MediaPart] = []
    for kind, part in zip(kinds, content, strict=True):
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(part, dict) and kind != "text":
            media.append(read_part(part, model))
        else:
            raise invalid(UNEXPECTED_ITEM)
    return "\n".join(texts), tuple(media)


def _check_single_turn(messages: tuple[Message, ...]) -> None:
    """An OCR model reads what one user message shows; the wording is ours."""
    if any(message.role == "system" for message in messages):
        raise invalid(ALGO + "The system role is not supported by this model.")
    if len(messages) > 1:
        raise invalid(ALGO + "Multi-turn conversation is not supported by this model.")
    if not messages[0].parts:
        raise invalid(ALGO + "The input messages do not contain an image.")


def _check_partial(messages: tuple[Message, ...], model: Model) -> None:
    marked = [i for i, message in enumerate(messages) if message.partial]
    if not marked:
        return
    if marked != [len(messages) - 1] or messages[-1].role != "assistant":
        raise invalid(
            ALGO + "The partial parameter is only allowed in the last message, and its role "
            "must be assistant."
        )
    if not model.prefix:
        raise invalid(ALGO + "Partial mode is not supported by this model.")


def _check_tool_order(raw: list[dict[str, Any]]) -> None:
    """Every call is answered once, right behind the message that made it."""
    waiting: list[object] = []
    for entry in raw:
        if entry["role"] == "tool":
            if entry.get("tool_call_id") not in waiting:
                raise invalid(
                    ALGO + 'messages with role "tool" must be a response to a preceeding message '
                    'with "tool_calls"'
                )
            waiting.remove(entry.get("tool_call_id"))
            continue
        if waiting:
            break
        waiting = [_call_id(call) for call in entry.get("tool_calls") or ()]
    if waiting:
        raise invalid(
            ALGO + 'An assistant message with "tool_calls" must be followed by tool messages '
            'responding to each "tool_call_id".'
        )


def _call_id(call: Any) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    arguments = function.get("arguments") if isinstance(function, dict) else None
    try:
        orjson.loads(arguments or "{}")
    except (orjson.JSONDecodeError, TypeError):
        raise invalid(
            ALGO + 'The "function.arguments" parameter of the code model must be in JSON format.'
        ) from None
    return call.get("id") if isinstance(call, dict) else None
