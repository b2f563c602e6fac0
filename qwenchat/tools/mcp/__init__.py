"""Tools of Model Context Protocol servers, through the official SDK.

    connection = Connection(HttpServer("library", "https://mcp.example.org/mcp"))
    try:
        listing = await connection.listing()          # staff look at it; it is kept with the server
        tools = listing.tools(connection)             # in a conversation, from what was kept
        ...
    finally:
        await connection.aclose()

What a server says about itself is untrusted text. Its tools have side effects unless it marks them
read-only and staff trust its marks. A server whose tools are no longer those that staff looked at
is not called. It may die, hang or flood: that ends this connection, and nothing else.

The SDK takes a second and 60 MB to import: it is imported when the first connection is made.
"""

from __future__ import annotations

from .connection import Connection
from .errors import ServerChanged, ServerError
from .listing import ListedTool, Listing
from .servers import HttpServer, Server, StdioServer

__all__ = [
    "Connection",
    "HttpServer",
    "ListedTool",
    "Listing",
    "Server",
    "ServerChanged",
    "ServerError",
    "StdioServer",
]
