"""Runs everything that a change has to pass, in the order in which it fails fastest.

`python -m tests.run` for all of it, `--static` for what needs no test run. Browser tests run by themselves:
Playwright's loop and pytest-asyncio's cannot share a process. A part of the suite runs once more against
PostgreSQL where that is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import PostgreSQL

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]
PYTEST = [sys.executable, "-m", "pytest"]


def step(name: str, command: list[str], **environment: str) -> bool:
    print(f"\n== {name}", flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    return done.returncode == 0


def static_checks() -> bool:
    results = [
        step("ruff", [str(BIN / "ruff"), "check", "."]),
        step("format", [str(BIN / "ruff"), "format", "--check", "."]),
        step("types", [str(BIN / "mypy"), "."]),
        step("templates", [str(BIN / "djlint"), "--lint", "--quiet", "templates"]),
        step("template format", [str(BIN / "djlint"), "--check", "--quiet", "templates"]),
        step(
            "migrations",
            [*MANAGE, "makemigrations", "--check", "--dry-run"],
            DJANGO_SETTINGS_MODULE="tests.settings",
        ),
    ]
    return all(results)


def tests() -> bool:
    browser = [*PYTEST, "-m", "browser", "-p", "no:asyncio", "-q"]
    results = [
        step("tests", [*PYTEST, "-m", "not browser", "-p", "no:playwright", "-n", "2", "-q"]),
        # A browser on a machine that is busy with other things can be late once; what is broken is so twice.
        step("browser", [*browser, *BESIDE], DJANGO_ALLOW_ASYNC_UNSAFE="1")
        or step(
            "browser, what failed once more",
            [*browser, "--last-failed", "--last-failed-no-failures", "none"],
            DJANGO_ALLOW_ASYNC_UNSAFE="1",
        ),
    ]
    server = PostgreSQL.found()
    if server is None:
        print("\n== PostgreSQL: skipped, it is not installed", flush=True)
        return all(results)
    with server:
        results.append(
            step(
                "PostgreSQL",
                [
                    *PYTEST,
                    "-m",
                    "not browser",
                    "-p",
                    "no:playwright",
                    "-n",
                    "2",
                    "-q",
                    *ON_POSTGRESQL,
                ],
                DATABASE_URL=server.url,
            )
        )
    return all(results)


# Two files at a time: each has a server and a browser of its own, which mostly wait.
BESIDE = ["-n", "2", "--dist", "loadfile"]
ON_POSTGRESQL = ["tests/conversations", "tests/review", "tests/pages", "tests/toolbox"]


def main() -> int:
    if not static_checks():
        print("\nThe static checks failed.", flush=True)
        return 1
    if "--static" in sys.argv:
        return 0
    return 0 if tests() else 1


if __name__ == "__main__":
    sys.exit(main())
