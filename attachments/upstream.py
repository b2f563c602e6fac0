"""Copies at the model service: one for each content and account, remembered, and deleted there again.

The client is given by whoever holds it; this room knows no key. `account` names the endpoint and the key
without telling either.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import timezone

from qwenchat.dashscope import DashScopeError

from . import storing
from .models import StoredFile, UpstreamFile, UpstreamStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from pathlib import Path

    from qwenchat.dashscope.files import FileInfo

    from .models import Attachment

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# An upload that began this long ago has no process any more.
STALE_AFTER = timedelta(minutes=15)
POLL_S = (0.5, 1.0, 2.0, 4.0, 8.0)
WAIT_S = 120.0
READING = frozenset({"processing", "uploaded", "pending", "parsing"})
GONE = frozenset({404, 410})


class Files(Protocol):
    """What is needed of the service's file interface (qwenchat.dashscope's client has it)."""

    async def upload_file(self, source: Path, name: str, *, purpose: str = ...) -> FileInfo: ...

    async def file_info(self, file_id: str) -> FileInfo: ...

    async def delete_file(self, file_id: str) -> Any: ...


class StillReading(Exception):
    """The service has the file and is not through with it; asking again later may find it done."""


class Refused(Exception):
    """The service does not take this file; `reason` is what it said, for the log."""


def account(base_url: str, api_key: str) -> str:
    """A name for an account at an endpoint, which gives away neither."""
    return hashlib.sha256(f"{base_url}\0{api_key}".encode()).hexdigest()


async def upload_to_service(
    files: Files,
    attachment: Attachment,
    account: str,
    *,
    report: Callable[[str], None] | None = None,
    wait_s: float = WAIT_S,
) -> str:
    """The file's id at the service, uploaded now or before, once the service says it is read.

    `report` hears "uploading", "parsing", "ready". `StillReading` after `wait_s`; `Refused`; a client's
    error passes through. May be cancelled: what was begun is taken up, or deleted, later.
    """
    tell = report or (lambda _state: None)
    async with asyncio.timeout(wait_s + 600):
        row = await copy_to_use(attachment.file_id, account, tell, wait_s)
        if not row.upstream_id:
            tell("uploading")
            await upload(files, attachment, row)
        return await read_by_service(files, row, tell, wait_s)


async def copy_to_use(
    file: int, account: str, tell: Callable[[str], None], wait_s: float
) -> UpstreamFile:
    """`copy_for`, waiting while somebody else uploads the same content."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        try:
            return await whole(in_thread(copy_for)(file, account), undo=let_go)
        except StillReading:
            if loop.time() > deadline:
                raise
        tell("uploading")
        await asyncio.sleep(POLL_S[0])


@asynccontextmanager
async def begun(row: UpstreamFile) -> AsyncIterator[None]:
    """An upload for this row: where it does not come to its end, whoever asks next begins anew at once.

    Should it have arrived all the same, the service keeps one copy too many.
    """
    try:
        yield
    except BaseException:
        await asyncio.shield(in_thread(forget)(row.pk))
        raise


async def whole(trip: Coroutine[Any, Any, R], undo: Callable[[R], Coroutine[Any, Any, None]]) -> R:
    """What the trip gives. When cancelled it is undone first: its thread goes through with it anyway."""
    task = asyncio.ensure_future(trip)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await undo(await task)
        raise


async def let_go(row: UpstreamFile) -> None:
    if not row.upstream_id:
        await in_thread(forget)(row.pk)


async def upload(files: Files, attachment: Attachment, row: UpstreamFile) -> None:
    async with begun(row), local_file(attachment.file.path) as source:
        info = await files.upload_file(source, attachment.name, purpose="file-extract")
    row.upstream_id, row.status = info.id, UpstreamStatus.PARSING
    await asyncio.shield(in_thread(remember)(row.pk, info.id, UpstreamStatus.PARSING))


