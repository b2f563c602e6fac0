"""Keeping the record of what staff open."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qwenchat.accounts.address import address_of

from .models import Opening

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from conversations.models import Conversation

logger = logging.getLogger(__name__)


def record(
    request: HttpRequest,
    conversation: Conversation,
    what: Opening.What,
    message: UUID | None = None,
) -> Opening:
    """Writes down that `request`'s reader opens `conversation`: before anything of it is read.

    An error here reaches the caller, so that what cannot be recorded is not shown.
    """
    reader, owner = request.user, conversation.owner
    assert reader.pk is not None  # noqa: S101 - only staff come here
    opening = Opening.objects.create(
        reader=reader.pk,
        reader_name=reader.get_username(),
        owner=owner.pk,
        owner_name=owner.get_username(),
        conversation=conversation.id,
        message=message,
        what=what,
        address=address_of(request),
    )
    logger.info(
        "conversation opened by staff",
        extra={"reader": reader.pk, "conversation": str(conversation.id), "what": str(what)},
    )
    return opening
