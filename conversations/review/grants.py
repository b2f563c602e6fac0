"""What reviewers may see of people's files: those of conversations that they opened, after it was recorded.

Each opening lets its reader see the files of the messages that stood there, for a day: what was added
since, or is looked at later, wants another opening, and so another line of the record.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from attachments import access
from conversations.models import MessageAttachment

from .models import Opening

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from attachments.models import Attachment

PERMISSION = "conversations.review_conversation"
# A tab that stays open over lunch goes on showing pictures; one of yesterday is opened anew.
LASTS = timedelta(days=1)


@access.grant
def reviewers(user: User, attachment: Attachment) -> bool:
    """Whether the person reviews, and has opened a conversation that shows this attachment."""
    if not user.is_staff or not user.has_perm(PERMISSION):
        return False
    places = list(
        MessageAttachment.objects.filter(attachment=attachment).values_list(
            "message__conversation", "message__created"
        )
    )
    opened = Opening.objects.filter(
        reader=user.pk,
        conversation__in={conversation for conversation, _created in places},
        when__gt=timezone.now() - LASTS,
    )
    last = dict(opened.order_by("id").values_list("conversation", "when"))
    return any(
        conversation in last and created <= last[conversation] for conversation, created in places
    )
