"""The calls of the file interface: create, list, get, delete."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from qwenchat.sandbox.files.listing import listed
from qwenchat.sandbox.files.uploading import receive_upload
from qwenchat.sandbox.refusals import METHOD_NOT_ALLOWED, Refused

if TYPE_CHECKING:
    from qwenchat.sandbox.exchange import Exchange, Receive
    from qwenchat.sandbox.files.store import FileStore

logger = logging.getLogger(__name__)


async def handle(exchange: Exchange, receive: Receive, store: FileStore, file_id: str) -> None:
    """Answers a call below `/files`; `file_id` is "" for the collection."""
    now = time.monotonic()
    match exchange.method, file_id:
        case "POST", "":
            file = await receive_upload(store, exchange.header("content-type"), receive)
            logger.info("stored a file of %d bytes", file.size_bytes)
            await exchange.reply_json(200, file.as_json(time.monotonic()))
        case "GET", "":
            await exchange.reply_json(200, listed(store, exchange.scope["query_string"], now))
        case "GET", _:
            await exchange.reply_json(200, store.get(file_id).as_json(now))
        case "DELETE", str(name) if name:
            await asyncio.to_thread(store.delete, file_id)
            deleted = {"object": "file", "deleted": True, "id": file_id}
            await exchange.reply_json(200, deleted)
        case _:
            raise Refused(METHOD_NOT_ALLOWED)
