"""Fetching what a stranger points at, without being sent to places that only this machine can reach.

    fetched = await fetch("https://example.org/", accept=("text/*",), max_bytes=2_000_000)

The rules: http and https, ports 80 and 443, no credentials in the URL; a host is resolved once, all
its addresses must be public, and the connection goes to one of them; each redirect goes through all
of it again; size is counted after decompression. What is refused and what failed: `errors`.

Callers make sentences of `FetchError.reason`; nothing here is written for a person.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from .errors import FetchError, FetchFailed, FetchRefused
from .following import Errand, opened
from .reaching import WEB_PORTS, Allowed, Resolver, system_resolver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection
    from pathlib import Path

__all__ = [
    "Allowed",
    "FetchError",
    "FetchFailed",
    "FetchRefused",
    "Fetched",
    "FetchedFile",
    "Resolver",
    "fetch",
    "fetch_to",
    "system_resolver",
]

TIMEOUT_S = 10.0
MAX_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was there. `url` is the last one; `redirects` are those before it, in order."""

    url: str
    content_type: str
    body: bytes = field(repr=False)
    redirects: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The character set that the header names, if it names one."""
        message = Message()
        message["Content-Type"] = self.content_type
        return message.get_content_charset()


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """What was there, now in a file."""

    url: str
    content_type: str
    path: Path
    size_bytes: int
    redirects: tuple[str, ...] = ()


async def fetch(
    url: str,
    *,
    accept: Collection[str],
    max_bytes: int,
    timeout_s: float = TIMEOUT_S,
    max_redirects: int = MAX_REDIRECTS,
    resolver: Resolver = system_resolver,
    allow: Allowed = (),
    ports: Collection[int] | None = WEB_PORTS,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """What is behind `url`, held in memory; `FetchError` otherwise. Cancelling is safe.

    `accept` are media types, or `text/*`. `allow` opens networks, or a `host:port` with any address
    and port. `ports` None opens all. `tls` replaces the trusted certificates.
    """
    errand = Errand(accept, max_bytes, timeout_s, max_redirects, resolver, allow, ports, tls)
    async with opened(url, errand) as found:
        body = b"".join([piece async for piece in found.pieces()])
        return Fetched(found.target.url, found.content_type, body, found.redirects)


async def fetch_to(
    path: Path,
    url: str,
    *,
    accept: Collection[str],
    max_bytes: int,
    timeout_s: float = TIMEOUT_S,
    max_redirects: int = MAX_REDIRECTS,
    resolver: Resolver = system_resolver,
    allow: Allowed = (),
    ports: Collection[int] | None = WEB_PORTS,
    tls: ssl.SSLContext | None = None,
) -> FetchedFile:
    """As `fetch`, into a file that is written as it comes, and gone again if it does not all come."""
    errand = Errand(accept, max_bytes, timeout_s, max_redirects, resolver, allow, ports, tls)
    async with opened(url, errand) as found:
        file = await asyncio.to_thread(path.open, "wb")
        try:
            async with aclosing(found.pieces()) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
        except BaseException:
            file.close()
            remove(path)
            raise
        file.close()
    return FetchedFile(
        found.target.url, found.content_type, path, found.body.size_bytes, found.redirects
    )


def remove(path: Path) -> None:
    """Takes half a file away at once: in a cancelled task there is nothing to wait in."""
    path.unlink(missing_ok=True)
