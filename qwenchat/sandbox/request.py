"""An accepted chat request, as values. `rules` makes one from a body or refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import tokens

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str
    media: tuple[str, ...] = ()  # kinds of its other parts, in order: "image", "video", "audio"
    partial: bool = False
    extra: str = ""  # what else of it a model would read: tool calls, earlier thinking

    @property
    def tokens(self) -> int:
        return (
            tokens.MESSAGE_OVERHEAD
            + tokens.count(self.text)
            + tokens.count(self.extra)
            + tokens.IMAGE_TOKENS * len(self.media)
        )


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: Model
    name: str  # as asked for: a dated snapshot answers under its own name
    messages: tuple[Message, ...]
    stream: bool
    include_usage: bool
    thinking: bool
    thinking_budget: int
    max_tokens: int
    max_completion_tokens: int | None
    stop: tuple[str, ...]
    n: int
    seed: int | None
    response_format: str  # "text", "json_object" or "json_schema"
    json_schema: dict[str, Any] | None
    tools: tuple[str, ...]  # names of the functions offered
    tools_text: str
    options: tuple[tuple[str, object], ...]  # sampling and the like, as sent, for telling

    @property
    def prefix(self) -> str | None:
        """What the answer has to go on from; None when it starts afresh."""
        last = self.messages[-1]
        return last.text if last.partial else None

    @property
    def system_prompt(self) -> str | None:
        return next((message.text for message in self.messages if message.role == "system"), None)

    @property
    def question_index(self) -> int:
        return max(i for i, message in enumerate(self.messages) if message.role == "user")

    @property
    def question(self) -> Message:
        return self.messages[self.question_index]

    @property
    def prompt_tokens(self) -> int:
        return 3 + tokens.count(self.tools_text) + sum(message.tokens for message in self.messages)
