"""Where a link may lead, and what a reader must see of it.

Only http, https and mailto become links; anything else stays text. Where the words look like an
address but lead to another host, the real host is written behind them.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEMES = frozenset({"http", "https", "mailto"})
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Browsers drop these inside an address, so "java\nscript:" is one.
IGNORED = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
LOOKS_LIKE_ADDRESS = re.compile(
    r"\s*(?:https?://)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?::\d{1,5})?(?:[/?#]\S*)?\s*\Z",
    re.IGNORECASE,
)


def scheme_of(url: str) -> str | None:
    """The scheme in small letters, "" for a relative address, None for one that may not be used."""
    url = IGNORED.sub("", url)
    found = SCHEME.match(url)
    if found:
        scheme = found[1].lower()
        return scheme if scheme in SCHEMES else None
    return None if url.startswith(("//", "\\", "/\\")) else ""


def host_of(url: str) -> str:
    """The host that a link leads to, "" if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def disguised_host(words: str, url: str) -> str:
    """The host to show behind the words, "" where they don't pretend to be another address."""
    if len(words) > 300:
        return ""
    seen = LOOKS_LIKE_ADDRESS.match(words)
    host = host_of(url)
    if not seen or not host:
        return ""
    bare = seen[1].lower().removeprefix("www.")
    return "" if bare == host.removeprefix("www.") else host