async def read_by_service(
    files: Files, row: UpstreamFile, tell: Callable[[str], None], wait_s: float
) -> str:
    """Polls with growing pauses until the service has read the file."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    attempt = 0
    while row.status != UpstreamStatus.READY:
        tell("parsing")
        try:
            info = await files.file_info(row.upstream_id)
        except DashScopeError as error:
            if error.status in GONE:
                await in_thread(forget)(row.pk)
                raise Refused("deleted at the service") from error
            raise
        if info.status == "processed":
            await in_thread(remember)(row.pk, row.upstream_id, UpstreamStatus.READY)
            break
        if info.status not in READING:
            await in_thread(remember)(row.pk, row.upstream_id, UpstreamStatus.FAILED)
            raise Refused(info.status)
        pause = POLL_S[min(attempt, len(POLL_S) - 1)]
        attempt += 1
        if loop.time() + pause > deadline:
            raise StillReading
        await asyncio.sleep(pause)
    tell("ready")
    return row.upstream_id


async def forget_copy(attachment: Attachment, account: str) -> None:
    """After the service said that it does not know the id: the next upload begins anew."""
    await in_thread(expire)(attachment.file_id, account)


async def delete_unwanted(files: Files, account: str, *, most: int = 200) -> int:
    """Deletes copies there whose files are gone here; gives how many. What fails is tried next time."""
    deleted = 0
    for row in await in_thread(unwanted)(account, most):
        try:
            await files.delete_file(row.upstream_id)
        except DashScopeError as error:
            if error.status not in GONE:
                logger.warning("a copy at the service could not be deleted", extra={"copy": row.pk})
                continue
        await in_thread(forget)(row.pk)
        deleted += 1
    return deleted


# ---- rows -------------------------------------------------------------------------------------------


def in_thread(function: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """One trip to the database, whole, on the thread that all trips share."""

    @wraps(function)
    def trip(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        finally:
            if not connection.in_atomic_block and connection.vendor != "sqlite":
                connection.close()

    return sync_to_async(trip, thread_sensitive=True)


def copy_for(file: int, account: str) -> UpstreamFile:
    """The row of a copy: one with an id that can be used, or an empty one that this caller fills.

    `StillReading` while somebody else uploads the same content.
    """
    with transaction.atomic():
        StoredFile.objects.select_for_update().get(id=file)
        row = UpstreamFile.objects.filter(file=file, account=account).first()
        if row is None:
            return UpstreamFile.objects.create(file=StoredFile(id=file), account=account)
        if row.status in (UpstreamStatus.FAILED, UpstreamStatus.EXPIRED):
            leave_to_sweep(row)
            return UpstreamFile.objects.create(file=StoredFile(id=file), account=account)
        if not row.upstream_id:
            if row.changed > timezone.now() - STALE_AFTER:
                raise StillReading
            row.save(update_fields=["changed"])  # its process is gone: this one takes over
        return row


def leave_to_sweep(row: UpstreamFile) -> None:
    """A copy that is of no use any more: deleted at the service when there is one."""
    if row.upstream_id and row.status != UpstreamStatus.EXPIRED:
        UpstreamFile.objects.filter(pk=row.pk).update(file=None, status=UpstreamStatus.UNWANTED)
    else:
        row.delete()


def remember(row: int, upstream_id: str, status: UpstreamStatus) -> None:
    """Notes the id. When the file was deleted here meanwhile, the copy is unwanted from the start."""
    updated = UpstreamFile.objects.filter(pk=row, file__isnull=False).update(
        upstream_id=upstream_id, status=status, changed=timezone.now()
    )
    if not updated:
        UpstreamFile.objects.filter(pk=row).update(
            upstream_id=upstream_id, status=UpstreamStatus.UNWANTED
        )


def forget(row: int) -> None:
    UpstreamFile.objects.filter(pk=row).delete()


def expire(file: int, account: str) -> None:
    UpstreamFile.objects.filter(file=file, account=account).update(
        status=UpstreamStatus.EXPIRED, changed=timezone.now()
    )


def ids_of(files: Sequence[int], account: str) -> dict[int, str]:
    """The copies' ids at the service, by file."""
    rows = UpstreamFile.objects.filter(file__in=files, account=account)
    return dict(rows.values_list("file_id", "upstream_id"))


def unwanted(account: str, most: int) -> list[UpstreamFile]:
    found = UpstreamFile.objects.filter(account=account, status=UpstreamStatus.UNWANTED)
    return list(found.exclude(upstream_id="").order_by("id")[:most])


@asynccontextmanager
async def local_file(path: str) -> AsyncIterator[Path]:
    """The stored bytes as a local file; fetched and dropped in a thread where they lie elsewhere."""
    context = storing.local(path)
    source = await asyncio.to_thread(context.__enter__)
    try:
        yield source
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
