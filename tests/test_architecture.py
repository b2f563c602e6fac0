"""The arrows of the design: who may import whom. A turned arrow fails here, with its file and line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Room -> what its modules must not import.
FRAMEWORKS = ("django", "channels")
APPLICATIONS = ("conversations", "attachments")
FORBIDDEN = {
    "qwenchat/dashscope": (
        *FRAMEWORKS,
        *APPLICATIONS,
        "qwenchat.markup",
        "qwenchat.sandbox",
        "qwenchat.tools",
    ),
    "qwenchat/markup": (
        *FRAMEWORKS,
        *APPLICATIONS,
        "qwenchat.dashscope",
        "qwenchat.sandbox",
        "qwenchat.tools",
    ),
    "qwenchat/sandbox": (*FRAMEWORKS, *APPLICATIONS, "qwenchat.markup"),
    "qwenchat/tools": (*FRAMEWORKS, *APPLICATIONS, "qwenchat.sandbox", "qwenchat.dashscope"),
    "qwenchat/accounts": ("conversations", "attachments"),
    "attachments": ("conversations",),
}
# Where the project is put together, so that it may know all rooms.
ASSEMBLY = {"qwenchat/asgi.py", "qwenchat/management/commands/up.py", "qwenchat/urls.py"}
ORACLES = ("openai", "dashscope")


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> list[tuple[str, int]]:
    """Every module that a file imports, at any depth of the file, with absolute names."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*base, *([node.module] if node.module else [])])
            found += [
                (name, node.lineno),
                *((f"{name}.{alias.name}", node.lineno) for alias in node.names),
            ]
    return found


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_arrow_turns_round(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(room)
        for name, line in imports(path)
        for package in FORBIDDEN[room]
        if is_within(name, package)
    ]
    assert wrong == []


def test_the_rooms_of_qwenchat_do_not_know_the_applications() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("qwenchat")
        if str(path.relative_to(ROOT)) not in ASSEMBLY
        for name, line in imports(path)
        if is_within(name, "conversations") or is_within(name, "attachments")
    ]
    assert wrong == []


def test_the_official_clients_serve_the_tests_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for room in ("qwenchat", "conversations", "attachments")
        for path in modules(room)
        for name, line in imports(path)
        if any(is_within(name, oracle) for oracle in ORACLES)
    ]
    assert wrong == []


def test_tasks_are_started_where_somebody_keeps_them() -> None:
    allowed = {"runner.py", "process.py", "consumers.py"}
    wrong = [
        str(path.relative_to(ROOT))
        for path in modules("conversations")
        if "create_task(" in path.read_text(encoding="utf-8") and path.name not in allowed
    ]
    assert wrong == []
