"""A Redis server of the tests' own, on a free port, that keeps nothing."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.postgres import free_port

START_S = 10


class RedisServer:
    """Started on entering, stopped on leaving."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="qwenchat-redis-"))
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def found(cls) -> Self | None:
        program = shutil.which("redis-server")
        return cls(program) if program else None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self.process = subprocess.Popen(
            [self.program, *options, str(self.folder)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_S
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("redis-server did not start")
        return self

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def __exit__(self, *exc_info: object) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
