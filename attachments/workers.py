"""Worker processes: started ahead, given one job each, watched, and ended when their time is over.

Nothing that a stranger sent is decoded in this process. At most `slots` jobs run at once; whoever comes
later waits, and is told to come back when the wait grows too long.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .decoding.unusable import Unusable
from .limits import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
ANSWER_BYTES = 4 * 1024 * 1024  # the facts of 2,000 page images are a tenth of this
MEGABYTE = 1024 * 1024
SHOWN_OF_STDERR = 2000
# Wall time is this many times the processor's: the machine has other things to do.
PATIENCE = 6
GOODBYE_S = 0.2
# Killed by us, or by the system for using up its processor time.
TIME_WAS_UP = (-9, -24)


class Crowded(Exception):
    """All workers are busy and others are waiting already."""


@dataclass(frozen=True, slots=True)
class Job:
    """One look into one file. `writes`: the task is given a folder to write into."""

    task: str
    source: Path
    limits: dict[str, int]
    arguments: dict[str, Any] = field(default_factory=dict)
    writes: bool = True
    cpu_s: int = 10
    memory_bytes: int = 512 * MEGABYTE
    file_bytes: int = 256 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Found:
    """What the worker found: facts as JSON values, files in `folder`, and what it took."""

    facts: dict[str, Any]
    folder: Path
    memory_bytes: int
    seconds: float


def slots() -> int:
    """How many long jobs run at once: half of the processors, so that answers keep the other half."""
    return max(1, min(limits().decoding_processes, (os.cpu_count() or 2) // 2))


class Workers:
    """Runs jobs, at most `slots` at once."""

    def __init__(self, slots: int, *, ahead: bool) -> None:
        """`ahead`: the next process is started before its job is there, which saves its start-up."""
        self.slots = threading.BoundedSemaphore(slots)
        self.ahead = ahead
        self.lock = threading.Lock()
        self.spare: Worker | None = None
        self.closed = False
        atexit.register(self.close)

    @contextmanager
    def run(self, job: Job, *, wait_s: float, folder: Path) -> Iterator[Found]:
        """The job's finding, with its files in a folder under `folder` that is gone afterwards.

        `Unusable` says why the file cannot be used, `Crowded` that no worker became free within `wait_s`.
        """
        if not self.slots.acquire(timeout=wait_s):
            raise Crowded
        try:
            folder.mkdir(parents=True, exist_ok=True)
            out = Path(tempfile.mkdtemp(prefix="job-", dir=folder))
            try:
                found = self.finding(job, out)
            except BaseException:
                shutil.rmtree(out, ignore_errors=True)
                raise
        finally:
            self.slots.release()
        try:
            yield found
        finally:
            shutil.rmtree(out, ignore_errors=True)

    def finding(self, job: Job, out: Path) -> Found:
        worker = self.taken()
        try:
            answer = worker.answer(job, out)
            worker.end()
            if answer is None:
                code = worker.process.returncode
                logger.warning(
                    "a worker ended without an answer",
                    extra={"task": job.task, "code": code, "said": worker.last_words()},
                )
                raise Unusable("too_slow" if code in TIME_WAS_UP else "broken")
        finally:
            worker.close()
        if "unusable" in answer:
            raise Unusable(str(answer["unusable"]), **answer.get("facts", {}))
        return Found(
            answer["found"], out, int(answer.get("memory", 0)), float(answer.get("seconds", 0))
        )

    def taken(self) -> Worker:
        """The process that waits, or a new one; another is started for the next."""
        with self.lock:
            worker, self.spare = self.spare, None
            if worker is not None and worker.process.poll() is not None:
                worker.close()
                worker = None
            if worker is None:
                worker = started()
            if self.ahead and not self.closed:
                self.spare = started()
        return worker

    def close(self) -> None:
        with self.lock:
            self.closed = True
            worker, self.spare = self.spare, None
        if worker is not None:
            worker.close()


@dataclass(slots=True)
class Worker:
    """One process, and the file that holds what its libraries say."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    def answer(self, job: Job, out: Path) -> dict[str, Any] | None:
        """What it found; None when it ended, or its time was over, without an answer."""
        order = {
            "task": job.task,
            "source": str(job.source),
            "out": str(out),
            "writes": job.writes,
            "limits": job.limits,
            "arguments": job.arguments,
            "cpu_s": job.cpu_s,
            "memory_bytes": job.memory_bytes,
            "file_bytes": job.file_bytes,
        }
        if self.process.stdin is None or self.process.stdout is None:
            return None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:  # it died while it waited
            return None
        line = line_within(self.process.stdout, job.cpu_s * PATIENCE)
        if line is None:
            return None
        try:
            answer = json.loads(line)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def end(self) -> None:
        """One that has answered ends by itself; it is not waited for long."""
        try:
            self.process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-SHOWN_OF_STDERR:]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.errors.close()


def started() -> Worker:
    """A worker that has its imports and waits; it has nothing of this process's environment."""
    # A file, not a pipe: a full pipe would block, and what hostile input makes a library say is long.
    errors = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
    process = subprocess.Popen(
        [sys.executable, "-m", "attachments.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            # Each arena maps 64 MB of address space, which is what is counted.
            "MALLOC_ARENA_MAX": "2",
            **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}),
        },
        # Ctrl-C in a terminal goes to a whole group: the server finishes with its workers itself.
        process_group=0,
    )
    return Worker(process, errors)


def line_within(pipe: IO[bytes], seconds: float) -> bytes | None:
    """The pipe's first line; None when it ends or time is over before one is whole."""
    deadline = time.monotonic() + seconds
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while b"\n" not in data:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
            piece = os.read(pipe.fileno(), 65_536)
            data += piece
            if not piece or len(data) > ANSWER_BYTES:
                return None
    return data.partition(b"\n")[0]
