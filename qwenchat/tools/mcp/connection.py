"""One server's connection, opened when it is first needed.

It lives in a task of its own. The SDK's task groups would otherwise end the task that opened them
when a server dies, and with it somebody's answer; so a death is an error of the calls under way.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from qwenchat.tools.context import ToolError

from .errors import ServerChanged, ServerError, explained
from .listing import ListedTool, Listing, listing_of
from .masking import Mask

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .servers import Server
    from .session import Session

logger = logging.getLogger(__name__)

T = TypeVar("T")

LAST_WORDS_S = 2.0
# A program gets two times two seconds to end (see stdio), a server behind a URL as long as that.
GOODBYE_S = 6.0


class Connection:
    """Lists a server's tools and calls them. `aclose` must follow; any task may do either.

    A call asks the server for its tools first, once for a connection and again whenever the server
    says that they changed: a tool that is not as it was approved is not called.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.mask = Mask(server.secrets)
        self._life: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[Session] | None = None
        self._closing = asyncio.Event()
        self._listing: Listing | None = None
        self._lock = asyncio.Lock()

    @property
    def origin(self) -> str:
        return self.server.origin

    @property
    def timeout_s(self) -> float:
        return self.server.timeout_s

    @property
    def has_ended(self) -> bool:
        """Whether it was open, or opening, and is so no more."""
        return self._life is not None and self._life.done()

    async def listing(self) -> Listing:
        """What the server offers now; `ServerError` otherwise."""
        async with self._lock:
            if self._listing is None:
                session = await self.session()
                described = await self.answered(session.described())
                self._listing = listing_of(
                    self.server.name, described, trusts_marks=self.server.trusts_marks
                )
            return self._listing

    async def call(self, tool: ListedTool, arguments: dict[str, Any]) -> object:
        """The tool's result as text; `ToolError`, most often a `ServerError`, otherwise."""
        listing = await self.listing()
        if not any(now.digest == tool.digest for now in listing.listed):
            raise ServerChanged(self.server.name)
        session = await self.session()
        return await self.answered(session.call(tool.remote_name, arguments))

    async def session(self) -> Session:
        """The open session. A connection that has ended stays so: another call needs another one."""
        if self._life is None or self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(
                self.live(self._opened),
                name=f"mcp {self.server.name}",
                context=contextvars.Context(),  # no request's language, thread or connection
            )
        return await self.answered(result_of(self._opened))

    async def live(self, ready: asyncio.Future[Session]) -> None:
        """The connection from its opening until it is closed, or the server ends it."""
        try:
            module = await asyncio.to_thread(importlib.import_module, f"{__package__}.session")
            async with module.opened(self.server, self.mask, self.forget) as session:
                ready.set_result(session)
                await self._closing.wait()
        except ImportError as error:
            raise ServerError("missing", "The package mcp is not installed.") from error
        except Exception as error:
            problem = explained(self.server.name, error)
            detail = self.mask(problem.detail)
            logger.warning("MCP server %s: %s (%s)", self.server.name, problem.code, detail)
            raise problem from error

    def forget(self) -> None:
        """The server says that its tools changed: look again before the next call."""
        self._listing = None

    async def answered(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer, or what became of the server instead; within the server's time."""
        life = self._life
        if life is None:
            question.close()
            raise ServerError("died", f"The server {self.server.name} is not connected.")
        if life.done():
            question.close()
            raise self.death(life)
        asking = asyncio.create_task(question)
        try:
            done, _ = await asyncio.wait(
                {asking, life}, timeout=self.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if asking in done and not asking.cancelled():
                return await self.read(asking, life)
            if life in done:
                raise self.death(life)
            raise ServerError(
                "timeout",
                f"The server {self.server.name} did not answer within {self.timeout_s:g} seconds.",
            )
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def read(self, asking: asyncio.Task[T], life: asyncio.Task[None]) -> T:
        error = asking.exception()
        if error is None:
            return asking.result()
        if isinstance(error, ToolError):
            raise error
        problem = explained(self.server.name, error)
        if problem.code == "died":
            # The SDK tells the calls first, and what it died of a moment later.
            await asyncio.wait({life}, timeout=LAST_WORDS_S)
            if life.done():
                problem = self.death(life)
        raise problem from error

    def death(self, life: asyncio.Task[None]) -> ServerError:
        """Why the connection ended."""
        error = None if life.cancelled() else life.exception()
        if isinstance(error, ServerError):
            return error
        return ServerError("died", f"The server {self.server.name} ended the connection.")

    async def aclose(self) -> None:
        """Ends the connection, and a server that is a program. Waits until it has ended."""
        self._closing.set()
        life = self._life
        if life is None:
            return
        if self._opened is not None and not self._opened.done():
            life.cancel()  # still shaking hands
        await asyncio.wait({life}, timeout=GOODBYE_S)
        if not life.done():
            life.cancel()
            await asyncio.wait({life})
        if not life.cancelled():
            life.exception()  # it has been told already


async def result_of(future: asyncio.Future[T]) -> T:
    """What the future holds; it goes on when whoever waits is cancelled."""
    return await asyncio.shield(future)
