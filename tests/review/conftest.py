from __future__ import annotations

import pytest
from django.utils import timezone

from conversations.models import Conversation, Message, Round

SECRET = "the-secret-question"
ANSWER = "the-secret-answer"
TITLE = "the-secret-title"


class Talk:
    """A conversation that tests add to; numbers are handed out as the app does."""

    def __init__(self, owner, **fields):
        self.conversation = Conversation.objects.create(
            owner=owner, title=TITLE, updated=timezone.now(), model="qwen-plus", **fields
        )

    def says(self, text, parent=None, **fields):
        conversation = self.conversation
        fields = {"role": "user", "text": text, **fields}
        message = Message.objects.create(
            conversation=conversation, parent=parent, number=conversation.next_number, **fields
        )
        conversation.next_number += 1
        conversation.leaf = message
        conversation.save()
        return message

    def answers(self, text, parent, rounds=1, **fields):
        fields = {"role": "assistant", "model": "qwen-plus", **fields}
        message = self.says(text, parent, **fields)
        for number in range(1, rounds + 1):
            Round.objects.create(
                message=message,
                number=number,
                path="/chat/completions",
                body={"model": "qwen-plus", "messages": [{"role": "user", "content": "你好 <b>"}]},
                request_id=f"request-{number}",
            )
        return message

    @property
    def url(self):
        return f"/admin/conversations/conversation/{self.conversation.id}/change/"


@pytest.fixture
def talk(alice):
    talk = Talk(alice)
    question = talk.says(SECRET)
    talk.answers(ANSWER, question)
    return talk


@pytest.fixture
def talk_of():
    return Talk
