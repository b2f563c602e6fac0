"""The sandbox as a process: its one line, its ends, and what is said when it can't start."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from qwenchat.child import ChildFailed, ChildServer
from qwenchat.sandbox.process import SandboxProcess


def command(*arguments):
    return [sys.executable, "-m", "qwenchat.sandbox", "--port", "0", *arguments]


def ended(process):
    """Waits for the end and gives the exit code, closing what was opened."""
    with process:
        return process.wait(20)


def test_a_closed_socket_stops_the_answer_in_the_real_server():
    process = subprocess.Popen(
        command("--verbose", "--rate", "100"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        url = process.stdout.readline().decode().split()[-1]
        body = {"model": "qwen-plus", "stream": True}
        body["messages"] = [{"role": "user", "content": "/sandbox endless"}]
        with httpx.stream(
            "POST",
            f"{url}/compatible-mode/v1/chat/completions",
            json=body,
            headers={"authorization": "Bearer sk-x"},
        ) as answer:
            next(answer.iter_bytes())
        line = process.stderr.readline().decode()
        assert "answer disconnected after" in line
    finally:
        process.terminate()
        assert ended(process) == 0


def test_the_line_is_printed_once_and_sigterm_ends_it():
    process = subprocess.Popen(command(), stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    line = process.stdout.readline().decode()
    assert re.fullmatch(r"Sandbox listening on http://127\.0\.0\.1:\d+\n", line)
    assert httpx.get(line.split()[-1]).text.startswith("This is the qwenchat sandbox")
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    assert ended(process) == 0
    assert rest == b""


def test_with_parent_it_ends_with_its_stdin():
    process = subprocess.Popen(
        command("--with-parent"), stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdin.close()
    assert ended(process) == 0


def test_it_ends_when_its_parent_is_killed():
    program = (
        "import sys; from qwenchat.sandbox.process import SandboxProcess\n"
        "child = SandboxProcess().start(); print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.kill()
        assert ended(parent) == -signal.SIGKILL
        readable, _, _ = select.select([child], [], [], 20)
        assert readable, "the sandbox outlived its parent"
    finally:
        os.close(child)


def test_a_taken_port_is_said_clearly(sandbox):
    port = urlsplit(sandbox.base_url).port
    with pytest.raises(ChildFailed, match=r"exit code 1(?s:.*)can't listen"):
        SandboxProcess(port=port).start()


def test_stop_ends_the_process_and_can_be_called_twice():
    process = SandboxProcess().start()
    child = os.pidfd_open(process.pid)
    process.stop()
    process.stop()
    assert not process.is_running
    readable, _, _ = select.select([child], [], [], 20)
    os.close(child)
    assert readable


def child_that(does, tmp_path, within_s=20.0):
    (tmp_path / "pretender.py").write_text(does)
    return ChildServer(
        "The pretender",
        ["pretender"],
        announces=re.compile(r"^Here: (?P<url>\S+)$"),
        start_within_s=within_s,
        environment={"PYTHONPATH": str(tmp_path)},
    )


def test_a_child_that_stays_silent_is_given_up(tmp_path):
    silent = child_that("import sys; sys.stderr.write('busy'); sys.stdin.read()", tmp_path, 1.0)
    with pytest.raises(ChildFailed, match=r"The pretender said nothing within 1 s"):
        silent.start()
    assert not silent.is_running


def test_a_child_that_says_something_else_is_quoted(tmp_path):
    with pytest.raises(ChildFailed, match=r"said 'Good morning' instead of where it listens"):
        child_that("print('Good morning')", tmp_path).start()


def test_a_child_that_fails_is_explained_by_its_stderr(tmp_path):
    with pytest.raises(ChildFailed, match=r"\(exit code 3\)\. It wrote:\nno luck"):
        child_that("import sys; sys.stderr.write('no luck'); sys.exit(3)", tmp_path).start()


def test_a_child_that_ignores_the_end_of_its_stdin_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("qwenchat.child.STOP_WITHIN_S", 0.2)
    stubborn = child_that(
        "import threading; print('Here: x', flush=True); threading.Event().wait()", tmp_path
    )
    with stubborn:
        assert stubborn.base_url == "x"
        assert stubborn.is_running
    assert not stubborn.is_running
