"""One request for an answer, sent and read: timeouts for each phase, and what a broken connection
means when a part has come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from . import catalogue
from .compatible import Reader
from .endpoint import MAX_ERROR_BYTES, body_of, encoded, reading_of, sendable
from .errors import CutError, DashScopeError, InvalidRequestError, ProtocolError, StalledError
from .masking import masked
from .native import NativeReader
from .payloads.native import native_path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .endpoint import Endpoint
    from .events import Event
    from .waiting import Patience

# Two megabits: a server's line to the service is hardly slower.
_SLOWEST_BYTES_A_SECOND = 256 * 1024


class Call:
    """One request and its answer."""

    def __init__(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        patience: Patience,
        *,
        native: bool,
        streamed: bool,
        first_data_s: float,
    ) -> None:
        self.reader = Reader(dialect=endpoint.dialect, key=endpoint.key)
        self._endpoint = endpoint
        self._timeouts = endpoint.timeouts
        self._body = body
        self._native = native
        self._streamed = streamed
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        began = self._clock()
        self._first_deadline = began + min(first_data_s, endpoint.timeouts.total_s)
        self._last_deadline = began + endpoint.timeouts.total_s
        self._any_data = False
        self._ended = False
        self._response: httpx.Response | None = None
        self._read_some: Callable[[], Awaitable[bytes]] = _nothing

    async def open(self) -> None:
        """Send the request and look at the answer's headers."""
        endpoint = self._endpoint
        body = encoded(self._body)
        content, headers = sendable(body)
        request = endpoint.http.build_request(
            "POST",
            url_of(endpoint, self._body, native=self._native),
            content=content,
            headers=self._headers() | headers,
        )
        # Pictures have to go out before anything can come in.
        self._first_deadline = min(
            self._first_deadline + len(body) / _SLOWEST_BYTES_A_SECOND, self._last_deadline
        )
        self._patience.deadline = self._first_deadline
        try:
            with self._patience:
                response = self._response = await endpoint.http.send(request, stream=True)
                if response.status_code >= 300:
                    raise endpoint.refused(response, await body_of(response, MAX_ERROR_BYTES))
        except TimeoutError as error:
            raise StalledError("no answer came in time") from error
        except httpx.HTTPError as error:
            raise endpoint.unreachable(error) from error
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("", "identity"):
            raise ProtocolError(f"the answer is compressed ({encoding}) though none was asked for")
        self.reader = self._reader_of(response)
        self._read_some = reading_of(response)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._streamed:
            headers["Accept"] = "text/event-stream, application/json"
            if self._native:
                headers["X-DashScope-SSE"] = "enable"
        return headers

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
        endpoint, headers = self._endpoint, response.headers
        request_id = headers.get("x-request-id", "")[:200]
        is_partial = headers.get("x-dashscope-partialresponse", "").lower() == "true"
        model_id = str(self._body.get("model", ""))
        model = catalogue.find(model_id)
        cumulative = model is not None and model.cumulative
        if self._native:
            parameters = self._body.get("parameters")
            told = isinstance(parameters, dict) and parameters.get("incremental_output") is True
            return NativeReader(
                model=model_id,
                incremental=told and not cumulative,
                request_id=request_id,
                key=endpoint.key,
                partial_response=is_partial,
            )
        return Reader(
            request_id=request_id,
            dialect=endpoint.dialect,
            key=endpoint.key,
            cumulative=endpoint.dialect == "dashscope" and cumulative,
            partial_response=is_partial,
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
            return self._endpoint.unreachable(error)
        text = masked(str(error) or type(error).__name__, self._endpoint.key)
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


def url_of(endpoint: Endpoint, body: Mapping[str, Any], *, native: bool) -> str:
    """Give the address that a body is sent to."""
    if not native:
        return f"{endpoint.base_url}/chat/completions"
    if not endpoint.native_url:
        raise InvalidRequestError("this endpoint does not speak the service's own protocol")
    return f"{endpoint.native_url}{native_path(body)}"


async def _nothing() -> bytes:
    return b""
