"""`manage.py up` as an operator sees it: a real process, real sockets, real signals."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import zlib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from tests.upstream import Reply, ThreadedUpstream, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
START_S = 60


def inherited() -> dict[str, str]:
    """This process's environment without what the tests' settings put there."""
    own = ("DASHSCOPE", "DJANGO", "QWENCHAT")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


class Up:
    """One `manage.py up` on a free port, with its own data."""

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", *arguments],
            cwd=ROOT,
            env={**inherited(), "QWENCHAT_DATA": str(data), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def started(self) -> Self:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "is ready" in line:
                return self
        raise AssertionError(self.process.communicate()[1])

    @property
    def address(self) -> str:
        found = re.search(r"http://[\d.]+:\d+", "".join(self.lines))
        assert found is not None
        return found.group()

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    def password(self) -> str:
        found = re.search(r"admin / (\S+)", "".join(self.lines))
        assert found is not None
        return found.group(1)

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    server = Up(tmp_path_factory.mktemp("up")).started()
    yield server
    server.stop(signal.SIGKILL)


def test_the_page_answers_and_the_server_is_ready(up: Up) -> None:
    assert up.get("/")[0] == 302
    assert up.get("/healthz") == (200, "ok")
    status, body = up.get("/readyz")
    assert status == 200
    assert set(json.loads(body).values()) == {"ok"}
    assert set(json.loads(body)) == {"database", "migrations", "channel_layer", "storage"}


def test_static_files_carry_their_hash_and_never_expire(up: Up) -> None:
    _, page = up.get("/accounts/login/")
    [stylesheet] = re.findall(r'href="(/static/css/tokens\.[0-9a-f]{12}\.css)"', page)
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=30)
    connection.request("GET", stylesheet, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.status == 200
    assert "immutable" in (response.getheader("Cache-Control") or "")
    assert response.getheader("Content-Encoding") == "gzip"
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    connection.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_before_it_is_stored(
    tmp_path: Path, chunked: bool
) -> None:
    server = Up(tmp_path, QWENCHAT_BODY_BYTES="65536").started()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            head = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000000"
            connection.sendall(f"{head}{length}\r\n\r\n".encode())
            if chunked:
                for _ in range(3):
                    connection.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
            answer = b""
            while received := connection.recv(4096):
                answer += received
        assert answer.startswith(b"HTTP/1.1 413")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_large"
        assert server.get("/healthz")[0] == 200
    finally:
        server.stop(signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux' /proc")
def test_a_large_upload_is_never_whole_in_memory(up: Up) -> None:
    """Neither Twisted, which would read the form, nor Daphne, which would queue the body, holds it."""
    file = b"x" * 80_000_000
    body = (
        b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        + file
        + b"\r\n--XX--\r\n"
    )
    up.get("/accounts/login/")
    before = peak_bytes(up.process.pid)
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=60)
    kind = {"Content-Type": "multipart/form-data; boundary=XX"}
    connection.request("POST", "/attachments/", body, headers=kind)
    response = connection.getresponse()
    assert response.status == 401
    response.read()
    connection.close()
    assert peak_bytes(up.process.pid) - before < 30_000_000


def peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def upgrade(up: Up, **headers: str) -> tuple[str, socket.socket]:
    """The head of the answer to a WebSocket upgrade, and the connection."""
    connection = socket.create_connection(("127.0.0.1", up.port), timeout=30)
    key = b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws/ HTTP/1.1",
        f"Host: 127.0.0.1:{up.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(1)
        if not received:
            break
        head += received
    return head.decode(), connection


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1"])
def test_a_socket_from_elsewhere_is_refused_before_the_upgrade(up: Up, origin: str | None) -> None:
    head, connection = upgrade(up, **({} if origin is None else {"Origin": origin}))
    connection.close()
    assert head.startswith("HTTP/1.1 403")


def test_frames_are_compressed_with_a_small_window(up: Up) -> None:
    head, connection = upgrade(
        up,
        Origin=up.address,
        Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
    )
    assert head.startswith("HTTP/1.1 101")
    assert "permessage-deflate" in head
    first, length = connection.recv(2)
    assert first & 0x40  # RSV1: compressed
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    text = zlib.decompressobj(-13).decompress(body + b"\0\0\xff\xff")
    assert json.loads(text)["code"] == "unauthenticated"
    connection.close()


def test_a_frame_of_more_than_a_mebibyte_closes_the_socket(up: Up) -> None:
    cookie = f"sessionid={sign_in(up)}"
    address = f"ws://127.0.0.1:{up.port}/ws/"
    with connect(address, origin=up.address, additional_headers={"Cookie": cookie}) as page:
        assert json.loads(page.recv())["type"] == "hello"
        page.send("x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            page.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_frame_of_which_the_kernel_takes_only_a_part_arrives_whole_and_in_order(
    tmp_path: Path, compression: str | None
) -> None:
    text = random.Random(1).randbytes(150_000).hex()  # hardly to be compressed
    with ThreadedUpstream() as upstream:
        upstream.script(Reply(answer([text[:90_000], text[90_000:]])))
        server = Up(
            tmp_path, DASHSCOPE_API_KEY="sk-test", DASHSCOPE_BASE_URL=upstream.base_url
        ).started()
        try:
            line = socket.socket()
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", server.port))
            with connect(
                f"ws://127.0.0.1:{server.port}/ws/",
                sock=line,
                origin=server.address,
                additional_headers={"Cookie": f"sessionid={sign_in(server)}"},
                compression=compression,
                max_queue=1,
                max_size=None,
            ) as page:
                options = {"format": "text"}
                question = {"conversation": None, "parent": None, "text": "Go", "options": options}
                page.send(json.dumps({"type": "send", "request": "r", **question}))
                # All of it is written before any of it is read: it waits in the server.
                upstream.call(upstream.received().answered.wait())
                shown = ""
                while (event := json.loads(page.recv(timeout=START_S)))["type"] != "end":
                    shown += event.get("text", "")
                page.send(json.dumps({"type": "ping", "request": "p"}))
                while json.loads(page.recv(timeout=START_S))["type"] != "pong":
                    pass
        finally:
            server.stop(signal.SIGKILL)
    assert event["text"] == text
    assert shown == text


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_head_of_a_frame_says_its_size(size: int) -> None:
    written = Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)
    # In a process of its own: importing the server installs Twisted's reactor.
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from qwenchat.serve import *; print(frame_head(0x81, {size}).hex())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert bytes.fromhex(shown.stdout.strip()) == written[: len(written) - size]


def sign_in(up: Up) -> str:
    """Signs the first administrator in as a script would; gives the session cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=30)
    connection.request("GET", "/accounts/login/")
    response = connection.getresponse()
    response.read()
    token = re.search(r"csrftoken=(\w+)", response.getheader("Set-Cookie") or "")
    assert token is not None
    connection.request(
        "POST",
        "/accounts/login/",
        body=f"login=admin&password={up.password()}&csrfmiddlewaretoken={token[1]}",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={token[1]}",
        },
    )
    response = connection.getresponse()
    response.read()
    assert response.status == 302
    cookies = " ".join(value for name, value in response.getheaders() if name == "Set-Cookie")
    session = re.search(r"sessionid=(\w+)", cookies)
    assert session is not None
    connection.close()
    return session[1]


