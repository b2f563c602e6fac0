"""The client: one `httpx.AsyncClient`, streamed and whole answers, timeouts for each phase, retries
before the first byte.

    client = Client("https://dashscope.aliyuncs.com/compatible-mode/v1", key)
    async with aclosing(client.stream(body)) as answer:
        async for events in answer:
            ...

What is said is built in `payloads`, what comes back is read in `compatible`; here is only the way
to and fro.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal

import httpx
import orjson

from . import catalogue
from .compatible import Folder, Reader
from .errors import (
    CutError,
    DashScopeError,
    ProtocolError,
    StalledError,
    UnavailableError,
)
from .events import Completion, Event, ModelInfo
from .masking import masked
from .refusals import error_from_response, is_refusal
from .retries import wait_before_retry
from .transport import READ_SOME, Transport
from .waiting import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    OnRetry = Callable[[int, float, DashScopeError], object]

logger = logging.getLogger(__name__)

Dialect = Literal["dashscope", "openai"]

# A refusal is a few hundred bytes, a gateway's page a few thousand.
_MAX_ERROR_BYTES = 64 * 1024
_MAX_LIST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase may take, in seconds. "Data" are events: comments that keep a connection
    alive are none."""

    connect_s: float = 10
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


class Client:
    """Speaks to one endpoint with one key. Cheap to make, opens connections on first use, shared by
    all tasks of one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        dialect: Dialect | None = None,
        timeouts: Timeouts | None = None,
        max_attempts: int = 3,
        user_agent: str = "qwenchat",
        transport: httpx.AsyncBaseTransport | None = None,
        on_retry: OnRetry | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Raise ValueError for a base URL or a key that cannot be one; the message never shows the
        key.

        `on_retry(attempt, wait_s, error)` is called before each wait. Clock, sleep and chance are
        arguments for tests.
        """
        url = _checked_url(base_url)
        self.base_url = str(url).rstrip("/")
        self._key = _checked_key(api_key)
        self.dialect: Dialect = dialect or dialect_of(base_url)
        self.timeouts = timeouts or Timeouts()
        self.max_attempts = max_attempts
        self._on_retry = on_retry
        self._clock = clock
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._chance = chance
        headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._http = httpx.AsyncClient(
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

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, dialect={self.dialect!r})"

    async def stream(
        self, body: Mapping[str, Any], *, on_retry: OnRetry | None = None
    ) -> AsyncGenerator[list[Event], None]:
        """Ask for a streamed answer and give its events, one list for each read from the network.

        Raises the errors of `errors`, after the events that came before. Closing the generator, or
        cancelling the task that iterates it, closes the connection at once; a caller that leaves
        early closes it with `contextlib.aclosing`. Tries again only while nothing was given.
        """
        tries = _Tries(self, on_retry or self._on_retry)
        with closing(Patience()) as patience:
            while True:
                call = _Call(self, body, patience, first_data_s=self.timeouts.first_data_s)
                given = False
                try:
                    await call.open()
                    while events := await call.read():
                        given = True
                        yield events
                    return
                except DashScopeError as error:
                    if given:
                        raise
                    wait_s = tries.wait_after(error)
                finally:
                    await call.close()
                await self._sleep(wait_s)

    async def complete(
        self, body: Mapping[str, Any], *, on_retry: OnRetry | None = None
    ) -> Completion:
        """Ask for a whole answer and give it. Raises the errors of `errors`; cancelling closes the
        connection."""
        tries = _Tries(self, on_retry or self._on_retry)
        with closing(Patience()) as patience:
            while True:
                call = _Call(self, body, patience, first_data_s=self.timeouts.whole_s)
                folder = Folder()
                try:
                    await call.open()
                    while events := await call.read():
                        folder.add(events)
                    return folder.completion()
                except DashScopeError as error:
                    if call.reader.has_begun:
                        raise
                    wait_s = tries.wait_after(error)
                finally:
                    await call.close()
                await self._sleep(wait_s)

    async def models(self) -> list[ModelInfo]:
        """Give the models that the endpoint lists; the service itself does not document this
        list."""
        request = self._http.build_request("GET", f"{self.base_url}/models")
        try:
            async with asyncio.timeout(self.timeouts.first_data_s):
                response = await self._http.send(request, stream=True)
                try:
                    body = await _body_of(response, _MAX_LIST_BYTES)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise StalledError("the list of models did not come") from error
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 300:
            raise self._refused(response, body)
        try:
            return _models_in(orjson.loads(body))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise ProtocolError("the list of models is no list", status=200) from error

    async def aclose(self) -> None:
        """Close all connections, also those of answers that still come."""
        await self._http.aclose()

    def _refused(self, response: httpx.Response, body: bytes) -> DashScopeError:
        if response.status_code < 400:
            return ProtocolError("the service redirects elsewhere", status=response.status_code)
        return error_from_response(
            response.status_code,
            response.headers,
            body,
            now=self._wall_clock(),
            dialect=self.dialect,
            key=self._key,
        )

    def _unreachable(self, error: httpx.HTTPError) -> DashScopeError:
        text = masked(str(error) or type(error).__name__, self._key)
        if isinstance(error, httpx.ReadTimeout):
            return StalledError(f"no answer came: {text}")
        if isinstance(error, httpx.UnsupportedProtocol):
            return UnavailableError(f"the address cannot be used: {text}", retryable=False)
        return UnavailableError(f"the model service cannot be reached: {text}")


