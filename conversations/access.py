"""The only doors to conversations and messages: through the person who owns them.

What belongs to somebody else is `NotFound`, exactly like what never existed. `Door` ids may come straight
from outside; a malformed one is not found as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.refusals import NotFound as NotFound
from qwenchat.refusals import parsed as parsed

from .models import Conversation, Message
from .sharing.models import Share

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User


def conversation_for(user: User, conversation: UUID | str) -> Conversation:
    """The person's own conversation; `NotFound` otherwise."""
    try:
        return user.conversations.get(id=parsed(conversation))
    except Conversation.DoesNotExist:
        raise NotFound from None


def message_for(user: User, message: UUID | str) -> Message:
    """A message of one of the person's own conversations, with its conversation; `NotFound` otherwise."""
    try:
        return Message.objects.select_related("conversation").get(
            id=parsed(message), conversation__owner=user
        )
    except Message.DoesNotExist:
        raise NotFound from None


def share_for(user: User, conversation: UUID | str, share: UUID | str) -> Share:
    """A link to one of the person's own conversations, without what it shows; `NotFound` otherwise."""
    try:
        return Share.objects.defer("frozen").get(
            id=parsed(share), conversation=parsed(conversation), conversation__owner=user
        )
    except Share.DoesNotExist:
        raise NotFound from None


def parsed_or_none(value: str) -> UUID | None:
    try:
        return parsed(value)
    except NotFound:
        return None