def test_the_first_administrator_is_shown_once_and_sigterm_ends_in_order(tmp_path: Path) -> None:
    first = Up(tmp_path).started()
    assert first.password()
    assert first.stop() == 0
    second = Up(tmp_path).started()
    assert "administrator" not in "".join(second.lines)
    assert second.stop() == 0


def test_the_sandbox_dies_with_its_server(tmp_path: Path) -> None:
    server = Up(tmp_path).started()
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    [child] = children.read_text().split()
    watch = os.pidfd_open(int(child))
    server.stop(signal.SIGKILL)
    assert select.select([watch], [], [], START_S)[0]  # readable once the process has ended
    os.close(watch)


def test_a_taken_port_is_said(up: Up, tmp_path: Path) -> None:
    other = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(up.port)],
        cwd=ROOT,
        env={**inherited(), "QWENCHAT_DATA": str(tmp_path), "DASHSCOPE_API_KEY": "sk-test"},
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert other.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{up.port}" in other.stderr


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited(), **environment},
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


REFUSED: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
    (("up", "--host", "0.0.0.0"), {}, "ALLOWED_HOSTS"),  # noqa: S104  it is refused
    (("up", "--port", "70000"), {}, "70000"),
    (("check",), {"ALLOWED_HOSTS": "chat.example.org", "SECRET_KEY": ""}, "SECRET_KEY is not set"),
    (
        ("check",),
        {"ALLOWED_HOSTS": "chat.example.org", "SECRET_KEY": "x" * 60, "DEBUG": "1"},
        "DEBUG is on",
    ),
    (("check",), {"DEBUG": "perhaps"}, "DEBUG is 'perhaps'"),
    (("check",), {"QWENCHAT_SIGNUP": "maybe"}, "open, approval, closed"),
    (("check",), {"QWENCHAT_FRAME_BYTES": "many"}, "QWENCHAT_FRAME_BYTES is 'many'"),
    (("check",), {"SECRET_KEY_FILE": "/nowhere/at/all"}, "SECRET_KEY_FILE"),
]


@pytest.mark.parametrize(("arguments", "environment", "said"), REFUSED)
def test_what_would_be_unsafe_or_unclear_is_refused_by_name(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    refused = run(*arguments, **{"QWENCHAT_DATA": str(tmp_path), **environment})
    assert refused.returncode != 0
    assert said in refused.stderr
