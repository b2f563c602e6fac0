"""Which addresses a model did not make up: its person named them, or a search or a page did.

    >>> known = KnownAddresses()
    >>> known.add_said("See https://Example.org/a#top and example.com.")
    >>> [known.holds(url) for url in ("https://example.org/a", "https://example.com/", "https://example.com/b")]
    [True, True, False]

An address can carry away what a model was told: text that misleads it may ask for `https://a.example/?q=`
and the conversation. What was written before the model asked cannot hold anything that only the model knows.
So addresses are compared as they would be asked for, byte for byte: with two ways to write the same one, a
model could still choose between them, and tell something by its choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .fetching import FetchRefused
from .fetching.targets import read_target

MOST_KNOWN = 20_000
# Up to what ends an address in prose, Markdown and JSON alike.
WRITTEN = re.compile(r"https?://[^\s<>\"'`\\|^{}\u3000-\u303f\uff00-\uffef]{1,4096}", re.IGNORECASE)
# What people write without "https://"; a part of a longer address or of an e-mail address is none.
BARE = re.compile(
    r"(?<![a-z0-9_\u00c0-\u024f@/.:%&=?#-])((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24})(?![a-z0-9_\u00c0-\u024f@-]|\.\w)"
    r"(/[^\s<>\"'`\\|^{}\u3000-\u303f\uff00-\uffef]{0,2000})?",
    re.IGNORECASE,
)
ENDS = ".,;:!?)]}'*_~"  # of a sentence or of Markdown rather than of an address, if they come last
CLOSING = {")": "(", "]": "["}


@dataclass(slots=True)
class KnownAddresses:
    """Addresses as they would be asked for. Starts with none, so that every one of a model is its own."""

    urls: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)  # as they were given; each is read once

    def add(self, url: str) -> None:
        """One address, such as a search's."""
        if url in self.written or len(self.written) >= MOST_KNOWN:
            return
        self.written.add(url)
        if normal := normalised(url):
            self.urls.add(normal)

    def add_written(self, text: str) -> None:
        """Every whole address in a text that the model did not write, such as a page's links."""
        for found in WRITTEN.finditer(text):
            for url in readings(found[0]):
                self.add(url)

    def add_said(self, text: str) -> None:
        """The same for the person's own words, in which a bare `example.org` names a site's first page."""
        self.add_written(text)
        for found in BARE.finditer(text):
            for url in readings(f"https://{found[0]}"):
                self.add(url)

    def holds(self, url: str) -> bool:
        """Whether `url` is known; what is no address that could be asked for is not."""
        normal = normalised(url)
        if normal in self.urls:
            return bool(normal)
        # Models write https for http, which tells nobody more; the other way round would.
        return normal.startswith("https:") and f"http{normal.removeprefix('https')}" in self.urls


def normalised(url: str) -> str:
    """The address as it would be asked for, without its fragment; "" for what is none."""
    try:
        return read_target(url).url
    except FetchRefused:
        return ""


def readings(written: str) -> list[str]:
    """An address as it stands in prose, where nobody can say whether the last signs belong to it."""
    found = [written]
    if not written.isascii():  # Chinese follows an address without a space
        plain = written[: next(n for n, sign in enumerate(written) if not sign.isascii())]
        found += [plain] if "." in plain else []
    found += [balanced(each) for each in found]
    found += [each.rstrip(ENDS.replace(")", "")) for each in found]
    return [each for each in dict.fromkeys(found) if has_host(each)]


def balanced(written: str) -> str:
    """Up to the bracket that closes what was opened before the address, as around a link's."""
    opened: list[str] = []
    for place, sign in enumerate(written):
        if sign in CLOSING.values():
            opened.append(sign)
        elif sign in CLOSING and (not opened or opened.pop() != CLOSING[sign]):
            return written[:place]
    return written


def has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
