"""A server's secrets, taken out of what it says: some repeat the headers that they were sent.

>>> Mask({"Authorization": "Bearer 0123456789"})("You are 0123456789.")
'You are ••••.'
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MASKED = "••••"
# A shorter one would be found in ordinary words.
SHORTEST_CHARACTERS = 8
SCHEME = re.compile(r"(?i)(basic|bearer|token|apikey|key)\s+(\S.*)", re.DOTALL)


class Mask:
    """Replaces the secrets in a text, as they are and as they stand in an address or after their scheme."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        found = {form for value in secrets.values() for form in forms(value)}
        # The longest first: a part of it may be one as well.
        known = sorted((form for form in found if len(form) >= SHORTEST_CHARACTERS), key=len)
        self._pattern = re.compile("|".join(map(re.escape, reversed(known)))) if known else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASKED, text) if self._pattern else text


def forms(value: str) -> Iterator[str]:
    yield from (value, quote(value, safe=""))
    if found := SCHEME.fullmatch(value):
        scheme, token = found.groups()
        yield from (token, quote(token, safe=""))
        if scheme.lower() == "basic":
            yield from in_basic(token)


def in_basic(token: str) -> Iterator[str]:
    """`name:password` and the password."""
    try:
        pair = base64.b64decode(token, validate=True).decode()
    except ValueError:
        return
    yield from (pair, pair.partition(":")[2])
