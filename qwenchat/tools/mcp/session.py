"""What is asked of a server, in the SDK's words; everything that comes back is untrusted.

Not `Client.call_tool`: it checks results against the server's own schema with the server's own
regular expressions, and an evil one would hold the whole process.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import mcp_types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from qwenchat.tools.context import ToolError

from .errors import ServerError
from .http import http_client
from .listing import MOST_TOOLS, Described
from .servers import HttpServer
from .stdio import program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .masking import Mask
    from .servers import Server

MOST_PAGES = 10
# Errors that the SDK makes up when a server gives none.
NO_ANSWER = (mcp_types.CONNECTION_CLOSED, mcp_types.REQUEST_TIMEOUT, mcp_types.PARSE_ERROR)


class Session:
    """An open connection's two questions: which tools there are, and to call one.

    The answers go through `mask`.
    """

    def __init__(self, name: str, client: Client, mask: Mask) -> None:
        self.name = name
        self.client = client
        self.mask = mask

    async def described(self) -> list[Described]:
        """All tools, page by page."""
        found: list[Described] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            try:
                page = await self.client.list_tools(cursor=cursor)
            except ValidationError as error:
                # The SDK takes a list as a whole or not at all.
                text = f"The server {self.name} describes its tools in another way than MCP does."
                raise ServerError("list", text, detail="ValidationError") from error
            found += [read_tool(tool, self.mask) for tool in page.tools]
            cursor = page.next_cursor
            # One more than is offered, so that it shows that there are more.
            if cursor is None or len(found) > MOST_TOOLS:
                break
        return found

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The result as text; `ToolError` when the server or its tool says that it failed."""
        request = mcp_types.CallToolRequest(
            params=mcp_types.CallToolRequestParams(name=name, arguments=arguments)
        )
        try:
            result = await self.client.session.send_request(request, mcp_types.CallToolResult)
        except MCPError as error:
            if error.code in NO_ANSWER:
                raise
            said = self.mask(error.message)
            raise ToolError(f"The server refused the call: {said}") from error
        text = "\n\n".join(read_block(block) for block in result.content)
        if not text and result.structured_content is not None:
            text = json.dumps(result.structured_content, ensure_ascii=False)
        text = self.mask(text)
        if result.is_error:
            raise ToolError(text or "The tool failed and does not say why.")
        return text


@asynccontextmanager
async def opened(server: Server, mask: Mask, changed: Callable[[], None]) -> AsyncIterator[Session]:
    """A session with the server; `changed` is told when the server says that its tools changed."""

    async def heard(message: object) -> None:
        if isinstance(message, mcp_types.ToolListChangedNotification):
            changed()

    async with AsyncExitStack() as stack:
        if isinstance(server, HttpServer):
            http = await stack.enter_async_context(await http_client(server))
            transport = streamable_http_client(server.url, http_client=http)
        else:
            transport = program(server)
        client = Client(
            transport,
            cache=None,  # a listing is asked for because it may have changed
            message_handler=heard,
            read_timeout_seconds=server.timeout_s,
            client_info=mcp_types.Implementation(name="qwenchat", version="1"),
        )
        yield Session(server.name, await stack.enter_async_context(client), mask)


def read_tool(tool: mcp_types.Tool, mask: Mask) -> Described:
    marks = tool.annotations
    return Described(
        name=tool.name,
        title=mask(tool.title or (marks.title if marks else None) or ""),
        description=mask(tool.description or ""),
        schema=masked(tool.input_schema, mask),
        read_only=bool(marks and marks.read_only_hint),
    )


def masked(value: Any, mask: Mask) -> Any:
    """The same JSON; every text in it went through `mask`."""
    match value:
        case str():
            return mask(value)
        case list():
            return [masked(each, mask) for each in value]
        case dict():
            return {mask(name): masked(each, mask) for name, each in value.items()}
        case _:
            return value


def read_block(block: mcp_types.ContentBlock) -> str:
    """One part of a result as text. What is no text is named, not shown."""
    match block:
        case mcp_types.TextContent():
            return block.text
        case mcp_types.ImageContent() | mcp_types.AudioContent():
            kind = "picture" if isinstance(block, mcp_types.ImageContent) else "recording"
            return f"[A {kind} ({block.mime_type}), which cannot be shown as text.]"
        case mcp_types.ResourceLink():
            return f"[{block.title or block.name}]({block.uri})"
        case mcp_types.EmbeddedResource(resource=mcp_types.TextResourceContents() as resource):
            return f"{resource.uri}:\n{resource.text}"
        case mcp_types.EmbeddedResource():
            return f"[{block.resource.uri}: binary data, which cannot be shown as text.]"
