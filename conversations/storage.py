"""Whether the database has room: a full disk is said as what it is, not as a bug."""

from __future__ import annotations

from django.db import OperationalError

# As SQLite says it, and as PostgreSQL does (its class 53: insufficient resources).
SIGNS = ("disk is full", "readonly database", "disk I/O error", "No space left", "disk full")


def storage_is_full(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and any(sign in str(error) for sign in SIGNS)
