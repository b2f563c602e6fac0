"""The messages of a request. What a picture, a video, a file or a tool adds to them is built beside
this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Message = dict[str, Any]

# What only the service knows of an assistant's message.
_OWN_FIELDS = ("partial", "reasoning_content")


def system(text: str) -> Message:
    """Give the instructions that stand before a conversation; the service wants at most one, as the
    first message."""
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    """Give what a person said."""
    return {"role": "user", "content": text}


def assistant(text: str, reasoning: str | None = None, *, partial: bool = False) -> Message:
    """Give what the model said; with `partial`, as the last message, what it is to go on from."""
    message: Message = {"role": "assistant", "content": text}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    if partial:
        message["partial"] = True
    return message


def is_continuation(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the model is to go on from a last message of its own."""
    return bool(messages) and messages[-1].get("partial") is True


def standard(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Give the messages without what only the service knows."""
    return [
        {name: value for name, value in message.items() if name not in _OWN_FIELDS}
        for message in messages
    ]


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
