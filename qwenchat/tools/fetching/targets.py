"""Where a URL leads: read once, by one parser, so that what is checked is what is asked.

>>> target = read_target("http://EXAMPLE.org/a b?q=1#part")
>>> target.host, target.port, target.url
('example.org', 80, 'http://example.org/a%20b?q=1')
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

from .addresses import parse_address
from .errors import FetchRefused

PORTS = {"http": 80, "https": 443}
MOST_CHARACTERS = 4096
# Clients disagree about these in an authority, and disagreement is what an attack is made of.
CONTROL_OR_BACKSLASH = re.compile(r"[\x00-\x1f\x7f\\]")
HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
KEPT = "!$&'()*+,;=:@/%~-._"


@dataclass(frozen=True, slots=True)
class Target:
    """Scheme, host (lower case, ASCII, no brackets, no final dot), port, and what to ask for."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def place(self) -> str:
        """The form in which an allow list names it: `host:port`."""
        return f"{self.host}:{self.port}"


def read_target(url: str) -> Target:
    """What `url` leads to; its fragment is dropped. `FetchRefused` if it is none that we follow."""
    url = url.strip(" \t\r\n")
    if not url or len(url) > MOST_CHARACTERS or CONTROL_OR_BACKSLASH.search(url):
        raise FetchRefused("url")
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchRefused("url", detail=str(error)) from None
    if parts.scheme not in PORTS:
        raise FetchRefused("scheme", scheme=parts.scheme[:40])
    if "@" in parts.netloc:
        raise FetchRefused("credentials")
    path = quote(parts.path or "/", safe=KEPT)
    if parts.query:
        path += "?" + quote(parts.query, safe=KEPT + "?")
    # Port 0 is a port, and a wrong one.
    port = PORTS[parts.scheme] if port is None else port
    return Target(parts.scheme, host_of(name or ""), port, path)


def host_of(name: str) -> str:
    """The host as it is looked up: a literal address, or an ASCII name."""
    literal = parse_address(name)
    if literal is not None:
        return literal.compressed
    host = unicodedata.normalize("NFKC", name).lower().rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise FetchRefused("url", detail=str(error)) from None
    if not HOST.fullmatch(host) or ".." in host:
        raise FetchRefused("url")
    literal = parse_address(host)  # circled and full-width digits have become plain ones
    return literal.compressed if literal is not None else host
