"""Secrets that this server makes for itself."""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

fcntl: ModuleType | None = None
with contextlib.suppress(ImportError):  # Windows: start one process first
    fcntl = importlib.import_module("fcntl")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def token(size_bytes: int) -> str:
    return secrets.token_hex(size_bytes)


def kept_in(path: Path) -> str:
    """The secret in the file, which is made on first use, readable by its owner only.

    Processes that start together agree: one of them makes it, whole and under another name, and the others
    wait. An empty file, as a full disk leaves behind, is made anew: it has never been anybody's secret.
    """
    if value := written_in(path):
        return value
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_name(f".{path.name}.lock")):
        if value := written_in(path):
            return value
        value = secrets.token_urlsafe(50)
        put(path, value)
        return value


def written_in(path: Path) -> str:
    """The secret in the file, "" when there is none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def put(path: Path, value: str) -> None:
    """Writes the file so that nobody ever reads a part of it; it is on the disk when this returns."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """No other process is in here; the kernel lets go of the lock however a process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
