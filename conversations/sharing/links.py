"""Making and ending links, and the door of whoever has one.

The owner's own door is `conversations.access.share_for`.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import branches, presenting
from conversations.models import Conversation
from qwenchat import rates
from qwenchat.refusals import NotFound, Refusal

from . import frozen
from .models import Share

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from .frozen import Choice, FrozenMessage

PAGE = 250  # messages that are read at once
FRAME_BYTES = 1_000  # what the page has around each message
HOUR = 3600


def are_on() -> bool:
    return bool(settings.QWENCHAT_SHARES != "off")


def in_force() -> QuerySet[Share]:
    """Those that may be read now."""
    return Share.objects.filter(Q(expires=None) | Q(expires__gt=timezone.now()))


def of(conversation: Conversation) -> QuerySet[Share]:
    """A conversation's links, newest first, without what they show."""
    return in_force().filter(conversation=conversation).defer("frozen")


def share_by(token: str) -> Share:
    """What a link shows, with its owner at hand; `NotFound` once it has ended or its owner is locked out."""
    readable = in_force().select_related("conversation__owner")
    found = readable.filter(token=token, conversation__owner__is_active=True).first()
    if found is None:
        raise NotFound
    return found


def count_one(user: User) -> None:
    """Counts a link that the person is about to make; `Refusal` beyond an hour's."""
    most = settings.LIMITS.shares_per_hour
    rates.spend("shares", user.pk, most, seconds=HOUR, refusal=too_many)


def too_many(seconds: int) -> Refusal:
    minutes = max(1, math.ceil(seconds / 60))
    sentence = ngettext(
        "That was a lot of links at once. Try again in %(minutes)d minute.",
        "That was a lot of links at once. Try again in %(minutes)d minutes.",
        minutes,
    )
    return Refusal("rate_limited", sentence % {"minutes": minutes}, retry_after=seconds)


def make(conversation: Conversation, leaf: UUID | None, choice: Choice) -> Share:
    """A link to the branch that ends in `leaf`, as it is now; `Refusal` where there is none to be shown."""
    messages = copied(conversation, leaf, choice)
    if not messages:
        raise Refusal("invalid", _("There is nothing to share yet."))
    kept = frozen.whole(messages, sandbox=settings.SANDBOX)
    with transaction.atomic():
        # Locked, so that two requests at once do not both find room; gone, if it was deleted meanwhile.
        locked = Conversation.objects.select_for_update().filter(id=conversation.id).first()
        if locked is None:
            raise NotFound
        check_count(locked)
        days = choice.days
        return Share.objects.create(
            conversation=locked,
            title=locked.title if choice.title is None else choice.title,
            with_thinking=choice.thinking,
            with_details=choice.details,
            with_files=bool(frozen.shared_files(kept)),
            frozen=kept,
            expires=timezone.now() + timedelta(days=days) if days else None,
        )


def copied(conversation: Conversation, leaf: UUID | None, choice: Choice) -> list[FrozenMessage]:
    """The branch as it is kept, oldest message first.

    Read from its end piece by piece, so that one that is too long is refused before all of it is in memory.
    """
    pieces: list[list[FrozenMessage]] = []
    left = settings.LIMITS.share_bytes
    while messages := branches.last_messages(conversation, leaf, PAGE):
        if any(message.is_running for message in messages):
            raise Refusal("busy", _("An answer is still being written. Share it when it is done."))
        presenting.with_files(messages)
        piece = frozen.freeze(messages, choice, prose=presenting.stored_prose)
        left -= len(json.dumps(piece, ensure_ascii=False).encode()) + FRAME_BYTES * len(piece)
        if left < 0:
            raise too_long()
        pieces.append(piece)
        leaf = messages[0].parent_id
    return list(chain.from_iterable(reversed(pieces)))


def too_long() -> Refusal:
    sentence = _(
        "This is too long for one page. Share it without thinking and what tools gave, or export it."
    )
    return Refusal("too_large", sentence)


def check_count(conversation: Conversation) -> None:
    most = settings.LIMITS.shares_per_conversation
    if of(conversation).count() >= most:
        sentence = ngettext(
            "This conversation has %(most)d link. End one to make another.",
            "This conversation has %(most)d links. End one to make another.",
            most,
        )
        raise Refusal("quota_exceeded", sentence % {"most": most})


def end(share: Share) -> None:
    """The link and its copy are gone; whoever opens it gets 404 from now on."""
    Share.objects.filter(id=share.id).delete()


def delete_expired() -> int:
    """Removes what was kept for links whose time is over: nobody can read them any more."""
    removed, _by_model = Share.objects.filter(expires__lte=timezone.now()).delete()
    return removed
