"""Secrets that the server makes for itself, with real processes that want the same one at the same time."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from qwenchat import secret

# Says that it is there, waits for the word, and says what it was given.
ASKS = """
import sys
from pathlib import Path
from qwenchat import secret
print("ready", flush=True)
sys.stdin.readline()
print(secret.kept_in(Path(sys.argv[1])), flush=True)
"""
PROCESSES = 12


@pytest.mark.parametrize("before", [None, "", "\n"], ids=["no file", "empty", "blank"])
def test_processes_that_start_together_have_the_same_secret(tmp_path, before):
    file = tmp_path / "data" / "secret-key"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        assert [each.stdout.readline() for each in asking] == ["ready\n"] * PROCESSES
        for each in asking:
            each.stdin.write("go\n")
            each.stdin.flush()
        given = {each.communicate(timeout=60)[0].strip() for each in asking}
    finally:
        for each in asking:
            each.kill()
    assert given == {file.read_text()}
    assert len(file.read_text()) > 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Nothing half-written lies about.
    assert {path.name for path in file.parent.iterdir()} == {"secret-key", ".secret-key.lock"}


def test_what_is_there_is_only_read(tmp_path):
    file = tmp_path / "secret-key"
    file.write_text("of the operator\n")
    file.chmod(0o400)
    assert secret.kept_in(file) == "of the operator"
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_a_secret_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        secret.kept_in(tmp_path / "secret-key")
    assert [path.name for path in tmp_path.iterdir()] == [".secret-key.lock"]
