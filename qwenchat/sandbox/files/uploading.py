"""From the body of an upload to a stored file: piece by piece to the disk, bounded, or refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from qwenchat.sandbox.exchange import body_pieces
from qwenchat.sandbox.files import refusals
from qwenchat.sandbox.files.multipart import BadForm, Field, Form, Piece
from qwenchat.sandbox.refusals import Refused, invalid

if TYPE_CHECKING:
    from pathlib import Path

    from qwenchat.sandbox.exchange import Receive
    from qwenchat.sandbox.files.multipart import FormEvent
    from qwenchat.sandbox.files.store import FileStore, StoredFile

PURPOSES = ("file-extract", "batch")
MAX_FILE_BYTES = 150 * 1024**2
MAX_IMAGE_BYTES = 20 * 1024**2
MAX_VALUE_BYTES = 1024  # of a field that is no file

IMAGES = frozenset([".bmp", ".png", ".jpg", ".jpeg", ".gif"])
DOCUMENTS = frozenset([".txt", ".docx", ".pdf", ".xlsx", ".epub", ".mobi", ".md", ".csv", ".json"])


class Upload:
    """One upload being received; what it wrote is gone again unless it was stored."""

    def __init__(self, store: FileStore, content_type: str) -> None:
        self._store = store
        self._values: dict[str, bytearray] = {}
        self._name: str | None = None
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._size_bytes = 0
        self._into: str | None = None  # the field whose content comes now
        try:
            self._form = Form(content_type)
        except BadForm as error:
            raise _bad(error) from error

    def take(self, data: bytes) -> None:
        try:
            events = self._form.feed(data)
        except BadForm as error:
            raise _bad(error) from error
        for event in events:
            self._take_event(event)

    def _take_event(self, event: FormEvent) -> None:
        match event:
            case Field(name="file", filename=str(filename)) if self._name is None:
                # Some browsers once sent whole paths; only the name is kept anywhere.
                self._name = PurePath(filename.replace("\\", "/")).name or "file"
                self._into = None
                self._path, self._file = self._store.new_file()
            case Field(name=name):
                self._into = name
                self._values.setdefault(name, bytearray())
            case Piece(data=data) if self._into is None:
                self._write(data)
            case Piece(data=data):
                value = self._values[self._into or ""]
                value += data[: MAX_VALUE_BYTES - len(value)]

    def _write(self, data: bytes) -> None:
        if self._file is None or self._name is None:
            return
        self._size_bytes += len(data)
        limit = MAX_IMAGE_BYTES if _ending(self._name) in IMAGES else MAX_FILE_BYTES
        if self._size_bytes > limit:
            raise Refused(refusals.oversized(f"name:{self._name}"))
        self._file.write(data)

    def store(self) -> StoredFile:
        if not self._form.is_complete:
            raise invalid("the form ends too early")
        if self._name is None or self._path is None or self._file is None:
            raise Refused(refusals.NO_FILE)
        purpose = bytes(self._values.get("purpose", b"")).decode("utf-8", "replace")
        if purpose not in PURPOSES:
            raise Refused(refusals.unknown_purpose(purpose or "''", PURPOSES))
        taken = DOCUMENTS | IMAGES if purpose == "file-extract" else {".jsonl"}
        if _ending(self._name) not in taken:
            raise Refused(refusals.unsupported(f"name:{self._name}"))
        if self._size_bytes == 0:
            raise Refused(refusals.blank(f"name:{self._name}"))
        self._store.check_quota(self._size_bytes)
        self._file.close()
        stored = self._store.add(
            self._path, name=self._name, purpose=purpose, size_bytes=self._size_bytes
        )
        self._path = None
        return stored

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()


async def receive_upload(store: FileStore, content_type: str, receive: Receive) -> StoredFile:
    """The file that came, stored; `Refused` when it can't be, `ClientGone` when it ends early."""
    store.check_quota()
    upload = Upload(store, content_type)
    try:
        async for piece in body_pieces(receive):
            upload.take(piece)
        return upload.store()
    finally:
        upload.discard()


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def _bad(error: BadForm) -> Refused:
    return invalid(f"Required body invalid, please check the request body format: {error}.")
