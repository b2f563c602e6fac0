"""A server made with the official SDK, whose descriptions a test chooses."""

from __future__ import annotations

import json

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

ONLY_READS = ToolAnnotations(read_only_hint=True)


def library(description: str, more: dict[str, str]) -> MCPServer:
    """`more` are the names and descriptions of further tools."""
    server = MCPServer("library")

    @server.tool(description=description, annotations=ONLY_READS)
    def look_up(title: str) -> str:
        return f"{title}: on the shelf"

    @server.tool(description="Lends a book.")
    def lend(title: str) -> str:
        return f"lent {title}"

    @server.tool(description="Tells the headers.", annotations=ONLY_READS)
    async def headers(context: Context) -> str:
        return json.dumps(dict(context.request_context.request.headers))

    for name, said in more.items():
        server.tool(name=name, description=said)(lambda: "done")
    return server
