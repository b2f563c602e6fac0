"""Taking away: an attachment, its file when nothing else points to it, its bytes, its copies elsewhere.

Bytes follow their rows: whatever deletes a row (a person's whole account, too) has the bytes removed once
the transaction stands. Copies at the model service are marked; `upstream.delete_unwanted` deletes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.signals import post_delete, pre_delete

from . import refusals, storing, usage
from .models import Attachment, DerivedFile, StoredFile, UpstreamFile, UpstreamStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


def delete(attachment: Attachment) -> None:
    """Deletes an attachment that nothing uses; `Refusal` `busy` otherwise."""
    with transaction.atomic():
        # The row is locked: a message that takes it at the same moment waits, and finds it gone.
        locked = Attachment.objects.select_for_update().filter(id=attachment.id).first()
        if locked is None:
            return
        if usage.is_used(locked.id):
            raise refusals.in_use()
        locked.delete()


def delete_unused(attachments: Iterable[UUID]) -> int:
    """Deletes those that nothing uses any more, after messages were deleted; gives their number."""
    ids = list(attachments)
    with transaction.atomic():
        locked = list(Attachment.objects.select_for_update().filter(id__in=ids))
        used = usage.uses([attachment.id for attachment in locked])
        free = [attachment for attachment in locked if not used[attachment.id]]
        for attachment in free:
            attachment.delete()
    return len(free)


def connect() -> None:
    post_delete.connect(attachment_deleted, sender=Attachment)
    pre_delete.connect(file_about_to_go, sender=StoredFile)
    post_delete.connect(bytes_deleted, sender=StoredFile)
    post_delete.connect(bytes_deleted, sender=DerivedFile)


def attachment_deleted(instance: Attachment, **_signal: Any) -> None:
    """Its file goes with the last attachment that points to it."""
    unused = StoredFile.objects.filter(id=instance.file_id, attachments__isnull=True)
    for file in unused:
        file.delete()


def file_about_to_go(instance: StoredFile, **_signal: Any) -> None:
    """Copies elsewhere become unwanted, also one that is on its way up and has no id yet."""
    UpstreamFile.objects.filter(file=instance).update(status=UpstreamStatus.UNWANTED)


def bytes_deleted(instance: StoredFile | DerivedFile, **_signal: Any) -> None:
    path = instance.path
    if path:
        transaction.on_commit(lambda: storing.remove(path))
