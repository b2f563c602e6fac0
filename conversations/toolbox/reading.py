"""Asking a server for its tools, and what staff say to them. Each verb is one short transaction."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from qwenchat.tools.context import ToolError
from qwenchat.tools.mcp import Connection, ServerError

from .models import ToolServer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from qwenchat.tools.mcp import Listing, Server

logger = logging.getLogger(__name__)

# Somebody waits in front of a page; a server that takes longer would be of no use in an answer either.
READ_S = 15.0
# Of the whole: opening, listing, and ending a program that does not want to.
WHOLE_S = 40.0


class Outdated(Exception):
    """The server, or its list, is no longer the one that somebody looked at."""


def read(server: ToolServer) -> str:
    """Asks the server for its tools and keeps the list; the code of what went wrong, "" if nothing did.

    `Outdated` if somebody changed the server meanwhile.
    """
    listing: Listing | None = None
    try:
        listing = async_to_sync(listing_of)(server.remote(timeout_s=READ_S))
        problem = ""
    except ServerError as error:
        problem = error.code
    except ToolError:
        problem = "secrets" if server.can_run else "programs"
    except TimeoutError:
        problem = "timeout"
    keep(server, listing, problem)
    logger.info(
        "tool server read",
        extra={
            "server": server.pk,
            "problem": problem,
            "tools": len(listing.listed) if listing else 0,
        },
    )
    return problem


async def listing_of(server: Server) -> Listing:
    connection = Connection(server)
    async with asyncio.timeout(WHOLE_S):
        try:
            return await connection.listing()
        finally:
            await connection.aclose()


@transaction.atomic
def keep(server: ToolServer, listing: Listing | None, problem: str) -> None:
    """A list that could not be read leaves the one before as it is."""
    now = locked(server.pk)
    if now.definition != server.definition:
        raise Outdated
    now.last_checked, now.last_error = timezone.now(), problem
    if listing is not None:
        now.listing, now.fingerprint = listing.as_json(), listing.fingerprint
    now.save(update_fields=["last_checked", "last_error", "listing", "fingerprint"])


@transaction.atomic
def accept(server: ToolServer, fingerprint: str, by: User) -> None:
    """Accepts the list of this fingerprint; `Outdated` if another one has come since."""
    now = locked(server.pk)
    if not fingerprint or now.fingerprint != fingerprint:
        raise Outdated
    now.accepted_listing, now.accepted_fingerprint = now.listing, now.fingerprint
    now.accepted_by, now.accepted_at = by, timezone.now()
    now.save(
        update_fields=["accepted_listing", "accepted_fingerprint", "accepted_by", "accepted_at"]
    )
    logger.info(
        "tools accepted",
        extra={"server": now.pk, "by": by.pk, "fingerprint": fingerprint},
    )


def withdraw(server: ToolServer) -> None:
    """Its tools have changed: nobody is offered them until they were read and accepted again.

    A list that was accepted since this server was loaded stays.
    """
    accepted = server.accepted_fingerprint
    same = ToolServer.objects.filter(pk=server.pk, accepted_fingerprint=accepted)
    changed = same.exclude(accepted_fingerprint="").update(
        fingerprint="", accepted_fingerprint="", last_error="changed"
    )
    if changed:
        logger.warning("tools withdrawn", extra={"server": server.pk, "fingerprint": accepted})


def locked(pk: int) -> ToolServer:
    try:
        return ToolServer.objects.select_for_update().get(pk=pk)
    except ToolServer.DoesNotExist:
        raise Outdated from None
