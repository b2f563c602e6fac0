"""Whether this process lives (`/healthz`) and whether it can work (`/readyz`)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

FREE_BYTES = 64 * 1024 * 1024  # below this a database cannot be relied upon to grow


async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> JsonResponse:
    """Each part `ok` or the kind of its failure; details go no further than the exception's name."""
    parts = {
        "database": checked(database),
        "migrations": checked(migrations),
        "channel_layer": checked(channel_layer),
        "storage": checked(storage),
    }
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse(parts, status=200 if ready else 503)


def checked(part: Callable[[], str | None]) -> str:
    try:
        return part() or "ok"
    except Exception as error:  # whatever is wrong with a part is what is asked here
        return type(error).__name__


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def migrations() -> str | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} to apply" if plan else None


def channel_layer() -> str | None:
    return None if get_channel_layer() is not None else "not configured"


def storage() -> str | None:
    folder = settings.QWENCHAT_DATA
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return "read-only"
    if shutil.disk_usage(folder).free < FREE_BYTES:
        return "full"
    if not isinstance(default_storage, FileSystemStorage):
        default_storage.exists("readyz")  # whether a bucket answers, not what it has
    return None
