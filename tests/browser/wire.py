"""The network between browser and server, which a test may cut.

`set_offline` of the browser leaves open sockets as they are; this is a proxy for TCP on a port of its own
that drops what is open and turns away what comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Self


class Wire:
    """Leads to `port`; enter it to open it."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.refused = 0
        """Connections that were turned away since the last cut."""
        self._to = port
        self._is_cut = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Resets every connection; until `mend` new ones are reset at once."""
        self._call(self._cut())

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)  # type: ignore[arg-type]

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        self._is_cut = True
        self.refused = 0
        for writer in self._open:
            writer.transport.abort()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._is_cut:
            self.refused += 1
            writer.transport.abort()
            return
        there = await asyncio.open_connection("127.0.0.1", self._to)
        pair = {writer, there[1]}
        self._open |= pair
        try:
            await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))
        finally:
            self._open -= pair
            for one in pair:
                one.close()
                with contextlib.suppress(OSError):
                    await one.wait_closed()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
