"""One GET, through redirects, to a response that is worth reading.

No client library's conveniences: no cookies, no credentials, no proxy from the environment, no
redirects but ours. httpx's transport is asked for the address that was judged; the name that the URL
says goes into the Host header and, for TLS, into SNI, and the certificate must be for it.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from .decoding import ACCEPTED, Body
from .errors import FetchFailed, FetchRefused
from .reaching import reachable
from .targets import read_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection

    from .addresses import Address
    from .reaching import Allowed, Resolver
    from .targets import Target

USER_AGENT = "qwenchat/1 (fetching a page that a person asked for)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Of several addresses the first may be dead (often IPv6): leave time for the next.
CONNECT_S = 4.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What every hop of one fetch has in common."""

    accept: Collection[str]
    max_bytes: int
    timeout_s: float
    max_redirects: int
    resolver: Resolver
    allow: Allowed
    ports: Collection[int] | None
    tls: ssl.SSLContext | None


@dataclass(slots=True)
class Opened:
    """A response whose kind and announced size are as asked; its body is still on its way."""

    target: Target
    content_type: str
    redirects: tuple[str, ...]
    response: httpx.Response = field(repr=False)
    body: Body = field(repr=False)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The unpacked body; `FetchRefused` at the first byte too many."""
        async for data in self.response.aiter_raw():
            for piece in self.body.feed(data):
                yield piece
        self.body.close()


@asynccontextmanager
async def opened(url: str, errand: Errand) -> AsyncIterator[Opened]:
    """The response behind `url`. Everything up to leaving the block happens within `timeout_s`."""
    tls = errand.tls if errand.tls is not None else await asyncio.to_thread(trusted)
    try:
        async with asyncio.timeout(errand.timeout_s):
            redirects: list[str] = []
            while True:
                target = read_target(url)
                async with answered(target, tls, errand) as response:
                    if response.status_code not in REDIRECTS:
                        yield accepted(target, response, tuple(redirects), errand)
                        return
                    location = response.headers.get("location", "")
                if len(redirects) == errand.max_redirects:
                    raise FetchRefused("redirects", limit=errand.max_redirects)
                redirects.append(target.url)
                url = joined(target.url, location)
    except TimeoutError as error:
        raise FetchFailed("timeout", timeout_s=errand.timeout_s) from error
    except httpx.HTTPError as error:
        raise FetchFailed("protocol", detail=repr(error)) from error


def joined(base: str, location: str) -> str:
    """Where a redirect points to."""
    if not location:
        raise FetchFailed("protocol", detail="a redirect to nowhere")
    try:
        return urljoin(base, location)
    except ValueError as error:
        raise FetchRefused("url", detail=str(error)) from None


@asynccontextmanager
async def answered(
    target: Target, tls: ssl.SSLContext, errand: Errand
) -> AsyncIterator[httpx.Response]:
    """The response of one hop, headers read; its connection is closed behind it."""
    addresses = await reachable(
        target, resolver=errand.resolver, allow=errand.allow, ports=errand.ports
    )
    transport = httpx.AsyncHTTPTransport(
        verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
    async with transport:
        for last, address in ends(addresses):
            try:
                response = await transport.handle_async_request(
                    request_for(target, address, errand)
                )
                break
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise unreachable(target, error) from error
        try:
            yield response
        finally:
            await response.aclose()


def ends(addresses: list[Address]) -> list[tuple[bool, Address]]:
    """Each address, with whether it is the last."""
    return [(n == len(addresses), address) for n, address in enumerate(addresses, 1)]


def request_for(target: Target, address: Address, errand: Errand) -> httpx.Request:
    host = f"[{address}]" if address.version == 6 else str(address)
    # All but connecting is under the errand's own time.
    timeout = {"connect": CONNECT_S, "read": None, "write": None, "pool": None}
    return httpx.Request(
        "GET",
        httpx.URL(f"{target.scheme}://{host}:{target.port}", raw_path=target.path.encode("ascii")),
        headers=[
            ("Host", target.authority),
            ("User-Agent", USER_AGENT),
            ("Accept", ", ".join(errand.accept)),
            ("Accept-Encoding", ACCEPTED),
        ],
        extensions={"sni_hostname": target.host, "timeout": timeout},
    )


def accepted(
    target: Target, response: httpx.Response, redirects: tuple[str, ...], errand: Errand
) -> Opened:
    """The response, if its status, kind and announced size are what was asked for."""
    if not 200 <= response.status_code < 300:
        raise FetchFailed("status", status=response.status_code)
    content_type = response.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if not is_accepted(kind, errand.accept):
        raise FetchRefused("content_type", content_type=kind[:80])
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > errand.max_bytes:
        raise FetchRefused("too_large", limit_bytes=errand.max_bytes)
    body = Body(response.headers.get("content-encoding", ""), errand.max_bytes)
    return Opened(target, content_type, redirects, response, body)


def is_accepted(kind: str, accept: Collection[str]) -> bool:
    """Whether a media type is one of those, of which `text/*` stands for many."""
    return kind in accept or f"{kind.partition('/')[0]}/*" in accept


def unreachable(target: Target, error: Exception) -> FetchFailed:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchFailed("certificate", host=target.host, detail=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return FetchFailed("connect", host=target.host, detail=repr(error))


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that are believed: the operator's (SSL_CERT_FILE), else certifi's."""
    return httpx.create_ssl_context()
