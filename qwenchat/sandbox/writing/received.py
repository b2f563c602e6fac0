"""What really came in, counted: the facts that answers may tell."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from qwenchat.sandbox import languages, staging, tokens
from qwenchat.sandbox.counting import characters, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.documents import Document
    from qwenchat.sandbox.request import ChatRequest, Message
    from qwenchat.sandbox.seeing.seen import Seen

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received:
    question: str
    language: str  # of the question, a code of `languages.NAMES`
    model: str
    system_prompt: str | None
    earlier_messages: int  # between the system prompt and this question
    question_number: int
    first_question: str
    media: tuple[str, ...]
    seen: tuple[Seen, ...]  # what was shown with this question, or else last before it
    documents: tuple[Document, ...]  # all that were named up to this question
    tools: tuple[str, ...]
    options: tuple[tuple[str, object], ...]
    prompt_tokens: int
    fingerprint: bytes

    @property
    def words(self) -> int:
        return words(self.question)

    @property
    def characters(self) -> int:
        return characters(self.question)

    @property
    def tokens(self) -> int:
        return tokens.count(self.question)

    def pick(self, choices: Sequence[T], salt: str) -> T:
        """One of `choices`: the same for the same conversation, another for another."""
        digest = hashlib.blake2b(salt.encode(), key=self.fingerprint, digest_size=8).digest()
        return choices[int.from_bytes(digest, "big") % len(choices)]


def receive(request: ChatRequest) -> Received:
    at = request.question_index
    before = request.messages[:at]
    questions = [message for message in before if message.role == "user"]
    question = staging.without_commands(request.question.text)
    heard = "\x00".join(f"{m.role}:{m.text}" for m in request.messages[: at + 1])
    first = staging.without_commands(questions[0].text) if questions else question
    language = languages.detect(question) or languages.detect(first)
    return Received(
        question=question,
        language=language,
        model=request.name,
        system_prompt=request.system_prompt,
        earlier_messages=sum(message.role != "system" for message in before),
        question_number=len(questions) + 1,
        first_question=first,
        media=request.question.media,
        seen=_shown(request.messages[: at + 1]),
        documents=tuple(document for message in before for document in message.documents),
        tools=tuple(tool.name for tool in request.offer.tools),
        options=request.options,
        # Counted without what follows the question, so that a continuation sees the same number.
        prompt_tokens=sum(message.tokens for message in request.messages[: at + 1]),
        fingerprint=hashlib.blake2b(f"{heard}\x00{request.seed}".encode(), digest_size=32).digest(),
    )


def _shown(messages: Sequence[Message]) -> tuple[Seen, ...]:
    return next((message.seen for message in reversed(messages) if message.seen), ())
