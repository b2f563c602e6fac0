"""Servers behind a URL: the SDK's own, over a real socket, and ones that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_network

import pytest

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.mcp import Connection, HttpServer, ServerError
from qwenchat.tools.running import Call, Run
from tests.tools.fetching.servers import (
    Names,
    certificates,
    endless,
    page,
    redirect,
    serving,
    silent_after,
)

pytest.importorskip("mcp", reason="the package mcp is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")

NAME = "mcp.example"


@contextmanager
def running(**options):
    """The SDK's kind of server on a free port of 127.0.0.1, in a thread of its own."""
    from mcp.server.transport_security import TransportSecuritySettings

    from tests.tools.mcp.library_server import library

    app = library().streamable_http_app(
        # It would otherwise take no other name than localhost.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        **options,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture(scope="module", params=[False, True], ids=["streamed", "plain JSON"])
def library(request):
    with running(json_response=request.param) as port:
        yield port


@asynccontextmanager
async def connected(port, path="/mcp", **options):
    options = {"allow": (f"{NAME}:{port}",), "timeout_s": 10.0, **options}
    server = HttpServer(
        "library",
        f"http://{NAME}:{port}{path}",
        resolver=Names(mcp_example="127.0.0.1", other_example="127.0.0.1"),
        **options,
    )
    connection = Connection(server)
    try:
        yield connection
    finally:
        await connection.aclose()


async def problem(connection: Connection) -> ServerError:
    with pytest.raises(ServerError) as failed:
        await connection.listing()
    return failed.value


async def test_the_sdks_own_server_is_listed_and_called(library):
    async with connected(library) as connection:
        tools = (await connection.listing()).tools(connection)
        marks = {tool.name: tool.side_effects for tool in tools}
        found, failed, waiting = await Run(tools, Context()).round(
            [
                Call("1", "library__look_up", '{"title": "Ulysses"}'),
                Call("2", "library__fail", "{}"),
                Call("3", "library__lend", '{"title": "Ulysses"}'),
            ]
        )
    assert marks == {
        "library__look_up": False,
        "library__lend": True,
        "library__fail": False,
        "library__wait": False,
        "library__headers": False,
    }
    assert tools[0].origin == NAME
    assert (found.state, found.result) == ("done", "Ulysses: on the shelf")
    assert (failed.state, failed.code) == ("failed", "tool")
    assert waiting.state == "refused"  # lending is a side effect, and nobody was asked


async def test_its_secrets_and_the_right_host_are_sent_and_no_others(library):
    async with connected(library, headers={"Authorization": "s3"}) as connection:
        listing = await connection.listing()
        headers = next(tool for tool in listing.listed if tool.remote_name == "headers")
        sent = json.loads(str(await connection.call(headers, {})))
    assert sent["authorization"] == "s3"
    assert sent["host"] == f"{NAME}:{library}"
    assert sent["user-agent"].startswith("qwenchat/")
    assert "cookie" not in sent


async def test_a_tool_that_hangs_is_left_and_the_connection_lives(library):
    async with connected(library, timeout_s=1.0) as connection:
        listing = await connection.listing()
        by_name = {tool.remote_name: tool for tool in listing.listed}
        with pytest.raises(ServerError) as failed:
            await connection.call(by_name["wait"], {})
        assert failed.value.code == "timeout"
        again = await connection.call(by_name["look_up"], {"title": "Emma"})
    assert again == "Emma: on the shelf"


async def test_stopping_an_answer_leaves_the_connection_usable(library):
    async with connected(library) as connection:
        by_name = {tool.remote_name: tool for tool in (await connection.listing()).listed}
        task = asyncio.create_task(connection.call(by_name["wait"], {}))
        await asyncio.wait({task}, timeout=0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        again = await connection.call(by_name["look_up"], {"title": "Emma"})
    assert again == "Emma: on the shelf"


async def test_a_server_that_ends_is_an_error_of_the_next_call():
    with running(stateless_http=True) as port:
        async with connected(port) as connection:
            listing = await connection.listing()
    async with connected(port) as connection:
        with pytest.raises(ServerError) as failed:
            await connection.call(listing.listed[0], {"title": "Emma"})
    assert failed.value.code == "unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/mcp",
        "http://127.1:{port}/mcp",
        "http://2130706433:{port}/mcp",
        "http://[::ffff:127.0.0.1]:{port}/mcp",
        "http://inner.example:{port}/mcp",
        "http://a:b@mcp.example:{port}/mcp",
        "http://169.254.169.254/mcp",
        "file:///etc/passwd",
        "ws://mcp.example/",
    ],
)
async def test_addresses_are_judged_as_for_any_fetch(url):
    async with serving({"/mcp": page(b"{}", "application/json")}) as inner:
        server = HttpServer(
            "inner", url.format(port=inner.port), resolver=Names(inner_example="127.0.0.1,1.1.1.1")
        )
        connection = Connection(server)
        error = await problem(connection)
        await connection.aclose()
    assert error.code == "refused"
    assert inner.connections == 0


