"""The open sockets of this process: how many a person has, and whether each may still stay.

Signing out, a changed password and a deactivated account are read from the database every few seconds,
for all sockets in one query each, so it does not matter which process they happened in.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from conversations.database import in_database

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)


class Present(Protocol):
    """A socket as it was let in."""

    user_id: int
    session_key: str
    password: str

    async def sign_out(self) -> None: ...

    async def restarting(self) -> None: ...


sockets: set[Present] = set()


def count_of(user: int) -> int:
    return sum(socket.user_id == user for socket in sockets)


def signed_out(present: Iterable[Present]) -> list[Present]:
    """Those whose session is over, or whose account changed its password or was deactivated."""
    present = list(present)
    live = set(
        Session.objects.filter(
            session_key__in={socket.session_key for socket in present},
            expire_date__gt=timezone.now(),
        ).values_list("session_key", flat=True)
    )
    passwords = dict(
        get_user_model()
        .objects.filter(pk__in={socket.user_id for socket in present}, is_active=True)
        .values_list("pk", "password")
    )
    return [
        socket
        for socket in present
        if socket.session_key not in live or passwords.get(socket.user_id) != socket.password
    ]


async def watch() -> None:
    """Signs sockets out when their sessions end; runs as long as the process."""
    while True:
        await asyncio.sleep(settings.LIMITS.session_check_seconds)
        if not sockets:
            continue
        try:
            for socket in await in_database(signed_out)(sockets):
                await socket.sign_out()
        except Exception:
            logger.exception("sessions could not be checked")
