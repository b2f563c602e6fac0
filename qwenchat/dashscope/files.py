"""The service's file interface: documents are sent once, read there, and named by their id in
requests (Source: dashscope-api §7.1).

    POST {base}/files           multipart: file, purpose      GET {base}/files/{id}
    GET {base}/files?after=…                                  DELETE {base}/files/{id}

    {"id":"file-fe-xxx","object":"file","bytes":2055,"created_at":1729065448,"filename":"test.txt",
     "purpose":"file-extract","status":"processed","status_details":null}

Files never expire and an account has room for 10,000: whoever uploads, deletes.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
import secrets
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import httpx

from .errors import DashScopeError, ProtocolError, UnavailableError
from .waiting import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from .endpoint import Endpoint

# What is in memory of a file at any moment, about twice.
PIECE_BYTES = 256 * 1024
MOST_LISTED = 2000

_UNFIT_FOR_A_NAME = re.compile("[\x00-\x1f\x7f\ud800-\udfff/\\\\]")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file at the service. `status` is "processing", "processed", or a word for a failure;
    `created` is in seconds since 1970, None where the service does not say."""

    id: str
    bytes: int
    status: str
    name: str
    created: int | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some of an account's files; more come after the last one's id."""

    files: tuple[FileInfo, ...]
    has_more: bool


async def upload(endpoint: Endpoint, source: Path, name: str, *, purpose: str) -> FileInfo:
    """Send a file; see `Client.upload_file`."""
    with await asyncio.to_thread(source.open, "rb") as file, closing(Patience()) as patience:
        form = Form(file, _size_of(file), name, purpose, progress=_progress(endpoint, patience))
        request = endpoint.http.build_request(
            "POST",
            f"{endpoint.base_url}/files",
            content=form,
            headers={"Content-Type": form.content_type, "Content-Length": str(form.length)},
        )
        patience.deadline = asyncio.get_running_loop().time() + endpoint.timeouts.first_data_s
        try:
            return _info_in(await endpoint.document(request, patience))
        except DashScopeError as error:
            if form.failure is not None:
                raise form.failure from error
            if isinstance(error, UnavailableError) and error.status is None and form.is_sent:
                # All of it went out before the connection broke: it may be there.
                error.retryable = False
            raise


async def info(endpoint: Endpoint, file_id: str) -> FileInfo:
    """Give what the service says of a file."""
    return _info_in(await endpoint.ask("GET", f"/files/{_segment(file_id)}"))


async def page(
    endpoint: Endpoint, *, after: str | None, limit: int | None, purpose: str | None
) -> FilePage:
    """Give some of the account's files; rows that cannot be read are left out."""
    asked: dict[str, str | int | None] = {"after": after, "limit": limit, "purpose": purpose}
    params = {name: value for name, value in asked.items() if value is not None}
    payload = await endpoint.ask("GET", "/files", params=params)
    rows = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(rows, list):
        raise ProtocolError("the list of files is no list", status=200)
    found = [_info_in(row) for row in rows if isinstance(row, dict) and _has_id(row)]
    return FilePage(tuple(found), has_more=payload.get("has_more") is True)


async def delete(endpoint: Endpoint, file_id: str) -> None:
    """Delete a file."""
    payload = await endpoint.ask("DELETE", f"/files/{_segment(file_id)}")
    if not isinstance(payload, dict) or payload.get("deleted") is not True:
        raise ProtocolError("the file was not deleted", status=200)


class Form(httpx.AsyncByteStream):
    """A multipart body of a file and its purpose, read from disk while it is sent."""

    def __init__(
        self,
        file: BinaryIO,
        size: int,
        name: str,
        purpose: str,
        *,
        progress: Callable[[], None] = lambda: None,
        boundary: str | None = None,
    ) -> None:
        boundary = boundary or secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._file = file
        self._size = size
        self._progress = progress
        shown = sent_name(name)
        kind = mimetypes.guess_type(shown)[0] or "application/octet-stream"
        self._head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{_quoted(shown)}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        ).encode()
        self._tail = (
            f"\r\n--{boundary}\r\n"
            'Content-Disposition: form-data; name="purpose"\r\n\r\n'
            f"{purpose}\r\n--{boundary}--\r\n"
        ).encode()
        self.length = len(self._head) + size + len(self._tail)
        self.is_sent = False
        self.failure: OSError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        left = self._size
        while left:
            self._progress()
            try:
                piece = await asyncio.to_thread(self._file.read, min(PIECE_BYTES, left))
                if not piece:
                    raise OSError("the file became shorter while it was sent")
            except OSError as error:
                self.failure = error
                raise
            left -= len(piece)
            yield piece
        self._progress()
        self.is_sent = True
        yield self._tail


def sent_name(name: str) -> str:
    """Give a file's name as the service is told it: no path, no controls, its ending kept."""
    clean = _UNFIT_FOR_A_NAME.sub("_", name).strip() or "file"
    if len(clean) <= _LONGEST_NAME:
        return clean
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending) > 10:
        return clean[:_LONGEST_NAME]
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"


def _quoted(name: str) -> str:
    """Give the name as browsers write it into a form."""
    return name.replace('"', "%22")


def _progress(endpoint: Endpoint, patience: Patience) -> Callable[[], None]:
    """Give what moves the deadline each time that a piece is asked for, since then the one before
    it has gone out."""
    clock = asyncio.get_running_loop().time
    longest_s = max(endpoint.timeouts.write_s, endpoint.timeouts.first_data_s)

    def progress() -> None:
        patience.deadline = clock() + longest_s

    return progress


def _size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _segment(file_id: str) -> str:
    """Give an id as a part of a path that it cannot leave."""
    if file_id in ("", ".", ".."):
        raise ValueError("this cannot be the id of a file")
    return quote(file_id, safe="")


def _has_id(row: dict[str, Any]) -> bool:
    return isinstance(row.get("id"), str) and row["id"] != ""


def _info_in(payload: Any) -> FileInfo:
    if not isinstance(payload, dict) or not _has_id(payload):
        raise ProtocolError("the answer tells of no file", status=200)
    size, created = payload.get("bytes"), payload.get("created_at")
    status, name = payload.get("status"), payload.get("filename")
    return FileInfo(
        id=payload["id"],
        bytes=size if type(size) is int else 0,
        status=status if isinstance(status, str) else "",
        name=name if isinstance(name, str) else "",
        created=created if type(created) is int else None,
    )
