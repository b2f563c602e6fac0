"""Where attachments are used: in which conversations, for the page of all files and for deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from attachments import usage

from .models import MessageAttachment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


@usage.register
def in_messages(attachments: Sequence[UUID]) -> dict[UUID, list[usage.Use]]:
    """Each conversation once, with the address of the newest message there that has the attachment."""
    rows = (
        MessageAttachment.objects.filter(attachment__in=attachments)
        .order_by("-message__number")
        .values_list(
            "attachment_id",
            "message_id",
            "message__conversation_id",
            "message__conversation__title",
        )
    )
    found: dict[UUID, dict[UUID, usage.Use]] = {}
    for attachment, message, conversation, title in rows:
        address = f"{reverse('conversation', args=[conversation])}?leaf={message}#m-{message}"
        use = usage.Use(title or _("New chat"), address)
        found.setdefault(attachment, {}).setdefault(conversation, use)
    return {attachment: list(places.values()) for attachment, places in found.items()}
