"""Bytes behind a URL. This server is offline: only data URLs hold any, links can't be followed."""

from __future__ import annotations

import base64
import binascii
import re

from qwenchat.sandbox.media_rules import BAD_URL
from qwenchat.sandbox.refusals import ALGO, invalid

_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.I)
_LINK = re.compile(r"https?://[^\s/?#]+", re.I)


def fetch(url: str, *, resolves_oss: bool) -> bytes:
    """The bytes; refused as the service refuses links that it can't read."""
    match = _DATA.match(url)
    if match is not None:
        try:
            return base64.b64decode(url[match.end() :], validate=True)
        except binascii.Error as error:
            raise invalid(BAD_URL) from error
    if url.startswith("oss://"):
        # Without its header the service takes the address for a broken link.
        if not resolves_oss:
            raise invalid(BAD_URL)
    elif not _LINK.match(url):
        raise invalid(BAD_URL)
    raise invalid(ALGO + "Failed to download multimodal content")
