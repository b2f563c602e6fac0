"""Bytes to whom they belong: whole or one range, from local storage or S3, never through memory whole.

Headers as threats 32 has them: nothing that is served here can run, be sniffed, be cached by others or be
embedded by other sites.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from qwenchat import refusals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpRequest

    from qwenchat.refusals import Refusal

logger = logging.getLogger(__name__)

CHUNK = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
POLICY = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is to be served. `inline`: a browser may show it in place."""

    path: str
    size: int
    content_type: str
    name: str
    inline: bool


def respond(request: HttpRequest, what: Bytes) -> HttpResponse | StreamingHttpResponse:
    """200, 206 for one range, 416 for one that lies outside, for GET and HEAD alike."""
    span = asked(request, what)
    if span == "outside":
        response: HttpResponse | StreamingHttpResponse = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{what.size}"
        return sealed(response, what)
    start, end = (0, what.size - 1) if span is None else cast("tuple[int, int]", span)
    length = end - start + 1
    if request.method == "HEAD":
        if not exists(what.path):
            raise missing(what)
        response = HttpResponse()
    else:
        try:
            source = opened(what.path, start, length)
        except OSError:
            raise missing(what) from None
        pieces = Pieces(source, length)
        response = StreamingHttpResponse(
            AsyncPieces(pieces) if isinstance(request, ASGIRequest) else pieces
        )
    if span is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end}/{what.size}"
    response["Content-Length"] = str(length)
    return sealed(response, what)


def missing(what: Bytes) -> Refusal:
    logger.error("a stored file is missing", extra={"path": what.path})
    return refusals.not_found()


def asked(request: HttpRequest, what: Bytes) -> tuple[int, int] | str | None:
    """First and last byte; "outside" when there are none such; None for the whole.

    Several ranges, other units and nonsense are answered with the whole, as RFC 9110 §14.2 allows.
    """
    header = request.headers.get("Range", "").replace(" ", "")
    found = RANGE.fullmatch(header)
    if found is None or request.headers.get("If-Range", tag(what)) != tag(what):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        count = min(int(last), what.size)
        return (what.size - count, what.size - 1) if count else "outside"
    start = int(first)
    end = min(int(last), what.size - 1) if last else what.size - 1
    if last and int(last) < start:
        return None
    return (start, end) if start < what.size else "outside"


def tag(what: Bytes) -> str:
    """A path names one content for ever."""
    return f'"{what.path.rpartition("/")[2]}"'


def sealed(
    response: HttpResponse | StreamingHttpResponse, what: Bytes
) -> HttpResponse | StreamingHttpResponse:
    response["Content-Type"] = what.content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag(what)
    disposition = content_disposition_header(not what.inline, what.name)
    response["Content-Disposition"] = disposition or "attachment"
    return response


def exists(path: str) -> bool:
    return bool(path) and default_storage.exists(path)


def opened(path: str, start: int, length: int) -> Any:
    """A stream that begins at `start`. S3 is asked for the range, so nothing is fetched to be dropped."""
    storage: Any = default_storage
    if hasattr(storage, "bucket_name"):
        client = storage.connection.meta.client
        key = posixpath.join(storage.location, path).lstrip("/")
        try:
            found = client.get_object(
                Bucket=storage.bucket_name, Key=key, Range=f"bytes={start}-{start + length - 1}"
            )
        except client.exceptions.ClientError as error:
            raise FileNotFoundError(path) from error
        return found["Body"]
    file = storage.open(path, "rb")
    file.seek(start)
    return file


class Pieces:
    """A stream's bytes piece by piece, for both kinds of server; `close` also when nobody read on.

    Django collects a plain iterator whole before it sends it through ASGI, so there it is asynchronous.
    """

    def __init__(self, source: Any, length: int) -> None:
        self.source = source
        self.left = length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.next():
            yield piece

    def next(self) -> bytes:
        piece: bytes = self.source.read(min(CHUNK, self.left)) if self.left else b""
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        self.source.close()


class AsyncPieces:
    """`Pieces` that are read in threads."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces
        self.close = pieces.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(self.pieces.next):
            yield piece
