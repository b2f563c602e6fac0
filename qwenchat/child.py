"""A server of ours as a child process that says where it listens and dies with its parent.

The agreement with the child: started with `--with-parent` it prints one line on stdout once it
accepts connections, and ends when its stdin reaches end of file. The parent holds the other end of
that pipe and never writes, so the child ends even when the parent is killed with signal 9.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping, Sequence

STOP_WITHIN_S = 5.0  # a server without work ends in milliseconds; after that it is killed
SHOWN_OF_STDERR = 4000  # characters: a traceback fits


class ChildFailed(RuntimeError):
    """The child ended or stayed silent instead of saying where it listens."""


class ChildServer:
    """`python -m <module> <arguments>`, waited for until it accepts connections.

    `announces` is the line it prints; its group "url" becomes `base_url`. Used as a context
    manager, or with `start` and `stop`, which may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        announces: re.Pattern[str],
        start_within_s: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *command, "--with-parent"]
        self._announces = announces
        self._start_within_s = start_within_s
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._last_words = ""
        self._line: re.Match[str] | None = None

    @property
    def announcement(self) -> re.Match[str]:
        if self._line is None:
            raise ChildFailed(f"{self.name} has not been started.")
        return self._line

    @property
    def base_url(self) -> str:
        return self.announcement["url"]

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ChildFailed(f"{self.name} is not running.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Starts the child and waits for its line; `ChildFailed` says why there is none."""
        # A file, not a pipe: nobody reads it while all is well, and a full pipe would block.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        environment = {**os.environ, **(self._environment or {}), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment,
            # Ctrl-C in a terminal goes to a whole group: the parent first finishes with us.
            process_group=0,
        )
        line = self._first_line(self._process)
        self._line = self._announces.search(line or "")
        if self._line is None:
            process = self._process
            self.stop()
            raise ChildFailed(self._explanation(line, process.returncode))
        return self

    def stop(self) -> None:
        """Ends the child, at once if it doesn't end by itself; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()  # asks it to end, as the end of this process would
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        if self._stderr:
            self._last_words = self.stderr_text()
            self._stderr.close()
            self._stderr = None

    def stderr_text(self) -> str:
        """What the child has written to stderr so far, its end."""
        if self._stderr is None:
            return self._last_words
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")[-SHOWN_OF_STDERR:].strip()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _first_line(self, process: subprocess.Popen[bytes]) -> str | None:
        """The child's first line; "" when it ended without one, None when time is up."""
        lines: list[bytes] = []

        # A thread, because a pipe can't be waited for with a limit on every system.
        def read() -> None:
            if process.stdout:
                lines.append(process.stdout.readline())

        reader = threading.Thread(target=read, name=f"{self.name} start", daemon=True)
        reader.start()
        reader.join(self._start_within_s)
        if reader.is_alive():
            process.kill()  # ends the reader too: the pipe closes
            reader.join()
            return None
        return lines[0].decode(errors="replace").strip()

    def _explanation(self, line: str | None, ended: int | None) -> str:
        if line is None:
            what = f"said nothing within {self._start_within_s:g} s"
        elif not line:
            what = "ended before it listened" + (f" (exit code {ended})" if ended else "")
        else:
            what = f"said {line!r} instead of where it listens"
        stderr = self.stderr_text()
        return f"{self.name} {what}." + (f" It wrote:\n{stderr}" if stderr else "")


def when_parent_is_gone(act: Callable[[], None]) -> None:
    """In the child: calls `act` from a thread once stdin is at its end."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
