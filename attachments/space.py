"""Room: on this machine's disk, and in what one person may keep."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import OperationalError
from django.db.models import Sum

from . import refusals
from .limits import limits
from .models import DerivedFile, StoredFile

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
SIGNS = ("disk is full", "readonly database", "disk I/O error", "No space left", "disk full")


def staging() -> Path:
    """Where uploads arrive and jobs write, on the same disk as local storage: moving is then free."""
    folder: Path = settings.QWENCHAT_DATA / "staging"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room, on the disk or in the database."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, OperationalError) and any(sign in str(error) for sign in SIGNS)


def check_disk(coming_bytes: int = 0) -> None:
    """`Refusal` `storage_full` unless what comes fits with room to spare."""
    try:
        free = shutil.disk_usage(staging()).free
    except OSError:
        raise refusals.storage_full() from None
    if free - coming_bytes < limits().free_bytes:
        raise refusals.storage_full()


def kept_bytes(user: User) -> int:
    """What a person's files take, with what was made from them."""
    stored = StoredFile.objects.filter(owner=user).aggregate(total=Sum("stored_size"))["total"]
    made = DerivedFile.objects.filter(file__owner=user).aggregate(total=Sum("size"))["total"]
    return (stored or 0) + (made or 0)


def check_quota(user: User, coming_bytes: int = 0) -> None:
    most = limits().storage_bytes_per_user
    if kept_bytes(user) + coming_bytes > most:
        raise refusals.quota_exceeded(most)
