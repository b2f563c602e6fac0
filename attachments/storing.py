"""Bytes in Django's storage, under random names: put, got as a local file, removed."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import default_storage

from qwenchat import secret

from . import space

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


class MovableFile(File):  # type: ignore[type-arg]
    """A local file that the storage may move instead of copying, on the same disk."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def put(source: Path) -> str:
    """Puts the file into the storage and gives its random path there; the source may be gone then."""
    token = secret.token(20)
    with source.open("rb") as file:
        return default_storage.save(
            f"attachments/{token[:2]}/{token}", MovableFile(file, str(source))
        )


def remove(path: str) -> None:
    """Removes; what cannot be removed now is found by the sweep."""
    if not path:
        return
    try:
        default_storage.delete(path)
    except Exception:  # each storage has its own errors, and none may undo what was decided
        logger.exception("a stored file could not be removed")


def read(path: str) -> bytes:
    with default_storage.open(path, "rb") as file:
        data = file.read()
    return data if isinstance(data, bytes) else data.encode()


@contextmanager
def local(path: str) -> Iterator[Path]:
    """The stored file as a path on this machine: itself, or a copy for as long as it is needed."""
    try:
        here = Path(default_storage.path(path))
    except NotImplementedError:
        with tempfile.NamedTemporaryFile(dir=space.staging(), prefix="copy-") as copy:
            with default_storage.open(path, "rb") as file:
                shutil.copyfileobj(file, copy, 1_048_576)
            copy.flush()
            yield Path(copy.name)
        return
    yield here
