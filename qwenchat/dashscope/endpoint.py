"""One address and one key: the `httpx.AsyncClient`, the timeouts, and what refusals and broken
connections mean.

Answers of a model are read in `calls`; here, `ask` is for the small documents around them (the list
of models, the facts of a file).
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal

import httpx
import orjson

from .errors import DashScopeError, ProtocolError, StalledError, UnavailableError
from .masking import masked
from .refusals import error_from_payload, error_from_response, is_refusal
from .transport import READ_SOME, Transport
from .waiting import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

Dialect = Literal["dashscope", "openai"]

# A refusal is a few hundred bytes, a gateway's page a few thousand.
MAX_ERROR_BYTES = 64 * 1024
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

_PIECE_BYTES = 256 * 1024

COMPATIBLE = "/compatible-mode/v1"
NATIVE = "/api/v1"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds. "Data" are events: comments that keep a connection
    alive are none."""

    connect_s: float = 10
    # Of an upload: the longest time in which nothing could be sent.
    write_s: float = 60
    pool_s: float = 10
    # A queue of the service is at most this long, and a person waits no longer.
    first_data_s: float = 60
    # Silences of 10 to 35 s are seen while arguments of a tool call are written (Source:
    # dashscope-api §10.4).
    gap_s: float = 45
    total_s: float = 900
    # A whole answer comes at once, after all of it was thought; the service's own limit is 300 s.
    whole_s: float = 310
    # After the model has finished only usage and the end of the body are missing; without them the
    # answer is whole too.
    tail_s: float = 3


class Endpoint:
    """Where requests go and with which key."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        native_url: str | None = None,
        dialect: Dialect | None = None,
        timeouts: Timeouts | None = None,
        user_agent: str = "qwenchat",
        transport: httpx.AsyncBaseTransport | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Raise ValueError for a base URL or a key that cannot be one; the message never shows the
        key."""
        url = checked_url(base_url)
        self.base_url = str(url).rstrip("/")
        self.key = checked_key(api_key)
        self.dialect: Dialect = dialect or dialect_of(base_url)
        if native_url is None:
            native_url = native_url_of(url) if self.dialect == "dashscope" else ""
        self.native_url = str(checked_url(native_url)).rstrip("/") if native_url else ""
        self.timeouts = timeouts or Timeouts()
        self._wall_clock = wall_clock
        headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        self.http = httpx.AsyncClient(
            headers=headers,
            transport=transport or Transport(verify=url.scheme == "https"),
            trust_env=False,
            # A gateway's cookie would tie all people to the session of the first.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            # Gaps and the total are watched by Patience, for all transports alike.
            timeout=httpx.Timeout(
                None,
                connect=self.timeouts.connect_s,
                write=self.timeouts.write_s,
                pool=self.timeouts.pool_s,
            ),
        )

    async def ask(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None
    ) -> Any:
        """Ask for a small JSON document below the base URL and give it parsed."""
        request = self.http.build_request(method, f"{self.base_url}{path}", params=params)
        with closing(Patience()) as patience:
            patience.deadline = asyncio.get_running_loop().time() + self.timeouts.first_data_s
            return await self.document(request, patience)

    async def document(self, request: httpx.Request, patience: Patience) -> Any:
        """Send a request whose answer is a small JSON document, and give that parsed."""
        try:
            with patience:
                response = await self.http.send(request, stream=True)
                try:
                    body = await body_of(response, MAX_DOCUMENT_BYTES)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise StalledError("no answer came in time") from error
        except httpx.HTTPError as error:
            raise self.unreachable(error) from error
        if response.status_code >= 300:
            raise self.refused(response, body)
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ProtocolError("the answer is no JSON", status=response.status_code) from error
        if isinstance(payload, dict) and is_refusal(payload):
            raise error_from_payload(
                payload, status=response.status_code, dialect=self.dialect, key=self.key
            )
        return payload

    def refused(self, response: httpx.Response, body: bytes) -> DashScopeError:
        """Give the error that a status of 300 or more means."""
        if response.status_code < 400:
            return ProtocolError("the service redirects elsewhere", status=response.status_code)
        return error_from_response(
            response.status_code,
            response.headers,
            body,
            now=self._wall_clock(),
            dialect=self.dialect,
            key=self.key,
        )

    def unreachable(self, error: httpx.HTTPError) -> DashScopeError:
        """Give the error that a connection means which failed before an answer began."""
        text = masked(str(error) or type(error).__name__, self.key)
        if isinstance(error, httpx.ReadTimeout):
            return StalledError(f"no answer came: {text}")
        if isinstance(error, httpx.UnsupportedProtocol):
            return UnavailableError(f"the address cannot be used: {text}", retryable=False)
        return UnavailableError(f"the model service cannot be reached: {text}")


def dialect_of(base_url: str) -> Dialect:
    """Tell which fields an endpoint knows: the service's own extras, or only OpenAI's."""
    url = httpx.URL(base_url)
    own = url.host == "aliyuncs.com" or url.host.endswith(".aliyuncs.com")
    return "dashscope" if own or "/compatible-mode/" in f"{url.path}/" else "openai"


def native_url_of(url: httpx.URL) -> str:
    """Give the base of the service's own protocol: beside that of the compatible one."""
    path = url.path.rstrip("/")
    before = path.removesuffix(COMPATIBLE) if path.endswith(COMPATIBLE) else ""
    return str(url.copy_with(path=f"{before}{NATIVE}"))


def encoded(body: Mapping[str, Any]) -> bytes:
    """Give a request body as JSON bytes. Half characters, which no JSON can carry, become question
    marks."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


class InPieces(httpx.AsyncByteStream):
    """A body with pictures in it, sent piece by piece: in one piece it would be copied once more
    and hold up the event loop, of which aiohttp warns."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._content), _PIECE_BYTES):
            yield bytes(self._content[at : at + _PIECE_BYTES])


def sendable(content: bytes) -> tuple[bytes | httpx.AsyncByteStream, dict[str, str]]:
    """Give what httpx is to send, and the headers that belong to it."""
    if len(content) <= _PIECE_BYTES:
        return content, {}
    return InPieces(content), {"Content-Length": str(len(content))}


def checked_url(base_url: str) -> httpx.URL:
    """Give the base URL; ValueError for what cannot be one."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"the base URL cannot be read: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the base URL must begin with http:// or https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the base URL must have no user, password, query or fragment")
    return url


def checked_key(key: str) -> str:
    """Give the key without space around it; ValueError for what cannot be one."""
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(
            "the API key has characters that no key has: was more than the key copied?"
        )
    return key


def reading_of(response: httpx.Response) -> Callable[[], Awaitable[bytes]]:
    """Give the function that gives what is waiting, b"" at the end; for a transport that is not
    ours, in the same form as ours."""
    ours: Callable[[], Awaitable[bytes]] | None = response.extensions.get(READ_SOME)
    if ours is not None:
        return ours
    chunks = response.aiter_raw()

    async def read_some() -> bytes:
        async for chunk in chunks:
            if chunk:
                return chunk
        return b""

    return read_some


async def body_of(response: httpx.Response, most: int) -> bytes:
    """Read a body that is not streamed; nothing of one that is compressed, and no more than `most`
    bytes."""
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return b""
    body = bytearray()
    read_some = reading_of(response)
    while len(body) < most and (chunk := await read_some()):
        body += chunk
    return bytes(body[:most])
