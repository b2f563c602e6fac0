"""Conversations that a person had before the test began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from conversations.models import Conversation, Message

if TYPE_CHECKING:
    from .people import Person


class Past:
    """A conversation of `person`'s, written message by message along one branch."""

    def __init__(self, person: Person, title: str) -> None:
        self.database = person.app.database
        self.conversation = Conversation(owner=person.user, title=title, updated=timezone.now())
        self.conversation.save(using=self.database)
        self.last: Message | None = None
        self.number = 0

    @property
    def path(self) -> str:
        return f"/c/{self.conversation.id}/"

    def ask(self, text: str) -> Message:
        return self._add(role="user", text=text)

    def answer(self, text: str, **fields: Any) -> Message:
        return self._add(**{"role": "assistant", "text": text, "model": "qwen-plus"} | fields)

    def _add(self, **fields: Any) -> Message:
        self.number += 1
        message = Message(
            conversation=self.conversation, parent=self.last, number=self.number, **fields
        )
        message.save(using=self.database)
        self.last = message
        self.conversation.leaf = message
        self.conversation.next_number = self.number + 1
        self.conversation.save(using=self.database)
        return message
