"""The real thing as a process of its own: `manage.py up` on a free port, with a data folder of its own.

`people` and `seeding` write into its database beside it, as another process of the server would.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from django.conf import settings
from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
READY = re.compile(r"qwenchat is ready: http://127\.0\.0\.1:(?P<port>\d+)/")
ADMINISTRATOR = re.compile(r"First administrator: (?P<name>\S+) / (?P<password>\S+)")
START_WITHIN_S = 90.0  # four seconds here; imports take long on a machine that is busy
OURS = ("DASHSCOPE_", "QWENCHAT_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")


class App:
    """A server; enter it to start it. After `kill`, `start` brings it back on the same port and data."""

    def __init__(
        self, data: Path, *, arguments: Sequence[str] = (), **environment: str | None
    ) -> None:
        self.data = data
        self.port = 0
        self.administrator: tuple[str, str] | None = None
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._stderr: IO[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """The alias under which Django's ORM reaches this server's database from the test."""
        alias = f"app-{self.data.name}"
        if alias not in connections.settings:
            default = connections.settings["default"]
            connections.settings[alias] = {**default, "NAME": str(self.data / "qwenchat.sqlite3")}
        return alias

    def start(self) -> Self:
        if self._stderr is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as this object
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *self._arguments],
            cwd=ROOT,
            env=self._whole_environment(),
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            process_group=0,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self._process, ready), daemon=True).start()
        if not ready.wait(START_WITHIN_S) or not self.port:
            self.kill()
            raise AssertionError(f"The server did not start:\n{self.stderr_text()}")
        return self

    def kill(self) -> None:
        """What `kill -9` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None
        if self.database in connections.settings:
            connections[self.database].close()

    def stderr_text(self) -> str:
        """Its log."""
        if self._stderr is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, sent: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        process.send_signal(sent)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if found := ADMINISTRATOR.search(line):
                    self.administrator = (found["name"], found["password"])
                if found := READY.search(line):
                    self.port = int(found["port"])
                    ready.set()
        ready.set()  # it ended without a word

    def _whole_environment(self) -> Mapping[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        # The same secret as this process's: sessions that the test writes are valid there.
        own: dict[str, str | None] = {
            "QWENCHAT_DATA": str(self.data),
            "SECRET_KEY": settings.SECRET_KEY,
            "QWENCHAT_DRAIN_SECONDS": "1",
            "QWENCHAT_ANONYMOUS_PER_MINUTE": "10000",
            "PYTHONUNBUFFERED": "1",
            **self._environment,
        }
        return inherited | {name: value for name, value in own.items() if value is not None}
