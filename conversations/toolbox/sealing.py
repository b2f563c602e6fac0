"""Secrets of tool servers, encrypted at rest with keys of their own.

The keys come from QWENCHAT_SECRETS_KEY, newest first: the first one seals, all of them open. Without it a key
is made in a file in the data folder on first use; that one goes on opening what it sealed once others are
named. They are other ones than SECRET_KEY, so that cookies can be signed anew without losing the secrets, and
a copy of the database alone opens nothing.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from qwenchat import secret

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_FILE = "secrets-key"
PURPOSE = b"qwenchat: secrets of tool servers, 1"


class SealError(Exception):
    """No key opens what was sealed, it was changed, or there is no key to seal with."""


@sensitive_variables()
def seal(secrets: Mapping[str, str]) -> str:
    """The names and values as one text for the database; "" when there are none."""
    if not secrets:
        return ""
    return box().encrypt(json.dumps(dict(secrets)).encode()).decode("ascii")


@sensitive_variables()
def unseal(sealed: str) -> dict[str, str]:
    """What `seal` was given, or `SealError`."""
    if not sealed:
        return {}
    try:
        opened = json.loads(box().decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise SealError("No key opens these secrets.") from error
    return {str(name): str(value) for name, value in opened.items()}


def resealed(sealed: str) -> str:
    """The same secrets under the newest key, or `SealError`."""
    try:
        return box().rotate(sealed.encode()).decode("ascii")
    except InvalidToken as error:
        raise SealError("No key opens these secrets.") from error


@sensitive_variables()
def box() -> MultiFernet:
    return MultiFernet([fernet(key) for key in keys()])


@sensitive_variables()
def keys() -> list[str]:
    """All that there are, the newest first; at least one."""
    named = [key.strip() for key in settings.QWENCHAT_SECRETS_KEY.split(",") if key.strip()]
    file = settings.QWENCHAT_DATA / KEY_FILE
    try:
        kept = secret.written_in(file) if named else secret.kept_in(file)
    except (OSError, ValueError) as error:  # ValueError: it is no text
        if not named:
            raise SealError("The file of the key cannot be read or made.") from error
        kept = ""
    return [*named, kept] if kept else named


@sensitive_variables()
def fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
