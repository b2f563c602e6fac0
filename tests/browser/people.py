"""Members of a running server, signed in, without going through the pages each time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import get_random_string

if TYPE_CHECKING:
    from .running import App

PASSWORD = "correct horse battery"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Person:
    """A user of `app`; `cookies` sign a browser in as them."""

    app: App
    user: User
    cookies: list[Any]

    @property
    def name(self) -> str:
        return self.user.username


def join(app: App, name: str = "alice", *, is_staff: bool = False) -> Person:
    """Makes a user with a name that starts so; a staff member is a superuser and may review."""
    user = User(
        username=f"{name}{next(_numbers)}",
        # One round is enough for a test and still the hash that the server reads.
        password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1),
        is_staff=is_staff,
        is_superuser=is_staff,
    )
    user.save(using=app.database)
    session = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: BACKEND,
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    key = get_random_string(32)
    Session(
        session_key=key,
        session_data=SessionStore().encode(session),
        expire_date=timezone.now() + timedelta(days=1),
    ).save(using=app.database)
    cookie = {"name": "sessionid", "value": key, "domain": "127.0.0.1", "path": "/"}
    return Person(app, user, [cookie])
