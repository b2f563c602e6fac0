"""What nobody will come back for: looked for at start and every night, older than a day.

Uploads that never became part of a message, files that failed, staged and stored bytes without a row.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.utils import timezone

from . import removal, space, storing, usage
from .models import Attachment, DerivedFile, Status, StoredFile, UpstreamFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

logger = logging.getLogger(__name__)

AGE = timedelta(hours=24)
FOLDER = "attachments"


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each kind were removed."""

    attachments: int
    files: int
    staged: int
    stored: int


def sweep(*, keep_unused: bool = True, now: datetime | None = None) -> Swept:
    """Removes what is older than a day. `keep_unused`: uploads without a message stay with the person."""
    before = (now or timezone.now()) - AGE
    unused = [] if keep_unused else unused_ids(before)
    attachments = removal.delete_unused([*unused, *failed_ids(before)])
    files = 0
    for file in StoredFile.objects.filter(attachments__isnull=True, created__lt=before):
        file.delete()
        files += 1
    UpstreamFile.objects.filter(file__isnull=True, upstream_id="", changed__lt=before).delete()
    swept = Swept(attachments, files, sweep_staging(before), sweep_storage(before))
    logger.info(
        "the sweep is over",
        extra={
            "attachments": swept.attachments,
            "files": swept.files,
            "staged": swept.staged,
            "stored": swept.stored,
        },
    )
    return swept


def unused_ids(before: datetime) -> list[UUID]:
    """Nothing counts as unused while nobody is there who could say that it is used."""
    if not usage.is_known():
        return []
    return list(Attachment.objects.filter(created__lt=before).values_list("id", flat=True))


def failed_ids(before: datetime) -> list[UUID]:
    failed = Attachment.objects.filter(file__status=Status.FAILED, created__lt=before)
    return list(failed.values_list("id", flat=True))


def sweep_staging(before: datetime) -> int:
    """Halves of uploads and the folders of jobs whose process was killed."""
    removed = 0
    for entry in space.staging().iterdir():
        if datetime.fromtimestamp(entry.stat().st_mtime, UTC) >= before:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
        removed += 1
    return removed


def sweep_storage(before: datetime) -> int:
    """Stored bytes that no row names: put there just before a process died."""
    removed = 0
    for path in stored_paths():
        if default_storage.get_modified_time(path) >= before or is_named(path):
            continue
        storing.remove(path)
        removed += 1
    return removed


def stored_paths() -> Iterator[str]:
    try:
        folders, _files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    for folder in folders:
        _folders, files = default_storage.listdir(f"{FOLDER}/{folder}")
        yield from (f"{FOLDER}/{folder}/{name}" for name in files)


def is_named(path: str) -> bool:
    return (
        StoredFile.objects.filter(path=path).exists()
        or DerivedFile.objects.filter(path=path).exists()
    )
