"""What a server process does beside answering requests: recovery, watching sessions, an orderly end.

Started with the first connection, since not every ASGI server announces its start.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import TYPE_CHECKING

from django.conf import settings

from attachments import pipeline, sweeping, upstream
from conversations.database import in_database

from . import news, offered, pieces, presence, service
from .generation import recovery
from .generation.runner import runner
from .sharing import links

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

logger = logging.getLogger(__name__)

MODELS_SECONDS = 60  # how often another server is asked for its models
SWEEP_SECONDS = 24 * 3600
COPIES_SECONDS = 300  # how often copies at the service are deleted whose files are gone here

_tasks: set[asyncio.Task[None]] = set()


def prepare() -> None:
    """Before the first request, where somebody can call it: no page shows what a crash left as running."""
    recovery.hold_lock()
    recovery.end_orphans()
    asyncio.run(ask_for_models())


async def ask_for_models() -> None:
    """With a client of its own: the process's client belongs to the server's loop."""
    if service.dialect() == "openai":
        client = service.opened()
        await offered.refresh(client)
        await client.aclose()


def start() -> None:
    """Starts the process's own tasks; does nothing when they run."""
    if _tasks:
        return
    recovery.hold_lock()
    for work in (
        reap(),
        presence.watch(),
        keep_models(),
        tend_files(),
        delete_copies(),
        tend_links(),
    ):
        spawn(work)


def spawn(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def reap() -> None:
    """Ends the answers of dead processes: at the start, then as often as heartbeats can go missing."""
    while True:
        try:
            orphans = await in_database(recovery.end_orphans)(list(runner.running))
            for answer in orphans:
                row = news.row_of(answer.conversation, generating=False)
                await news.answer_ended(answer.conversation.owner_id, answer.id, row)
            await asyncio.to_thread(recovery.sweep)
        except Exception:
            logger.exception("interrupted answers could not be looked for")
        await asyncio.sleep(settings.LIMITS.heartbeat_seconds / 2)


async def keep_models() -> None:
    while True:
        await offered.refresh(service.client())
        await asyncio.sleep(MODELS_SECONDS)


async def tend_files() -> None:
    """Goes on with files that an earlier process left half prepared, then sweeps once a day."""
    await in_database(pipeline.resume)(alone=not settings.REDIS_URL)
    while True:
        try:
            await pieces.in_thread(sweeping.sweep)
        except Exception:
            logger.exception("files could not be swept")
        await asyncio.sleep(SWEEP_SECONDS)


async def delete_copies() -> None:
    """Takes away at the model service what was deleted here."""
    while True:
        try:
            await upstream.delete_unwanted(service.client(), service.account())
        except Exception:
            logger.exception("copies at the model service could not be deleted")
        await asyncio.sleep(COPIES_SECONDS)


async def tend_links() -> None:
    """Removes what was kept for links whose time is over; nobody can read them from that moment on."""
    while True:
        try:
            await in_database(links.delete_expired)()
        except Exception:
            logger.exception("expired links could not be removed")
        await asyncio.sleep(SWEEP_SECONDS)


async def stop() -> None:
    """Tells the pages, lets answers finish for a while, saves the rest, and closes what is open."""
    for socket in list(presence.sockets):
        await socket.restarting()
    await runner.drain(settings.LIMITS.drain_seconds)
    for task in list(_tasks):
        task.cancel()
    await service.close()
