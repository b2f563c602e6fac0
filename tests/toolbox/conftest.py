"""Somebody who may manage tools, and servers to be managed: the SDK's own, and one that others wrote."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Permission, User

from conversations.toolbox.models import ToolServer
from conversations.toolbox.reading import accept, read

LIST = "/admin/conversations/toolserver/"


@pytest.fixture
def tess(db):
    user = User.objects.create_user("tess", "tess@example.org", "pw", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="manage_tools"))
    return user


@contextmanager
def library(description="Looks a book up.", port=0, **more_tools):
    """A server made with the SDK on a free port of 127.0.0.1; its port. `more_tools` by description."""
    pytest.importorskip("mcp", reason="the package mcp is not installed")
    from .library_server import library as made

    with on_a_port(made(description, more_tools), port) as port:
        yield port


@contextmanager
def on_a_port(made, port=0):
    """A server of the SDK in a thread of its own; its port, a free one unless it is given."""
    import uvicorn

    app = made.streamable_http_app()
    listening = socket.create_server(("127.0.0.1", port))
    web = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        web.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture(scope="module")
def library_port():
    with library() as port:
        yield port


def at(port, **fields):
    """A server of staff's at that port, neither read nor accepted."""
    fields = {"name": "library", "allow_private": f"127.0.0.1:{port}", **fields}
    return ToolServer.objects.create(url=f"http://127.0.0.1:{port}/mcp", **fields)


def time_server(**fields):
    """The program mcp-server-time, which this project did not write."""
    pytest.importorskip("mcp_server_time", reason="the package mcp-server-time is not installed")
    arguments = ["-m", "mcp_server_time", "--local-timezone", "UTC"]
    fields = {"command": sys.executable, "arguments": arguments, **fields}
    return ToolServer.objects.create(name="time", kind="stdio", **fields)


def accepted(server, by):
    """The same server with its tools read and accepted."""
    assert read(server) == ""
    server.refresh_from_db()
    accept(server, server.fingerprint, by)
    server.refresh_from_db()
    return server


def move(server, port):
    """The server is now behind another port, without anybody of the staff having said so."""
    server.url = f"http://127.0.0.1:{port}/mcp"
    server.allow_private = f"127.0.0.1:{port}"
    server.save()
