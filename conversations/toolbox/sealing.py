"""Secrets of tool servers, encrypted at rest with a key of their own.

The key comes from QWENCHAT_SECRETS_KEY, or from a file in the data folder that is made on first use. It is
another one than SECRET_KEY, so that cookies can be signed anew without losing the secrets, and a copy of the
database alone opens nothing.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from qwenchat import secret

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_FILE = "secrets-key"
PURPOSE = b"qwenchat: secrets of tool servers, 1"


class SealError(Exception):
    """What was sealed cannot be opened: the key is another one now, or the text was changed."""


def seal(secrets: Mapping[str, str]) -> str:
    """The names and values as one text for the database; "" when there are none."""
    if not secrets:
        return ""
    return box().encrypt(json.dumps(dict(secrets)).encode()).decode("ascii")


def unseal(sealed: str) -> dict[str, str]:
    """What `seal` was given, or `SealError`."""
    if not sealed:
        return {}
    try:
        opened = json.loads(box().decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise SealError("The key does not open these secrets.") from error
    return {str(name): str(value) for name, value in opened.items()}


def box() -> Fernet:
    key = settings.QWENCHAT_SECRETS_KEY or secret.kept_in(settings.QWENCHAT_DATA / KEY_FILE)
    if not key:
        raise SealError("The file of the key is empty.")
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
