"""The SDK's HTTP, under the rules of the safe fetch: judged addresses, bounded answers.

The SDK speaks httpx2; this is the only module of ours that does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2

from qwenchat.tools.fetching import FetchRefused
from qwenchat.tools.fetching.addresses import is_public
from qwenchat.tools.fetching.following import trusted
from qwenchat.tools.fetching.reaching import reachable
from qwenchat.tools.fetching.targets import read_target

from .errors import Flood, ServerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .servers import HttpServer

USER_AGENT = "qwenchat/1 (Model Context Protocol client)"
CONNECT_S = 5.0
# A connection lasts for one answer: sixteen results, of which 100 KB each are shown.
MOST_BYTES = 8 * 1024 * 1024


async def http_client(server: HttpServer) -> httpx2.AsyncClient:
    """A client that goes nowhere but where the safe fetch would, and reads only so much."""
    return httpx2.AsyncClient(
        transport=GuardedTransport(server, await asyncio.to_thread(inner_transport)),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **server.headers},
        # Waiting for an answer is limited by who asks; a listening stream may be silent for long.
        timeout=httpx2.Timeout(server.timeout_s, connect=CONNECT_S, read=None),
        trust_env=False,
    )


def inner_transport() -> httpx2.AsyncHTTPTransport:
    return httpx2.AsyncHTTPTransport(verify=trusted(), trust_env=False)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Judges where each request goes, and counts what comes back."""

    def __init__(self, server: HttpServer, inner: httpx2.AsyncBaseTransport) -> None:
        self.server = server
        self.inner = inner
        self.left_bytes = MOST_BYTES

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        target = read_target(str(request.url))
        addresses = await reachable(
            target, resolver=self.server.resolver, allow=self.server.allow, ports=None
        )
        is_private = target.place in self.server.allow or not any(map(is_public, addresses))
        if target.scheme == "http" and self.server.headers and not is_private:
            text = f"The secrets of the server {self.server.name} are not sent without encryption."
            raise ServerError("plain", text)
        for n, address in enumerate(addresses, 1):
            pinned = httpx2.Request(
                request.method,
                request.url.copy_with(host=str(address), port=target.port),
                headers=request.headers,  # Host is the name's already
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
            try:
                response = await self.inner.handle_async_request(pinned)
                break
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if n == len(addresses):
                    raise
        if problem := self.problem_of(request, response.status_code):
            await response.aclose()
            raise problem
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            await response.aclose()
            raise FetchRefused("encoding", encoding=encoding[:40])
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=Counted(self, response),
            extensions=response.extensions,
        )

    def problem_of(self, request: httpx2.Request, status: int) -> ServerError | None:
        """What staff can do something about; the SDK would only say that there was an error.

        Of the protocol's own 404, which ends a session, the SDK has to hear.
        """
        name = self.server.name
        if status in (401, 403):
            text = f"The server {name} does not let this server in."
            return ServerError("unauthorized", text, detail=f"status {status}")
        if status == 404 and "mcp-session-id" not in request.headers:
            return ServerError("nothing", f"The server {name} is not at its address.")
        return None

    async def aclose(self) -> None:
        await self.inner.aclose()


class Counted(httpx2.AsyncByteStream):
    """A body that ends the connection when it is too long."""

    def __init__(self, transport: GuardedTransport, response: httpx2.Response) -> None:
        self.transport = transport
        self.response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self.response.aiter_raw():
            self.transport.left_bytes -= len(data)
            if self.transport.left_bytes < 0:
                raise Flood
            yield data

    async def aclose(self) -> None:
        await self.response.aclose()
