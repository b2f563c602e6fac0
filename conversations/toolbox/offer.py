"""The tools of accepted servers: what is offered, from the kept lists, and the connections of one answer.

    async with Connections(owner) as connections:
        tools = [*ours, *await connections.tools(conversation.tools)]
        ...

Offering connects to nothing. A server is connected to when the first of its tools is called, and asked
whether its tools are still those that were accepted: otherwise the call fails, and staff have to look again.
Before each call it is looked up whether the person may still use the server: calls wait for minutes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from conversations.database import in_database
from qwenchat.tools.context import ToolError
from qwenchat.tools.mcp import Connection, ServerChanged
from qwenchat.tools.mcp.listing import SEPARATOR

from .models import TIMEOUT_S, ToolServer
from .reading import withdraw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

    from django.contrib.auth.models import AnonymousUser, User

    from qwenchat.tools.declaring import Tool
    from qwenchat.tools.mcp import ListedTool


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A server's tool as it was accepted. `name` is what the model calls, `server` the server's name."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    side_effects: bool
    origin: str
    server: str


def tools_for(user: User | AnonymousUser) -> list[ServerTool]:
    """What the person may switch on, by server. Connects to nothing."""
    if not user.is_active or user.pk is None:
        return []
    return [
        ServerTool(
            name=tool.name,
            title=tool.title or tool.remote_name,
            description=tool.description,
            schema=tool.schema,
            side_effects=not tool.read_only,
            origin=server.origin,
            server=server.name,
        )
        for server, tools in offered(user.pk)
        for tool in tools
    ]


def may_use(user: User, name: str) -> bool:
    """Whether the tool that models call by this name is still the person's to use; our own always are."""
    return SEPARATOR not in name or any(tool.name == name for tool in tools_for(user))


def offered(user: int) -> list[tuple[ToolServer, tuple[ListedTool, ...]]]:
    """The servers whose tools the person of this number is offered, with those; one query."""
    return [
        (server, listing.listed)
        for server in ToolServer.objects.used_by(user)
        if server.is_offered and (listing := server.known) is not None
    ]


class Connections:
    """One connection per server for one answer, opened when needed; all are closed at the end.

    `owner` is the number of the person whose answer it is.
    """

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self._callers: dict[int, Caller] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing never raises; each takes as long as its server needs, so all go at once.
        await asyncio.gather(*(caller.aclose() for caller in self._callers.values()))

    async def tools(self, names: Collection[str]) -> list[Tool]:
        """Those of the named tools that are offered now, ready to be called."""
        found: list[Tool] = []
        for server, listed in await in_database(offered)(self.owner):
            if not any(tool.name in names for tool in listed):
                continue
            caller = self._callers.setdefault(server.pk, Caller(server, self.owner))
            listing = server.known
            if listing is not None:
                found += [tool for tool in listing.tools(caller) if tool.name in names]
        return found


class Caller:
    """Runs one server's tools, for as long as its list is the accepted one and the person may use it."""

    timeout_s = TIMEOUT_S

    def __init__(self, server: ToolServer, owner: int) -> None:
        self.server = server
        self.owner = owner
        self._connection: Connection | None = None
        self._ended: list[Connection] = []

    @property
    def origin(self) -> str:
        return self.server.origin

    async def call(self, tool: ListedTool, arguments: dict[str, Any]) -> object:
        """The tool's result; `ToolError` otherwise."""
        # A person may have thought about this call for minutes, and staff about the server meanwhile.
        server = await in_database(unchanged)(self.server, self.owner)
        connection = self.connection(server)
        try:
            now = await connection.listing()
            if now.fingerprint != self.server.accepted_fingerprint:
                raise ServerChanged(self.server.name)
            return await connection.call(tool, arguments)
        except ServerChanged:
            await in_database(withdraw)(self.server)
            raise

    def connection(self, server: ToolServer) -> Connection:
        """The open one; another where that has ended. A call that met its end is not made again."""
        if self._connection is not None and self._connection.has_ended:
            self._ended.append(self._connection)
            self._connection = None
        if self._connection is None:
            self._connection = Connection(server.remote())
        return self._connection

    async def aclose(self) -> None:
        opened = [*self._ended, *([self._connection] if self._connection else [])]
        await asyncio.gather(*(connection.aclose() for connection in opened))


def unchanged(server: ToolServer, owner: int) -> ToolServer:
    """The server as it is now, if it is still the one that was offered to this person; else `ToolError`."""
    now = ToolServer.objects.used_by(owner).filter(pk=server.pk).defer("listing").first()
    if (
        now is None
        or not now.is_offered
        or now.definition != server.definition
        or now.accepted_fingerprint != server.accepted_fingerprint
    ):
        raise ToolError(
            f"The tools of the server {server.name} are not offered here any more as they were, so it was not"
            " called."
        )
    return now
