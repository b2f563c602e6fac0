"""`python -m attachments.worker`: looks into one file, says what it found, and ends.

Reads one job as a line of JSON from stdin, answers with one line of JSON on stdout, and writes files only
into the job's folder. It is given no environment but a path, so it knows no key and no database; its
memory, processor time, file sizes and open files are limited before it opens anything. One job a process:
what one file breaks, the next never meets.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from qwenchat.child import when_parent_is_gone

from .decoding.unusable import Unusable

resource: Any
try:
    import resource
except ImportError:  # Windows: time limits from outside are all there is
    resource = None

NICENESS = 15  # answers that stream from this machine come first
OPEN_FILES = 64
TASKS = {
    "image": ("images", "prepare"),
    "resize": ("images", "resize"),
    "video_check": ("videos", "check"),
    "video": ("videos", "prepare"),
    "frames": ("videos", "frames"),
    "pdf_check": ("pdfs", "check"),
    "pdf": ("pdfs", "prepare"),
    "pages": ("pdfs", "page_images"),
    "zip_check": ("containers", "check"),
    "office": ("office", "prepare"),
    "text": ("plain", "prepare"),
}
# Loaded in the waiting process, so that a picture, the commonest file, finds everything in place.
WARM = "attachments.decoding.images"


def main() -> None:
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries that print do not reach the answer
    importlib.import_module(WARM)
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return
    when_parent_is_gone(lambda: os._exit(3))
    answer = outcome(json.loads(line))
    answer["memory"] = peak_bytes()
    answer_to.write(json.dumps(answer) + "\n")
    answer_to.flush()


def outcome(job: dict[str, Any]) -> dict[str, Any]:
    """`{"found": …}`, or `{"unusable": reason, "facts": …}`."""
    module, name = TASKS[job["task"]]
    task = getattr(importlib.import_module(f"attachments.decoding.{module}"), name)
    confine(job)
    started = time.perf_counter()
    try:
        arguments = dict(job["arguments"])
        if job["writes"]:
            arguments["out"] = Path(job["out"])
        found = task(Path(job["source"]), limits=job["limits"], **arguments)
    except Unusable as unusable:
        return {"unusable": unusable.reason, "facts": unusable.facts}
    except MemoryError:
        return {"unusable": "too_heavy", "facts": {}}
    except RecursionError:
        return {"unusable": "broken", "facts": {}}
    return {"found": found, "seconds": round(time.perf_counter() - started, 3)}


def confine(job: dict[str, Any]) -> None:
    """From here on this process can take no more than it was given."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if resource is None:
        return
    lower(resource.RLIMIT_CPU, job["cpu_s"])
    lower(resource.RLIMIT_FSIZE, job["file_bytes"])
    lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    lower(resource.RLIMIT_CORE, 0)
    mapped = mapped_bytes()
    if mapped:
        # What is mapped so far are the libraries; the job's memory comes on top.
        lower(resource.RLIMIT_AS, mapped + job["memory_bytes"])


def lower(what: int, limit: int) -> None:
    _soft, hard = resource.getrlimit(what)
    most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(what, (most, most))


def mapped_bytes() -> int:
    """The process's address space, 0 where the system does not say (then memory is not limited)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_bytes() -> int:
    """The most memory that this process had. Linux' `ru_maxrss` would tell of the parent too, from before
    this program was started in its place."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    if resource is None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


if __name__ == "__main__":
    main()
