"""The arrows of the design: who may import whom. A turned arrow fails here, with its file and line."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent

ROOMS = ("qwenchat", "conversations", "attachments")
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
    # A link shows what was frozen: its page runs nothing, and asks neither tools nor the service.
    "conversations/sharing": (
        "conversations.generation",
        "conversations.service",
        "conversations.toolbox",
        "conversations.views",
    ),
    "conversations/toolbox": (
        "conversations.generation",
        "conversations.presenting",
        "conversations.sharing",
        "conversations.views",
    ),
    "conversations/generation": ("conversations.consumers", "conversations.views"),
}
# Whoever starts, stops or tells running answers; everything else reads rows.
REACH_GENERATION = {
    "conversations/approving.py",
    "conversations/consumers.py",
    "conversations/process.py",
    "conversations/views/changes.py",
}
# Where the project is put together, so that it may know all rooms.
ASSEMBLY = {"qwenchat/asgi.py", "qwenchat/management/commands/up.py", "qwenchat/urls.py"}
ORACLES = ("openai", "dashscope")


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def loaded(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is loaded: not those of functions, nor what only types need."""
    for node in body:
        yield node
        if (isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING") or isinstance(
            node, ast.Try
        ):
            yield from loaded([*node.body, *node.orelse])


def imports(path: Path, *, only_loaded: bool = False) -> list[tuple[str, int]]:
    """Every module that a file imports, at any depth of the file, with absolute names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found: list[tuple[str, int]] = []
    for node in loaded(tree.body) if only_loaded else ast.walk(tree):
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


def test_few_modules_reach_running_answers() -> None:
    reaching = {
        str(path.relative_to(ROOT))
        for path in modules("conversations")
        if "generation" not in path.parts
        for name, _ in imports(path)
        if is_within(name, "conversations.generation")
    }
    assert reaching == REACH_GENERATION


def test_no_module_needs_itself() -> None:
    """What runs when a module is loaded goes one way, so that any module can be read, and loaded, first."""
    paths = {name_of(path): path for room in ROOMS for path in modules(room)}
    needs = {name: needed(path) & paths.keys() - {name} for name, path in paths.items()}
    while free := {name for name, others in needs.items() if not others}:
        needs = {name: others - free for name, others in needs.items() if name not in free}
    assert needs == {}


def needed(path: Path) -> set[str]:
    """What has to be loaded before this module; of `from room import module` the module, not the room."""
    found = {name for name, _ in imports(path, only_loaded=True)}
    return found - {name.rpartition(".")[0] for name in found if is_module(name)}


def test_the_official_clients_serve_the_tests_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for room in ROOMS
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
