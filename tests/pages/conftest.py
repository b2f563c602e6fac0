"""Conversations with a tree in them, and pages read as a browser would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Message
from tests.pages.reading import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers or None)
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's browser."""
    return signed_in(alice)


@pytest.fixture
def htmx(alice: User) -> Client:
    """Alice's browser, asking for a fragment."""
    return signed_in(alice, **{"HX-Request": "true"})


@pytest.fixture
def others(bob: User) -> Client:
    """Bob's browser."""
    return signed_in(bob)


@pytest.fixture
def look(browser: Client) -> Callable[[str], Page]:
    """Reads a page of Alice's."""

    def read(path: str) -> Page:
        response = browser.get(path)
        assert response.status_code == 200, response.status_code
        return Page(response.content.decode())

    return read


class Tree:
    """Writes a conversation, message by message."""

    def __init__(self, owner: User, title: str = "Tea", **fields: Any) -> None:
        fields.setdefault("updated", timezone.now())
        self.conversation = Conversation.objects.create(owner=owner, title=title, **fields)
        self.number = 0

    def add(self, parent: Message | None, **fields: Any) -> Message:
        self.number += 1
        message = Message.objects.create(
            conversation=self.conversation, parent=parent, number=self.number, **fields
        )
        Message.objects.filter(id=message.id).update(
            created=datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
        )
        return message

    def ask(self, text: str = "Which tea?", after: Message | None = None) -> Message:
        return self.add(after, role="user", text=text)

    def answer(self, question: Message | None, text: str = "Green.", **fields: Any) -> Message:
        fields.setdefault("model", "qwen-plus")
        fields.setdefault("status", "complete")
        answer = self.add(question, role="assistant", text=text, **fields)
        self.end_in(answer)
        return answer

    def end_in(self, message: Message) -> None:
        self.conversation.leaf = message
        self.conversation.next_number = self.number + 1
        self.conversation.save()

    @property
    def url(self) -> str:
        return self.conversation.get_absolute_url()


@pytest.fixture
def tree(alice: User) -> Tree:
    return Tree(alice)
