"""The client: streamed and whole answers, retries before the first byte, and the service's files.

    client = Client("https://dashscope.aliyuncs.com/compatible-mode/v1", key)
    async with aclosing(client.stream(body)) as answer:
        async for events in answer:
            ...

What is said is built in `payloads`, what comes back is read in `compatible` and `native`; the way
to and fro is in `calls`, and where it leads in `endpoint`.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx

from . import files
from .calls import Call, url_of
from .endpoint import Dialect, Endpoint, Timeouts, dialect_of, encoded
from .errors import DashScopeError, ProtocolError
from .events import Completion, Event, ModelInfo
from .folding import Folder
from .trying import Tries, Trying
from .waiting import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from pathlib import Path

    from .files import FileInfo, FilePage
    from .trying import OnRetry

__all__ = ["Client", "Dialect", "Timeouts", "dialect_of", "encoded"]


class Client:
    """Speaks to one endpoint with one key. Cheap to make, opens connections on first use, shared by
    all tasks of one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        native_url: str | None = None,
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

        `native_url` is the base of the service's own protocol: None for the one beside `base_url`
        where that is the service's, "" for none. `on_retry(attempt, wait_s, error)` is called
        before each wait. Clock, sleep and chance are arguments for tests.
        """
        self._endpoint = Endpoint(
            base_url,
            api_key,
            native_url=native_url,
            dialect=dialect,
            timeouts=timeouts,
            user_agent=user_agent,
            transport=transport,
            wall_clock=wall_clock,
        )
        self._trying = Trying(max_attempts, on_retry, clock, sleep, chance)

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, dialect={self.dialect!r})"

    @property
    def base_url(self) -> str:
        """Give the base of the compatible protocol, without a slash at its end."""
        return self._endpoint.base_url

    @property
    def dialect(self) -> Dialect:
        """Tell which fields the endpoint knows."""
        return self._endpoint.dialect

    @property
    def timeouts(self) -> Timeouts:
        """Give how long each phase may take."""
        return self._endpoint.timeouts

    @property
    def speaks_native(self) -> bool:
        """Tell whether `native` bodies can be sent."""
        return bool(self._endpoint.native_url)

    def path_of(self, body: Mapping[str, Any], *, native: bool = False) -> str:
        """Give the path that `stream` and `complete` send a body to."""
        return httpx.URL(url_of(self._endpoint, body, native=native)).path

    async def stream(
        self, body: Mapping[str, Any], *, native: bool = False, on_retry: OnRetry | None = None
    ) -> AsyncGenerator[list[Event], None]:
        """Ask for a streamed answer and give its events, one list for each read from the network.

        With `native` the body is one of the service's own protocol. Raises the errors of `errors`,
        after the events that came before. Closing the generator, or cancelling the task that
        iterates it, closes the connection at once; a caller that leaves early closes it with
        `contextlib.aclosing`. Tries again only while nothing was given.
        """
        tries = Tries(self._trying, on_retry)
        with closing(Patience()) as patience:
            while True:
                call = Call(
                    self._endpoint,
                    body,
                    patience,
                    native=native,
                    streamed=native or body.get("stream") is True,
                    first_data_s=self.timeouts.first_data_s,
                )
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
                await self._trying.sleep(wait_s)

    async def complete(
        self, body: Mapping[str, Any], *, native: bool = False, on_retry: OnRetry | None = None
    ) -> Completion:
        """Ask for a whole answer and give it. Raises the errors of `errors`; cancelling closes the
        connection."""
        tries = Tries(self._trying, on_retry)
        with closing(Patience()) as patience:
            while True:
                call = Call(
                    self._endpoint,
                    body,
                    patience,
                    native=native,
                    streamed=body.get("stream") is True,
                    first_data_s=self.timeouts.whole_s,
                )
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
                await self._trying.sleep(wait_s)

    async def models(self) -> list[ModelInfo]:
        """Give the models that the endpoint lists; the service itself does not document this
        list."""
        payload = await self._endpoint.ask("GET", "/models")
        rows = payload.get("data") if isinstance(payload, dict) else payload
        if not isinstance(rows, list):
            raise ProtocolError("the list of models is no list", status=200)
        return [
            ModelInfo(row["id"], _window_of(row))
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]

    async def upload_file(
        self, source: Path, name: str, *, purpose: str = "file-extract"
    ) -> FileInfo:
        """Send a file from disk, piece by piece, and give what the service says of it.

        `name` is what people call it; the service tells the format by it. Raises OSError for a file
        that cannot be read. Cancelling closes the connection; a file that had arrived whole may
        stay at the service, unknown to us.
        """
        return await self._trying.until_given(
            lambda: files.upload(self._endpoint, source, name, purpose=purpose)
        )

    async def file_info(self, file_id: str) -> FileInfo:
        """Give what the service says of a file; "processed" is the status of one that it has
        read."""
        return await self._trying.until_given(lambda: files.info(self._endpoint, file_id))

    async def list_files(
        self, *, after: str | None = None, limit: int | None = None, purpose: str | None = None
    ) -> FilePage:
        """Give the account's files, those after the id `after`, at most `limit` (2000) of them."""
        return await self._trying.until_given(
            lambda: files.page(self._endpoint, after=after, limit=limit, purpose=purpose)
        )

    async def delete_file(self, file_id: str) -> None:
        """Delete a file at the service. Raises an error of status 404 for one that is not there."""
        await self._trying.until_given(lambda: files.delete(self._endpoint, file_id))

    async def aclose(self) -> None:
        """Close all connections, also those of answers that still come."""
        await self._endpoint.http.aclose()


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
