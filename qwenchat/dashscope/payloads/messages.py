"""The messages of a request. What a picture, a video, a file or a tool adds to them is built beside
this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .media import standard_content
from .tools import called

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenchat.dashscope.events import ToolCall

    from .parts import Part

Message = dict[str, Any]

# What only the service knows of an assistant's message.
_OWN_FIELDS = ("partial", "reasoning_content")


def system(text: str) -> Message:
    """Give the instructions that stand before a conversation; the service wants at most one, as the
    first message."""
    return {"role": "system", "content": text}


def user(content: str | Sequence[Part]) -> Message:
    """Give what a person said: a text, or a list of parts as `parts` makes them. A model that only
    reads wants a text."""
    return {"role": "user", "content": content if isinstance(content, str) else list(content)}


def assistant(
    text: str,
    reasoning: str | None = None,
    *,
    partial: bool = False,
    tool_calls: Sequence[ToolCall] = (),
) -> Message:
    """Give what the model said; with `partial`, as the last message, what it is to go on from.

    A message with tool calls is followed by one `tool` message for each. Raises FieldError for
    arguments that are no JSON: one broken call in the history is refused in every later turn.
    """
    message: Message = {"role": "assistant", "content": text}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    if tool_calls:
        message["tool_calls"] = [called(index, call) for index, call in enumerate(tool_calls)]
    if partial:
        message["partial"] = True
    return message


def tool(call_id: str, content: str) -> Message:
    """Give what a tool answered to the call of this id."""
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def is_continuation(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the model is to go on from a last message of its own."""
    return bool(messages) and messages[-1].get("partial") is True


def standard(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Give the messages without what only the service knows."""
    return [
        {
            name: _standard_value(name, value)
            for name, value in message.items()
            if name not in _OWN_FIELDS
        }
        for message in messages
    ]


def _standard_value(name: str, value: Any) -> Any:
    match name:
        case "content":
            return standard_content(value)
        case "tool_calls":
            return [{key: call[key] for key in call if key != "index"} for call in value]
        case _:
            return value


def texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give every text in the messages, also those inside lists of parts."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    yield part["text"]
