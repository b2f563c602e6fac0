"""An upload on its way in: to a file, hashed and judged while it comes, stopped as soon as it is refused.

Django's parser calls `StagingHandler` for each piece. A refusal is raised from there: nothing more is read
and what was written is removed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser

from . import formats, names, refusals, sniff, space
from .limits import bytes_of

if TYPE_CHECKING:
    from django.http import HttpRequest

FIELD = "file"
CHUNK_BYTES = 256 * 1024
MULTIPART_BYTES = 65_536  # what surrounds the file in a body: boundaries, a token, its name


@dataclass(frozen=True, slots=True)
class Staged:
    """A whole upload in the staging folder; `name` is the label already."""

    path: Path
    name: str
    sha256: str
    size: int
    head: bytes


class LabelParser(MultiPartParser):
    """Django's, but names come as they were sent: `names.label` knows better what to keep of them."""

    def sanitize_file_name(self, file_name: str) -> str:
        return file_name


class StagingHandler(FileUploadHandler):
    """Writes the one file of the field `file` into the staging folder."""

    chunk_size = CHUNK_BYTES

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.staged: Staged | None = None
        self.path: Path | None = None
        self.stream: IO[bytes] | None = None
        self.hash = hashlib.sha256()
        self.head = b""
        self.received = 0
        self.most: int | None = None
        self.label = ""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  Django's name
        content_length: int,
        *_rest: Any,
        **_more: Any,
    ) -> None:
        if content_length > max(map(bytes_of, ("image", "document", "video"))) + MULTIPART_BYTES:
            raise refusals.because("too_large", limit=bytes_of("video") // 1_048_576)
        space.check_disk(content_length)

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        if field_name != FIELD or self.path is not None:
            raise SkipFile
        self.label = names.label(file_name)
        if not formats.listed(self.label):
            raise refusals.because("unsupported_type")
        descriptor, path = tempfile.mkstemp(prefix="upload-", dir=space.staging())
        self.path = Path(path)
        self.stream = os.fdopen(descriptor, "wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.stream is None:
            return
        self.received += len(raw_data)
        if len(self.head) < sniff.HEAD_BYTES:
            self.head += raw_data[: sniff.HEAD_BYTES - len(self.head)]
        if self.most is None and len(self.head) == sniff.HEAD_BYTES:
            self.most = bytes_of(kind_of(self.head))
        if self.most is not None and self.received > self.most:
            raise refusals.because("too_large", limit=self.most // 1_048_576)
        self.hash.update(raw_data)
        self.stream.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        if self.stream is None or self.path is None:
            return None
        self.stream.close()
        self.staged = Staged(self.path, self.label, self.hash.hexdigest(), self.received, self.head)
        self.stream = None
        return UploadedFile(name=self.label, size=self.received)

    def upload_interrupted(self) -> None:
        # Django says so also when the last of several files was skipped: the first is whole then.
        if self.staged is None:
            self.discard()

    def discard(self) -> None:
        """Removes what is still in the staging folder; harmless when it was moved away."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def kind_of(head: bytes) -> str:
    """The kind whose limit holds for a content; `Refusal` when it is on no list."""
    family = sniff.family(head)
    if family in ("text", "zip", "ole"):
        return "document"
    if family not in formats.FORMATS:
        raise refusals.because("unsupported_type")
    return formats.FORMATS[family].kind


def stage(request: HttpRequest) -> StagingHandler:
    """Has the request's body parsed by a handler of this module, when it is parsed."""
    handler = StagingHandler(request)

    def parse(meta: Any, post_data: Any) -> Any:
        return LabelParser(meta, post_data, [handler], request.encoding or "utf-8").parse()

    request.parse_file_upload = parse  # type: ignore[method-assign, assignment]
    return handler
