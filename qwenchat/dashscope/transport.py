"""httpx's way to the network, over aiohttp's connections.

httpx's own transport costs more than twice the CPU for a token that comes alone (measured 2026-11:
144 against 51 µs, through this client), and far more lag with hundreds of streams at once.
`httpx-aiohttp` keeps httpx's interface; three things in 0.2.0 are put right here, and when they are
right there this module is one line:

- a connection that broke is reported as a connect timeout, also in mid-answer; and malformed HTTP
  as no httpx error at all;
- closing an unfinished answer waits for the request's writer; here it closes the socket at once;
- aiohttp's own cookies and environment proxies are left on.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    ReadSome = Callable[[], Awaitable[bytes]]

# One process is meant to hold hundreds of answers; httpx's default of 100 would make the 101st
# wait. File descriptors end it, not this.
MAX_CONNECTIONS = 4096
# Idle connections are closed after this: stale ones hang until a timeout (Source: dashscope-api
# §10.4, which says at most 30).
KEEPALIVE_S = 20.0

# Under this name a response's extensions carry a function that gives what is waiting, b"" at the
# end. httpx passes each read through four generators; left in the middle, those are closed by the
# garbage collector, some time. This way nothing is left over when an answer is stopped.
READ_SOME = "qwenchat.read_some"


class Transport(AiohttpTransport):
    """An httpx transport whose errors are httpx's and whose answers close at once."""

    def __init__(
        self, *, max_connections: int = MAX_CONNECTIONS, verify: ssl.SSLContext | bool = True
    ) -> None:
        # httpx uses this switch for SSL_CERT_FILE only, which a company's own authority needs.
        super().__init__(verify=verify, trust_env=True)
        self._max_connections = max_connections
        self.client = self._session

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._max_connections, keepalive_timeout=KEEPALIVE_S, ssl=self.ssl_context
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and give the answer as soon as its headers are there."""
        with _errors_of_httpx(request):
            response = await super().handle_async_request(request)
        inner: aiohttp.ClientResponse = response.stream._aiohttp_response  # type: ignore[union-attr]
        stream = _Answer(inner, request)
        response.stream = stream
        response.extensions[READ_SOME] = stream.read_some
        return response

    async def aclose(self) -> None:
        """Close all connections; the transport cannot be used again."""
        if isinstance(self.client, aiohttp.ClientSession):
            await self.client.close()


class _Answer(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def read_some(self) -> bytes:
        try:
            return await self._response.content.readany()
        except Exception:
            with _errors_of_httpx(self._request):
                raise

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.read_some():
            yield chunk

    async def aclose(self) -> None:
        # A connection whose answer was read to its end has gone back to the pool already.
        self._response.close()


@contextmanager
def _errors_of_httpx(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except (
        httpx.TransportError,
        aiohttp.ClientError,
        TimeoutError,
        ValueError,
        RuntimeError,  # "Connection closed." while reading
    ) as error:
        cause = error.__cause__ if isinstance(error, httpx.TransportError) else error
        raise _error_of_httpx(cause or error, request) from error


def _error_of_httpx(error: BaseException, request: httpx.Request) -> httpx.TransportError:
    text = str(error) or type(error).__name__
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout(text, request=request)
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return httpx.ReadTimeout(text, request=request)
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(text, request=request)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return httpx.UnsupportedProtocol(text, request=request)
        case aiohttp.ClientResponseError():
            return httpx.RemoteProtocolError(text, request=request)
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError() | RuntimeError():
            return httpx.ReadError(text, request=request)
        case _:
            return httpx.TransportError(text, request=request)
