"""Secrets that this server makes for itself."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def token(size_bytes: int) -> str:
    return secrets.token_hex(size_bytes)


def kept_in(path: Path) -> str:
    """The secret in the file, which is made on first use, readable by its owner only.

    Two processes that start together agree: the file is created exclusively, and the loser reads.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    value = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value)
    return value
