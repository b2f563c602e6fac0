"""Waiting for a person's word about a call: told at once in this process, read from the row otherwise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.utils import timezone

from conversations.database import in_database
from conversations.models import CallStatus, ToolCall

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

POLL_S = 2.0  # how soon a decision that came through another process is seen

_told: dict[UUID, asyncio.Event] = {}


def tell(call: UUID) -> None:
    """A decision has been stored; does nothing where nobody waits for it."""
    if call in _told:
        _told[call].set()


async def decision(call: UUID, expires: datetime) -> ToolCall | None:
    """The row once its person has decided; None when the time is over or the row is gone."""
    told = _told.setdefault(call, asyncio.Event())
    try:
        while True:
            row = await in_database(waiting)(call)
            if row is None or row.decision:
                return row
            left = (expires - timezone.now()).total_seconds()
            if left <= 0:
                return None
            told.clear()
            try:
                async with asyncio.timeout(min(POLL_S, left)):
                    await told.wait()
            except TimeoutError:
                continue
    finally:
        _told.pop(call, None)


def waiting(call: UUID) -> ToolCall | None:
    return ToolCall.objects.filter(id=call, status=CallStatus.WAITING).first()
