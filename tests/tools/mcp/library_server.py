"""A server made with the official SDK, to be spoken to over HTTP."""

from __future__ import annotations

import asyncio
import json

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations


def library() -> MCPServer:
    server = MCPServer("library")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def look_up(title: str) -> str:
        """Looks a book up."""
        return f"{title}: on the shelf"

    @server.tool()
    def lend(title: str) -> dict[str, str]:
        """Lends a book."""
        return {"lent": title}

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def fail() -> str:
        """Fails."""
        raise ValueError("out of order")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    async def wait() -> str:
        """Never answers."""
        await asyncio.Event().wait()
        return ""

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    async def headers(context: Context) -> str:
        """Tells which headers came."""
        return json.dumps(dict(context.request_context.request.headers))

    return server
