"""Collecting the static files at a start, only when they have changed since the last one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import storages
from django.core.management import call_command

if TYPE_CHECKING:
    from pathlib import Path

HASHED = "qwenchat.staticfiles.HashedStorage"


def fingerprint() -> str:
    """Changes with every static file of the project and of every installed package."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            state = storage.get_modified_time(name)
            digest.update(f"{name}\0{storage.size(name)}\0{state.timestamp()}\n".encode())
    return digest.hexdigest()


def mark() -> Path:
    return settings.STATIC_ROOT / "collected.txt"


def collect() -> None:
    """Makes the hashed copies up to date and lets this process serve them."""
    current = fingerprint()
    path = mark()
    use_hashed()
    if path.exists() and path.read_text(encoding="ascii") == current:
        return
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    path.write_text(current, encoding="ascii")
    use_hashed()


def use_hashed() -> None:
    """Switches this process to the hashed names, whatever its settings saw when they were read."""
    settings.WHITENOISE_USE_FINDERS = False
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": HASHED}}
    storages.__dict__.pop("backends", None)
    storages._storages = {}  # type: ignore[attr-defined]
    staticfiles_storage._setup()  # type: ignore[attr-defined]
