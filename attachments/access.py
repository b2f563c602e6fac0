"""The only door to an attachment: through the person who owns it.

Another person's attachment is not found, exactly like one that never was. Whoever may see it for another
reason (a review by staff) comes through `readable_by`, where other rooms register who that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.refusals import NotFound as NotFound
from qwenchat.refusals import parsed as parsed

from .models import Attachment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from django.contrib.auth.models import User

    Grant = Callable[[User, Attachment], bool]


_grants: list[Grant] = []


def grant(rule: Grant) -> Grant:
    """Registers a rule that lets somebody else read an attachment; it is asked with each request."""
    _grants.append(rule)
    return rule


def attachment_for(user: User, attachment: UUID | str) -> Attachment:
    """The person's own attachment with its file; `NotFound` otherwise."""
    try:
        return Attachment.objects.select_related("file").get(id=parsed(attachment), owner=user)
    except Attachment.DoesNotExist:
        raise NotFound from None


def attachments_for(user: User, ids: Iterable[UUID | str]) -> list[Attachment]:
    """The person's own attachments in the order of the ids; `NotFound` if one is missing."""
    wanted = [parsed(value) for value in ids]
    found = Attachment.objects.select_related("file").filter(id__in=wanted, owner=user)
    by_id = {attachment.id: attachment for attachment in found}
    try:
        return [by_id[value] for value in wanted]
    except KeyError:
        raise NotFound from None


def readable_by(user: User, attachment: UUID | str) -> Attachment:
    """An attachment whose bytes the person may see: their own, or one that a rule grants."""
    found = Attachment.objects.select_related("file").filter(id=parsed(attachment)).first()
    if found is None:
        raise NotFound
    if found.owner_id != user.pk and not any(rule(user, found) for rule in _grants):
        raise NotFound
    return found
