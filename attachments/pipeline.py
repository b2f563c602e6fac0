"""From an upload to a file that is ready, in steps that can each be run again.

    check    in the upload's own request: is it what it says, within the limits, whole?
    derive   text, pages, frames, a clean copy, a thumbnail; in the background when it takes long

Images and plain texts are checked by being derived. A step gives a `Found`; `record` stores it.
"""

from __future__ import annotations

import logging
import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from . import refusals, sampling, space, storing
from .decoding.unusable import Unusable
from .limits import for_decoding, limits
from .models import DerivedFile, Kind, Made, Status, StoredFile
from .workers import MEGABYTE, Crowded, Found, Job, Workers, slots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

CHECK_WAIT_S = 30  # for a free worker; after that the person is asked to try again
DERIVE_WAIT_S = 3600
# A file that has been worked on for this long is nobody's: its process is gone.
ORPHANED_AFTER = timedelta(minutes=20)
CONTAINERS = {
    "mp4": "mp4",
    "webm": "webm",
    "matroska": "mkv",
    "avi": "avi",
    "flv": "flv",
    "asf": "wmv",
}
IMAGE_TYPES = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Step:
    """A task of the worker, with what it may take. `needs_format`: one task for several formats."""

    task: str
    cpu_s: int
    memory_mb: int = 512
    writes: bool = True
    needs_format: bool = False


CHECKS = {
    "image": Step("image", cpu_s=10, needs_format=True),
    "video": Step("video_check", cpu_s=10, memory_mb=1024, writes=False, needs_format=True),
    "pdf": Step("pdf_check", cpu_s=10, writes=False),
    "zip": Step("zip_check", cpu_s=10, writes=False),
    "text": Step("text", cpu_s=10, memory_mb=1024),
}
# Long films and books; the person sees "being prepared" meanwhile.
DERIVATIONS = {
    "image": Step("image", cpu_s=10, needs_format=True),
    "video": Step("video", cpu_s=120, memory_mb=1024, needs_format=True),
    "pdf": Step("pdf", cpu_s=120, memory_mb=1024),
    "zip": Step("office", cpu_s=60, memory_mb=1024, needs_format=True),
    "text": Step("text", cpu_s=10, memory_mb=1024),
}
# What a check has done already.
WHOLE = frozenset({"image", "text"})

checking = Workers(2, ahead=True)
deriving = Workers(slots(), ahead=False)
# Frames, pages and sizes on demand: many of them must not keep uploads waiting.
making = Workers(2, ahead=False)


def way_of(format_id: str, kind: str) -> str:
    """Which steps a format goes through: "image", "video", "pdf", "zip" or "text"."""
    if kind in ("image", "video"):
        return kind
    if format_id == "pdf":
        return "pdf"
    return "zip" if format_id in ("docx", "pptx", "xlsx", "epub", "zip") else "text"


def job(step: Step, source: Path, format_id: str, **arguments: Any) -> Job:
    if step.needs_format:
        arguments["format_id"] = format_id
    return Job(
        task=step.task,
        source=source,
        limits=for_decoding(),
        arguments=arguments,
        writes=step.writes,
        cpu_s=step.cpu_s,
        memory_bytes=step.memory_mb * MEGABYTE,
    )


@contextmanager
def checked(source: Path, format_id: str, kind: str) -> Iterator[Found]:
    """The check's finding while its files are there; `Unusable`, or `Refusal` when all are busy."""
    step = CHECKS[way_of(format_id, kind)]
    with looked(job(step, source, format_id)) as found:
        yield found


@contextmanager
def looked(order: Job, workers: Workers | None = None) -> Iterator[Found]:
    """A short job, for somebody who waits."""
    try:
        with (workers or checking).run(order, wait_s=CHECK_WAIT_S, folder=space.staging()) as found:
            yield found
    except Crowded:
        raise refusals.crowded() from None


def derive(file: StoredFile) -> None:
    """Runs the second step of a file, or repeats what was made of one that is ready."""
    way = way_of(file.format, file.kind)
    arguments: dict[str, Any] = {}
    if way == "video":
        arguments["times_ms"] = strip_times(file)
    with (
        storing.local(file.path) as source,
        deriving.run(
            job(DERIVATIONS[way], source, stored_format(file), **arguments),
            wait_s=DERIVE_WAIT_S,
            folder=space.staging(),
        ) as found,
    ):
        record(file, found)


def stored_format(file: StoredFile) -> str:
    """The format of the bytes as they are stored: a clean copy may have another than the upload."""
    if file.kind == Kind.IMAGE:
        return IMAGE_TYPES.get(file.content_type, file.format)
    return CONTAINERS.get(str(file.details.get("container", "")), file.format)


def strip_times(file: StoredFile) -> list[int]:
    count = limits().strip_frames
    return sampling.times_ms(
        sampling.Sampling(), file.duration or 0.0, default_count=count, most=count
    )


FACTS = ("width", "height", "duration", "frames", "pages", "content_type")


def record(file: StoredFile, found: Found) -> None:
    """Stores what a step found and made, and marks the file ready.

    The bytes go into the storage first. Either all rows are written or none, and what was stored for
    none is removed.
    """
    made, own = stored_pieces(found)
    try:
        with transaction.atomic():
            if StoredFile.objects.select_for_update().filter(id=file.id).first() is not None:
                take_facts(file, found.facts)
                old = file.path
                if own:
                    file.path, file.stored_size = own
                replace_derived(file, made)
                file.status = Status.READY
                file.claimed = None
                file.save()
                if own and old:
                    transaction.on_commit(lambda: storing.remove(old))
                return
    except BaseException:
        remove_all(made, own)
        raise
    remove_all(made, own)  # it was deleted meanwhile