async def test_a_redirect_to_another_place_is_not_followed():
    async with serving({"/": page(b"{}", "application/json")}) as inner:
        location = f"http://127.0.0.1:{inner.port}/"
        async with (
            serving({"/mcp": redirect(location, 307)}) as server,
            connected(server.port) as connection,
        ):
            assert (await problem(connection)).code == "protocol"
    assert inner.connections == 0


async def test_the_certificate_has_to_be_for_the_name(tmp_path, monkeypatch):
    server_tls, client_tls = certificates(tmp_path, "another.example", "127.0.0.1")
    monkeypatch.setattr("qwenchat.tools.mcp.http.trusted", lambda: client_tls)
    async with serving({"/mcp": page(b"{}")}, tls=server_tls) as server:
        connection = Connection(
            HttpServer(
                "tls",
                f"https://{NAME}:{server.port}/mcp",
                resolver=Names(mcp_example="127.0.0.1"),
                allow=(f"{NAME}:{server.port}",),
            )
        )
        error = await problem(connection)
        await connection.aclose()
    assert error.code == "tls"
    assert server.requests == []
    assert server.server_names == [NAME]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (endless(b"x" * 65536, "application/json"), "flood"),
        (endless(b": comment\n\n" * 1000, "text/event-stream"), "flood"),
        (endless(b"data: x\n\n" * 1000, "text/event-stream"), "protocol"),
        (endless(b"x" * 65536, "text/event-stream"), "protocol"),
        (page(gzip.compress(b"{}"), "application/json", Content_Encoding="gzip"), "refused"),
        (page(b"<p>Hello</p>", "text/html"), "protocol"),
        (page(b"[" * 100_000, "application/json"), "protocol"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "protocol"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "unauthorized"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "unauthorized"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "nothing"),
        (b"SSH-2.0-OpenSSH\r\n", "protocol"),
        (b"", "protocol"),
        (silent_after(b""), "timeout"),
        (silent_after(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"), "timeout"),
    ],
)
async def test_a_server_that_misbehaves_is_an_error_and_nothing_else(answer, code):
    timeout_s = 1.0 if code == "timeout" else 20.0
    async with (
        asyncio.timeout(40),
        serving({"/mcp": answer}) as server,
        connected(server.port, timeout_s=timeout_s) as connection,
    ):
        error = await problem(connection)
    assert error.code in {code, "died"}
    assert NAME not in str(error)
    assert isinstance(error, ToolError)


@pytest.mark.parametrize(
    ("host", "code"),
    [("8.8.8.8", "plain"), ("127.0.0.1", "unreachable"), (NAME, "unreachable")],
)
async def test_secrets_go_to_no_public_address_without_encryption(host, code):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    connection = Connection(
        HttpServer(
            "library",
            f"http://{host}:{port}/mcp",
            headers={"Authorization": "Bearer s3cret-s3cret"},
            allow=(ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")),
            resolver=Names(mcp_example="127.0.0.1"),
        )
    )
    assert (await problem(connection)).code == code
    await connection.aclose()


async def test_nobody_at_the_address_is_said():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    async with connected(port) as connection:
        assert (await problem(connection)).code == "unreachable"
