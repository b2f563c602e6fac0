"""What a crash leaves: answers whose process is gone are marked, so that they can be continued.

A process holds a lock on a file of its own while it lives; the kernel lets go of it however the process
dies. At the next start on the same machine the answers of a dead process are ended at once; those of
other machines once their heartbeat has been silent for a while.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from conversations.models import RUNNING, Message, Status

fcntl: ModuleType | None = None
with contextlib.suppress(ImportError):  # Windows: only the heartbeat tells
    fcntl = importlib.import_module("fcntl")

if TYPE_CHECKING:
    from collections.abc import Collection
    from io import TextIOWrapper
    from types import ModuleType
    from uuid import UUID

logger = logging.getLogger(__name__)

_held: TextIOWrapper | None = None


def folder() -> Path:
    return Path(settings.QWENCHAT_DATA) / "workers"


def lock_file(worker: str) -> Path:
    return folder() / (worker.replace("/", "-") + ".lock")


def hold_lock() -> None:
    """Holds this process's lock until it ends."""
    global _held
    if fcntl is None or _held is not None:
        return
    folder().mkdir(parents=True, exist_ok=True)
    _held = lock_file(settings.WORKER).open("w", encoding="ascii")
    fcntl.flock(_held, fcntl.LOCK_EX)


def is_dead(worker: str) -> bool:
    """Whether a process that ran on this machine is gone for certain; False when nobody can say."""
    path = lock_file(worker)
    if fcntl is None or worker == settings.WORKER or not path.exists():
        return False
    with path.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        path.unlink(missing_ok=True)
    return True


def end_orphans(alive: Collection[UUID] = ()) -> list[Message]:
    """Marks the answers that nobody writes any more as `interrupted`; `alive` are this process's own.

    Gives those answers as they were, each with its conversation.

    The update is guarded by the owner's name, so of several processes that look at the same time one
    wins, and a live worker's answers are left alone.
    """
    silent = timezone.now() - timedelta(seconds=settings.LIMITS.heartbeat_seconds)
    running = Message.objects.filter(status__in=RUNNING)
    workers = set(running.values_list("worker", flat=True).distinct())
    gone = [worker for worker in workers if is_dead(worker)]
    orphaned = Q(worker__in=gone) | Q(heartbeat__lt=silent) | Q(heartbeat=None)
    ended: list[Message] = []
    for row in running.filter(orphaned).exclude(id__in=alive).select_related("conversation"):
        mine = Message.objects.filter(id=row.id, worker=row.worker, status__in=RUNNING)
        if mine.update(status=Status.INTERRUPTED, worker="", heartbeat=None, seq=F("seq") + 1):
            ended.append(row)
    if ended:
        logger.warning("answers were interrupted", extra={"count": len(ended)})
    return ended


def sweep() -> None:
    """Removes the lock files of dead processes, after their answers were ended."""
    for path in folder().glob("*.lock"):
        if path != lock_file(settings.WORKER) and fcntl is not None:
            with path.open("w", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                path.unlink(missing_ok=True)