class _Tries:
    """Counts the tries of one call."""

    def __init__(self, client: Client, on_retry: OnRetry | None) -> None:
        self._client = client
        self._on_retry = on_retry
        self._began = client._clock()
        self._attempt = 0

    def wait_after(self, error: DashScopeError) -> float:
        """Give the seconds to wait before the next try; raise `error` when there is none."""
        client = self._client
        self._attempt += 1
        wait_s = wait_before_retry(
            error,
            attempt=self._attempt,
            max_attempts=client.max_attempts,
            elapsed_s=client._clock() - self._began,
            chance=client._chance(),
        )
        if wait_s is None:
            raise error
        logger.info("try %d failed, next in %.1f s: %s", self._attempt, wait_s, error)
        if self._on_retry is not None:
            self._on_retry(self._attempt, wait_s, error)
        return wait_s


class _Call:
    """One request and its answer."""

    def __init__(
        self,
        client: Client,
        body: Mapping[str, Any],
        patience: Patience,
        *,
        first_data_s: float,
    ) -> None:
        self.reader = Reader(dialect=client.dialect, key=client._key)
        self._client = client
        self._timeouts = client.timeouts
        self._body = body
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        began = self._clock()
        self._first_deadline = began + min(first_data_s, client.timeouts.total_s)
        self._last_deadline = began + client.timeouts.total_s
        self._any_data = False
        self._ended = False
        self._response: httpx.Response | None = None
        self._read_some: Callable[[], Awaitable[bytes]] = _nothing

    async def open(self) -> None:
        """Send the request and look at the answer's headers."""
        client = self._client
        streamed = self._body.get("stream") is True
        request = client._http.build_request(
            "POST",
            f"{client.base_url}/chat/completions",
            content=encoded(self._body),
            headers={
                "Content-Type": "application/json",
                "Accept": "text/event-stream, application/json" if streamed else "application/json",
            },
        )
        self._patience.deadline = self._first_deadline
        try:
            with self._patience:
                response = self._response = await client._http.send(request, stream=True)
                if response.status_code >= 300:
                    raise client._refused(response, await _body_of(response, _MAX_ERROR_BYTES))
        except TimeoutError as error:
            raise StalledError("no answer came in time") from error
        except httpx.HTTPError as error:
            raise client._unreachable(error) from error
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("", "identity"):
            raise ProtocolError(f"the answer is compressed ({encoding}) though none was asked for")
        self.reader = self._reader_of(response)
        self._read_some = response.extensions.get(READ_SOME) or _read_some_of(response)

    async def read(self) -> list[Event]:
        """Give the next events, an empty list at the end. Raises what went wrong, after the events
        before it were given."""
        patience = self._patience
        patience.deadline = self._next_deadline()
        if self._clock() > self._last_deadline and not self._ended:
            # A flood never waits, so it is not the wait that ends it.
            return self._broken(self._stalled(), None) or await self.read()
        while not self._ended:
            events = await self._next_events()
            if events:
                self._any_data = True
                return events
            if self.reader.is_whole:
                patience.deadline = self._next_deadline()
        if self.reader.failure is not None:
            raise self.reader.failure
        return []

    async def _next_events(self) -> list[Event]:
        """Read once; nothing came of it when it was half an event or a comment."""
        reader = self.reader
        try:
            with self._patience:
                chunk = await self._read_some()
        except TimeoutError as error:
            return self._broken(self._stalled(), error)
        except httpx.HTTPError as error:
            return self._broken(self._cut(error), error)
        if chunk:
            events = reader.feed(chunk)
        else:
            self._ended = True
            events = reader.close()
        if reader.failure is not None:
            self._ended = True
            events += reader.break_off()
        elif not events and self._clock() > self._patience.deadline and not reader.is_whole:
            return self._broken(self._stalled(), None)
        return events

    async def close(self) -> None:
        """Close the connection, unless the answer was read to its end."""
        if self._response is not None:
            await self._response.aclose()

    def _reader_of(self, response: httpx.Response) -> Reader:
        client, headers = self._client, response.headers
        model = catalogue.find(str(self._body.get("model", "")))
        return Reader(
            request_id=headers.get("x-request-id", "")[:200],
            dialect=client.dialect,
            key=client._key,
            cumulative=client.dialect == "dashscope" and model is not None and model.cumulative,
            partial_response=headers.get("x-dashscope-partialresponse", "").lower() == "true",
        )

    def _next_deadline(self) -> float:
        if self.reader.finished or self.reader.done:
            return self._clock() + self._timeouts.tail_s
        if not self._any_data and not self.reader.is_whole:
            return self._first_deadline
        return min(self._clock() + self._timeouts.gap_s, self._last_deadline)

    def _stalled(self) -> DashScopeError:
        if self._clock() >= self._last_deadline:
            return StalledError(f"the answer took longer than {self._timeouts.total_s:g} s")
        if not self._any_data:
            return StalledError("no data came in time")
        return StalledError(f"the stream was silent for {self._timeouts.gap_s:g} s")

    def _cut(self, error: httpx.HTTPError) -> DashScopeError:
        if not self.reader.has_begun:
            return self._client._unreachable(error)
        text = masked(str(error) or type(error).__name__, self._client._key)
        return CutError(f"the connection broke before the answer ended: {text}")

    def _broken(self, failure: DashScopeError, cause: BaseException | None) -> list[Event]:
        """End here. What is missing after the model has finished does not matter."""
        self._ended = True
        reader = self.reader
        if not reader.finished and not reader.done:
            failure.__cause__ = cause
            failure.request_id = failure.request_id or reader.request_id
            reader.failure = failure
        return reader.break_off()


