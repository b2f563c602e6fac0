"""An accepted chat request, as values. `rules` makes one from a body or refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import tokens

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model
    from qwenchat.sandbox.documents import Document
    from qwenchat.sandbox.media import MediaPart
    from qwenchat.sandbox.ocr.tasks import OcrTask
    from qwenchat.sandbox.searching.asking import Search
    from qwenchat.sandbox.seeing.seen import Seen
    from qwenchat.sandbox.tooling.calls import ToolCall
    from qwenchat.sandbox.tooling.offered import Offer


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str
    parts: tuple[MediaPart, ...] = ()  # what isn't text, in order
    partial: bool = False
    extra: str = ""  # what else of it a model would read: tool calls, earlier thinking
    calls: tuple[ToolCall, ...] = ()  # of an assistant message
    call_id: str = ""  # the call that a tool message answers
    file_ids: tuple[str, ...] = ()  # of a `fileid://` message
    # Filled in once they have been looked at, in the order of `parts` and `file_ids`.
    seen: tuple[Seen, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def media(self) -> tuple[str, ...]:
        """The kinds of its parts: "image", "video" or "audio"."""
        return tuple("video" if part.kind == "frames" else part.kind for part in self.parts)

    @property
    def tokens(self) -> int:
        return (
            tokens.MESSAGE_OVERHEAD
            + tokens.count(self.text)
            + tokens.count(self.extra)
            + sum(item.tokens for item in self.seen)
            + tokens.MEDIA_TOKENS * (len(self.parts) - len(self.seen))
            + sum(document.tokens for document in self.documents)
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
    offer: Offer
    options: tuple[tuple[str, object], ...]  # sampling and the like, as sent, for telling
    high_resolution: bool = False
    ocr: OcrTask | None = None
    search: Search | None = None
    interpreter: bool = False

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
    def image_tokens(self) -> int:
        return self._tokens_of("image")

    @property
    def video_tokens(self) -> int:
        return self._tokens_of("video")

    def _tokens_of(self, kind: str) -> int:
        return sum(
            item.tokens for message in self.messages for item in message.seen if item.kind == kind
        )

    @property
    def prompt_tokens(self) -> int:
        return 3 + tokens.count(self.offer.text) + sum(message.tokens for message in self.messages)
