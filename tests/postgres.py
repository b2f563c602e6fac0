"""A PostgreSQL server of the tests' own, on a free port, in a folder that goes away with it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """Where initdb and pg_ctl really lie; Debian keeps them out of the PATH."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgreSQL:
    """Started on entering, stopped on leaving. PostgreSQL refuses root, so root runs it as `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder
        self.port = free_port()
        self.base = Path(tempfile.mkdtemp(prefix="qwenchat-postgres-"))
        self.owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.base, account.pw_uid, account.pw_gid)
            self.owner = {"user": "postgres", "group": "postgres", "extra_groups": []}

    @classmethod
    def found(cls) -> Self | None:
        folder = binaries()
        return cls(folder) if folder else None

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=self.base,
            check=True,
            stdout=subprocess.DEVNULL,
            **self.owner,
        )

    def __enter__(self) -> Self:
        data = str(self.base / "data")
        self.run(
            "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
            "--locale=C.UTF-8",
        )  # fmt: skip
        self.run(
            "pg_ctl", "-D", data, "-w", "-l", str(self.base / "log"), "-o",
            f"-p {self.port} -k {self.base} -c listen_addresses=127.0.0.1 -c fsync=off",
            "start",
        )  # fmt: skip
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.run("pg_ctl", "-D", str(self.base / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.base, ignore_errors=True)