def dialect_of(base_url: str) -> Dialect:
    """Tell which fields an endpoint knows: the service's own extras, or only OpenAI's."""
    url = httpx.URL(base_url)
    own = url.host == "aliyuncs.com" or url.host.endswith(".aliyuncs.com")
    return "dashscope" if own or "/compatible-mode/" in f"{url.path}/" else "openai"


def encoded(body: Mapping[str, Any]) -> bytes:
    """Give a request body as JSON bytes. Half characters, which no JSON can carry, become question
    marks."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _checked_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"the base URL cannot be read: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the base URL must begin with http:// or https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the base URL must have no user, password, query or fragment")
    return url


def _checked_key(key: str) -> str:
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(
            "the API key has characters that no key has: was more than the key copied?"
        )
    return key


def _read_some_of(response: httpx.Response) -> Callable[[], Awaitable[bytes]]:
    """Give what a transport that is not ours reads, in the same form as ours."""
    chunks = response.aiter_raw()

    async def read_some() -> bytes:
        async for chunk in chunks:
            if chunk:
                return chunk
        return b""

    return read_some


async def _nothing() -> bytes:
    return b""


async def _body_of(response: httpx.Response, most: int) -> bytes:
    """Read a body that is not streamed; nothing of one that is compressed, and no more than `most`
    bytes."""
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return b""
    body = bytearray()
    read_some = response.extensions.get(READ_SOME) or _read_some_of(response)
    while len(body) < most and (chunk := await read_some()):
        body += chunk
    return bytes(body[:most])


def _models_in(payload: Any) -> list[ModelInfo]:
    if isinstance(payload, dict) and is_refusal(payload):
        raise TypeError
    rows = payload.get("data") if isinstance(payload, dict) else payload
    if not isinstance(rows, list):
        raise TypeError
    return [
        ModelInfo(row["id"], _window_of(row))
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    ]


def _window_of(row: dict[str, Any]) -> int | None:
    """Find the context window under the names that servers use: vLLM, gateways, llama.cpp (what it
    serves, then what was trained)."""
    meta = row.get("meta")
    places = [row, meta] if isinstance(meta, dict) else [row]
    for name in ("max_model_len", "context_window", "context_length", "n_ctx", "n_ctx_train"):
        for place in places:
            value = place.get(name)
            if type(value) is int and value > 0:
                return value
    return None
