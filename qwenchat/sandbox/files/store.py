"""The uploaded files of this process: in a folder of their own, which ends with the process.

A file is read for its text only when a question names it; until some time after the upload, longer
for larger ones, it counts as still being read, as at the service. Its status says "processed" a
little before questions may use it: the service does that as well, so clients have to bear it.
"""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from qwenchat.sandbox.documents import read_document
from qwenchat.sandbox.files import refusals
from qwenchat.sandbox.refusals import Refused

if TYPE_CHECKING:
    from qwenchat.sandbox.documents import Document

MAX_FILES = 10_000
MAX_TOTAL_BYTES = 100 * 1024**3
KEPT_TEXTS = 8  # a text of 10M tokens takes 40 MB

# A small file is there at once for a person, but not for a program that doesn't ask.
READING_S = 0.3
READING_S_PER_MB = 0.4
LONGEST_READING_S = 8.0
TOLD_AFTER = 0.7  # of that time the status says "processed"


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    name: str
    purpose: str
    size_bytes: int
    created_at: int
    path: Path
    uploaded: float  # on the monotonic clock
    reading_s: float

    def is_told_ready(self, now: float) -> bool:
        return now >= self.uploaded + self.reading_s * TOLD_AFTER

    def is_ready(self, now: float) -> bool:
        return now >= self.uploaded + self.reading_s

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size_bytes,
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed" if self.is_told_ready(now) else "processing",
            "status_details": None,
        }


class FileStore:
    """`max_files` and `max_total_bytes` are the account's quota; `pace` stretches the time of
    reading, 0 for none."""

    def __init__(
        self,
        *,
        max_files: int = MAX_FILES,
        max_total_bytes: int = MAX_TOTAL_BYTES,
        pace: float = 1.0,
    ) -> None:
        self.max_files = max_files
        self.max_total_bytes = max_total_bytes
        self._pace = pace
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, StoredFile] = {}
        self._deleted: OrderedDict[str, None] = OrderedDict()
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._reading = threading.Lock()

    def close(self) -> None:
        """Deletes the folder with all files in it."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._files.clear()

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="qwenchat-sandbox-")
        return Path(self._folder.name)

    def new_file(self) -> tuple[Path, BinaryIO]:
        """A file to write an upload to; `add` takes it over, or `unlink` it."""
        path = self.folder / uuid.uuid4().hex
        return path, path.open("xb")

    def check_quota(self, size_bytes: int = 0) -> None:
        if len(self._files) >= self.max_files:
            raise Refused(refusals.too_many_stored(self.max_files))
        if self.total_bytes + size_bytes > self.max_total_bytes:
            raise Refused(refusals.storage_full(self.max_total_bytes))

    @property
    def total_bytes(self) -> int:
        return sum(file.size_bytes for file in self._files.values())

    def add(self, path: Path, *, name: str, purpose: str, size_bytes: int) -> StoredFile:
        size_mb = size_bytes / 1024**2
        reading_s = min(READING_S + READING_S_PER_MB * size_mb, LONGEST_READING_S)
        kind = "fe" if purpose == "file-extract" else "batch"
        file = StoredFile(
            id=f"file-{kind}-{uuid.uuid4().hex[:24]}",
            name=name,
            purpose=purpose,
            size_bytes=size_bytes,
            created_at=int(time.time()),
            path=path,
            uploaded=time.monotonic(),
            reading_s=reading_s * self._pace,
        )
        self._files[file.id] = file
        return file

    def all(self) -> list[StoredFile]:
        """Every file, newest first."""
        return list(reversed(self._files.values()))

    def get(self, file_id: str) -> StoredFile:
        file = self._files.get(file_id)
        if file is None:
            raise Refused(refusals.not_found(file_id))
        return file

    def delete(self, file_id: str) -> None:
        file = self.get(file_id)
        del self._files[file_id]
        self._documents.pop(file_id, None)
        self._deleted[file_id] = None
        while len(self._deleted) > self.max_files:
            self._deleted.popitem(last=False)
        file.path.unlink(missing_ok=True)

    def check_usable(self, file_id: str) -> None:
        """Refuses what a question may not name: unknown, deleted, or still being read."""
        if file_id in self._deleted:
            raise Refused(refusals.deleted(file_id))
        file = self._files.get(file_id)
        if file is None or file.purpose != "file-extract":
            raise Refused(refusals.invalid_file(file_id))
        if not file.is_ready(time.monotonic()):
            raise Refused(refusals.PARSING)

    def document(self, file_id: str) -> Document:
        """The file's text, read now if it wasn't before; takes seconds for large ones."""
        with self._reading:
            self.check_usable(file_id)
            kept = self._documents.get(file_id)
            if kept is None:
                file = self._files[file_id]
                kept = read_document(file.path, file.name, file_id)
            self._documents[file_id] = kept
            self._documents.move_to_end(file_id)
            while len(self._documents) > KEPT_TEXTS:
                self._documents.popitem(last=False)
            return kept
