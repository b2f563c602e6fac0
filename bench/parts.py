"""A measurement's processes: upstream, baseline and app, ended by whoever started them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# On a machine where others work too: a nice value for all processes of a measurement, e.g. -10 as root.
NICE = ["nice", "-n", os.environ["BENCH_NICE"]] if os.environ.get("BENCH_NICE") else []
ROOT = Path(__file__).resolve().parent.parent
PEOPLE = 200
RAISED = {
    "QWENCHAT_ANSWERS_PER_MINUTE": "1000000",
    "QWENCHAT_COMMANDS_PER_MINUTE": "1000000",
    "QWENCHAT_RUNNING_ANSWERS": "1000",
    "QWENCHAT_SOCKETS_PER_USER": "1000",
    "QWENCHAT_LOG_LEVEL": "warning",
}


@dataclass
class Part:
    name: str
    process: subprocess.Popen[str]
    port: int
    cookies: list[str] = field(default_factory=list)
    data: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(command: list[str], env: dict[str, str], port_in: str, log: IO[str]) -> tuple[Any, int]:
    """Starts a program and waits for the line in which it names its port."""
    process = subprocess.Popen(
        [*NICE, *command],
        cwd=ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(port_in, line)
        if found:
            return process, int(found[1])
    raise RuntimeError(f"{command} ended with {process.wait()}")


@contextlib.contextmanager
def parts(
    *, baseline: bool = True, environment: dict[str, str] | None = None
) -> Iterator[dict[str, Part]]:
    """Upstream, app and, if wanted, baseline, ready to be asked; on a temporary folder."""
    python = sys.executable
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qwenchat-bench-"))
        log = stack.enter_context((Path(folder) / "log").open("w+"))
        running: dict[str, Part] = {}

        def begin(name: str, command: list[str], env: dict[str, str], port_in: str) -> Part:
            part = running[name] = Part(name, *start(command, env, port_in, log))
            stack.callback(part.end)
            return part

        source = begin("upstream", [python, "-m", "bench.upstream"], {}, r"listening (\d+)")
        base = f"http://127.0.0.1:{source.port}/compatible-mode/v1"
        env = RAISED | {
            "QWENCHAT_DATA": f"{folder}/data",
            "DASHSCOPE_API_KEY": "sk-bench",
            "DASHSCOPE_BASE_URL": base,
        }
        env |= environment or {}
        app = begin(
            "app",
            [python, "manage.py", "up", "--port", "0"],
            env,
            r"http://127\.0\.0\.1:(\d+)/ ",
        )
        made = subprocess.run(
            [python, "-m", "bench.people", str(PEOPLE)],
            cwd=ROOT,
            env=os.environ | env,
            stdout=subprocess.PIPE,
            check=True,
        )
        app.cookies = json.loads(made.stdout)
        app.data = env["QWENCHAT_DATA"]
        if baseline:
            begin(
                "baseline",
                [python, "-m", "bench.baseline", "--upstream", base],
                {},
                r"listening (\d+)",
            )
        try:
            yield running
        finally:
            log.seek(0)
            for line in log.read().splitlines()[-20:]:
                print("log:", line, file=sys.stderr)


def load(part: Part, **wishes: Any) -> dict[str, Any]:
    """Runs one load against a part, in a process of its own, and gives what it found."""
    asked = {"port": part.port, "pid": part.pid, "cookies": part.cookies, **wishes}
    done = subprocess.run(
        [*NICE, sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=asked.get("limit_s", 120) + 60,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
