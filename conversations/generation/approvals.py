"""Waiting for a person's word about a call: told at once in this process, read from the row otherwise.

An approval is taken by a guarded update that makes the call a running one, before it runs. So of several
that wait (a process that was taken for dead, and the one that went on) one gets it, and after a crash nobody
can tell it from a call that may have had its effect: it never runs a second time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.utils import timezone

from conversations.database import in_database
from conversations.models import CallStatus, ToolCall

from .store import own_call

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

POLL_S = 2.0  # how soon a decision that came through another process is seen
EXPIRED = "Nobody allowed this call within ten minutes."

_told: dict[UUID, asyncio.Event] = {}


def tell(call: UUID) -> None:
    """A decision has been stored; does nothing where nobody waits for it."""
    if call in _told:
        _told[call].set()


async def decision(call: UUID, expires: datetime) -> ToolCall | None:
    """The row once its person has decided, and if they approved, with the right to run it now.

    None when the time is over, or the call is not this process's to run (any more).
    """
    told = _told.setdefault(call, asyncio.Event())
    try:
        while True:
            told.clear()
            row = await in_database(taken)(call, expires)
            if row is None or row.decision:
                return row
            left = (expires - timezone.now()).total_seconds()
            try:
                async with asyncio.timeout(min(POLL_S, max(left, 0))):
                    await told.wait()
            except TimeoutError:
                continue
    finally:
        _told.pop(call, None)


def taken(call: UUID, expires: datetime) -> ToolCall | None:
    """The waiting row as it stands; an approved one runs from now on, one whose time is over is refused.

    Each step is one guarded update: whoever decides at the same moment comes before it or after it.
    """
    waiting = own_call(call).filter(status=CallStatus.WAITING)
    row = waiting.first()
    if row is None:
        return None
    if row.decision == "approved":
        ran = waiting.filter(decision="approved").update(status=CallStatus.RUNNING, code="")
        return row if ran else None
    if not row.decision and expires <= timezone.now():
        over = {"status": CallStatus.REFUSED, "code": "refused", "result": EXPIRED}
        if waiting.filter(decision="").update(**over):
            return None
        return taken(call, expires)
    return row