def remove_all(made: list[DerivedFile], own: tuple[str, int] | None) -> None:
    for piece in made:
        storing.remove(piece.path)
    if own:
        storing.remove(own[0])


def take_facts(file: StoredFile, facts: dict[str, Any]) -> None:
    for name in FACTS:
        if name in facts:
            setattr(file, name, facts[name])
    kinds = {piece["kind"] for piece in facts.get("derived", ())}
    file.details = {
        **file.details,
        **facts.get("details", {}),
        **({"thumbnail": True} if "thumbnail" in kinds else {}),
    }


def stored_pieces(found: Found) -> tuple[list[DerivedFile], tuple[str, int] | None]:
    """Puts the job's files into the storage: rows not yet saved, and path and size of the file itself."""
    made: list[DerivedFile] = []
    own: tuple[str, int] | None = None
    try:
        for piece in found.facts.get("derived", ()):
            source = found.folder / str(piece["file"])
            size = source.stat().st_size
            path = storing.put(source)
            if piece["kind"] in (Kind.IMAGE, Kind.VIDEO):
                own = (path, size)
                continue
            made.append(
                DerivedFile(
                    kind=piece["kind"],
                    number=piece.get("number", 0),
                    path=path,
                    content_type=piece["content_type"],
                    size=size,
                    width=piece.get("width"),
                    height=piece.get("height"),
                )
            )
    except BaseException:
        remove_all(made, own)
        raise
    return made, own


def replace_derived(file: StoredFile, made: list[DerivedFile]) -> None:
    """Old pieces of the same place give way; for those the rows' own signal removes the bytes."""
    same = Q(pk__in=[])
    for piece in made:
        same |= Q(kind=piece.kind, number=piece.number)
        piece.file = file
    for old in file.derived.filter(same):
        old.delete()
    DerivedFile.objects.bulk_create(made)


def make(file: StoredFile, order: Job, *, number: int | None = None) -> list[DerivedFile]:
    """Runs a job for pieces that are made on demand, and stores them beside the others.

    `number` is the one that the piece is kept under, when the job does not say it.
    """
    space.check_disk()
    space.check_quota(file.owner)
    with looked(order, making) as found:
        made, _own = stored_pieces(found)
        for piece in made:
            piece.number = piece.number if number is None else number
        try:
            with transaction.atomic():
                replace_derived(file, made)
        except BaseException:
            remove_all(made, None)
            raise
    return made


# ---- in the background ------------------------------------------------------------------------------


class Background:
    """Threads that take files in turn; each only waits for a worker process."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[tuple[int, threading.Event]] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.threads: list[threading.Thread] = []

    def submit(self, file: int) -> threading.Event:
        """The event is set when the file is ready or has failed."""
        done = threading.Event()
        self.waiting.put((file, done))
        with self.lock:
            if len(self.threads) < slots():
                name = f"attachments {len(self.threads) + 1}"
                thread = threading.Thread(target=self.work, name=name, daemon=True)
                self.threads.append(thread)
                thread.start()
        return done

    def work(self) -> None:
        while True:
            file, done = self.waiting.get()
            try:
                finish(file)
            except Exception:
                logger.exception("a file could not be prepared", extra={"file": file})
            finally:
                connection.close()
                done.set()


background = Background()


def start(file: StoredFile) -> threading.Event:
    """Begins the second step; with `ATTACHMENTS_BACKGROUND` off it is over when this returns."""
    if getattr(settings, "ATTACHMENTS_BACKGROUND", True):
        return background.submit(file.id)
    finish(file.id)
    done = threading.Event()
    done.set()
    return done


def finish(file_id: int) -> None:
    """Derives a file that nobody else works on; its row says how it went."""
    now = timezone.now()
    claimed = (
        StoredFile.objects.filter(id=file_id, status=Status.PROCESSING)
        .filter(Q(claimed__isnull=True) | Q(claimed__lt=now - ORPHANED_AFTER))
        .update(claimed=now)
    )
    file = StoredFile.objects.filter(id=file_id).first()
    if not claimed or file is None:
        return
    try:
        derive(file)
    except Unusable as unusable:
        fail(file, unusable.reason, unusable.facts)
    except Exception as error:
        logger.exception("a file could not be prepared", extra={"file": file_id})
        fail(file, "storage_full" if space.is_full(error) else "internal", {})
    else:
        logger.info("a file is ready", extra={"file": file_id, "format": file.format})


def fail(file: StoredFile, reason: str, facts: dict[str, Any]) -> None:
    """Keeps the reason for the person who waits for it, and nothing of the file."""
    logger.info("a file cannot be used", extra={"file": file.id, "reason": reason})
    path = file.path
    with transaction.atomic():
        StoredFile.objects.filter(id=file.id, status=Status.PROCESSING).update(
            status=Status.FAILED,
            error=reason,
            error_facts=facts,
            path="",
            stored_size=0,
            claimed=None,
        )
        for piece in file.derived.all():
            piece.delete()
        transaction.on_commit(lambda: storing.remove(path))


def resume(*, alone: bool = False) -> int:
    """Goes on with what an earlier process left; `alone`: no other process works on these files."""
    left = StoredFile.objects.filter(status=Status.PROCESSING)
    if alone:
        left.update(claimed=None)
    else:
        left = left.filter(Q(claimed__isnull=True) | Q(claimed__lt=timezone.now() - ORPHANED_AFTER))
    ids = list(left.values_list("id", flat=True))
    for file in ids:
        background.submit(file)
    return len(ids)


def derived(file: StoredFile, kind: Made, number: int = 0) -> DerivedFile | None:
    return file.derived.filter(kind=kind, number=number).first()
