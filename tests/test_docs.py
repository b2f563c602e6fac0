"""The documents say what the code does: settings, commands, links, rooms, protocol, production."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args
from uuid import uuid4

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from attachments import formats, sentences, wishes
from conversations import commands, consumers, options, problems
from conversations.review import filters
from qwenchat import __version__, refusals
from qwenchat.dashscope.errors import DashScopeError
from qwenchat.limits import Limits

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("qwenchat", "conversations", "attachments")
GUIDES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")])
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"make [a-z]|(\S*python3? )?manage\.py |\S*python3? -m |\S*pip ")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(page(name)) if kind == language]


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level, _, _ = heading.partition(" ")
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, but for heads and rules."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not line.startswith("|-") and not following.startswith("|-")
    ]


@cache
def parsed_sources() -> list[ast.Module]:
    paths = [path for room in SOURCES for path in (ROOT / room).rglob("*.py")]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


# ---- settings.md ------------------------------------------------------------------------------------


def variables_read() -> dict[str, object]:
    """Every variable that the code reads, with its default where that is a plain value."""
    found: dict[str, object] = {
        f"QWENCHAT_{field.name.upper()}": field.default for field in fields(Limits)
    }
    for tree in parsed_sources():
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Name)
                and call.func.value.id == "env"
                and isinstance(call.args[0], ast.Constant)
            ):
                keyword = next(
                    (item.value for item in call.keywords if item.arg == "default"), None
                )
                default = call.args[1] if len(call.args) > 1 else keyword
                value = default.value if isinstance(default, ast.Constant) else None
                found[call.args[0].value] = found.get(call.args[0].value) or value
    return found


def variables_described() -> dict[str, str]:
    return {
        name[1]: default
        for first, default, *_ in rows(page("docs/settings.md"))
        if (name := re.fullmatch(r"`([A-Z][A-Z0-9_]+)`", first))
    }


def test_every_variable_that_is_read_is_described_and_no_other() -> None:
    read, described = set(variables_read()), set(variables_described())
    assert read - described == set(), "docs/settings.md does not describe these"
    assert described - read == set(), "nothing reads these"


def test_described_defaults_are_the_codes() -> None:
    described = variables_described()
    wrong = {
        name: (value, described[name])
        for name, value in variables_read().items()
        if value not in (None, "") and described[name].lower() != f"`{str(value).lower()}`"
    }
    assert wrong == {}


def test_variables_named_anywhere_exist() -> None:
    known = set(variables_read())
    known |= {f"{name}_FILE" for name in known}
    wrong = [
        f"{path.name}: {name}"
        for path in PAGES
        for name in re.findall(
            r"`((?:QWENCHAT|DASHSCOPE|AWS|EMAIL)_[A-Z0-9_]+)(?:=[^`]*)?`", page_of(path)
        )
        if name not in known and name not in ("QWENCHAT_",)
    ]
    assert wrong == []


def page_of(path: Path) -> str:
    return page(str(path.relative_to(ROOT)))


# ---- commands ---------------------------------------------------------------------------------------


def command_lines() -> list[tuple[str, list[str]]]:
    """Every command in the guides, in blocks and in running text, as its words."""
    found: list[tuple[str, list[str]]] = []
    for name in (*GUIDES, "docs/protocol.md", "docs/settings.md", "docs/architecture.md"):
        lines = [line for block in blocks(name, "sh") for line in block.splitlines()]
        lines += CODE.findall(FENCE.sub("", page(name)))
        found += [(name, shlex.split(line, comments=True)) for line in lines if COMMAND.match(line)]
    return found


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    asked = {words[1] for _, words in command_lines() if words[0] == "make"}
    assert {"run", "test"} <= asked
    assert asked - targets == set()


def test_management_commands_in_the_documents_exist_with_their_options() -> None:
    available = get_commands()
    seen = set()
    for name, words in command_lines():
        if not any(word.endswith("manage.py") for word in words):
            continue
        start = next(i for i, word in enumerate(words) if word.endswith("manage.py"))
        command, arguments = words[start + 1], words[start + 2 :]
        assert command in available, f"{name}: {command}"
        seen.add(command)
        parser = load_command_class(available[command], command).create_parser("manage.py", command)
        for word in arguments:
            option = word.strip("[]")
            if option.startswith("--"):
                assert option in parser._option_string_actions, f"{name}: {command} {option}"
    assert {"up", "sandbox", "check"} <= seen


def test_files_and_extras_in_the_commands_exist() -> None:
    extras = tomllib.loads(page("pyproject.toml"))["project"]["optional-dependencies"]
    for name, words in command_lines():
        for before, word in pairwise(words):
            if before == "-r":
                assert (ROOT / word).is_file(), f"{name}: {word}"
            if extra := re.fullmatch(r"\.\[(\w+)\]", word):
                assert extra[1] in extras, f"{name}: {word}"


# ---- links and names --------------------------------------------------------------------------------


def links() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), target)
        for path in PAGES
        for target in LINK.findall(FENCE.sub("", page_of(path)))
        if not re.match(r"https?:|mailto:", target)
    ]


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "target"), links())
def test_links_lead_somewhere(name: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (ROOT / name).parent / path if path else ROOT / name
    assert file.resolve().is_relative_to(ROOT)
    assert file.exists()
    if anchor:
        assert anchor in anchors(file.read_text(encoding="utf-8"))


def paths_named(name: str) -> set[str]:
    return {
        text
        for text in CODE.findall(page(name))
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)*(\.py|/)|[\w.-]+(/[\w.-]+)+\.(po|js|md)", text)
    }


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/threats.md", "CONTRIBUTING.md"])
def test_files_and_folders_in_the_documents_exist(name: str) -> None:
    found = paths_named(name)
    assert len(found) > 3
    assert [path for path in sorted(found) if not (ROOT / path).exists()] == []


def test_every_room_is_in_the_architecture() -> None:
    rooms = {
        f"{path.parent.relative_to(ROOT)}/"
        for room in SOURCES
        for path in (ROOT / room).rglob("__init__.py")
    }
    # Their parents' rows speak for these.
    inside = re.compile(r"/(migrations|templatetags|management(/commands)?|writing)/$")
    missing = {room for room in rooms if not inside.search(room)} - paths_named(
        "docs/architecture.md"
    )
    assert missing == set()


def test_threats_are_met_by_tests_that_exist() -> None:
    cells = [row[2] for row in rows(page("docs/threats.md"))]
    tests = {path for cell in cells for path in CODE.findall(cell)}
    assert len(tests) > 20
    assert all(path.startswith("tests/") for path in tests)


def test_the_changelog_knows_this_version() -> None:
    assert re.search(rf"^## {re.escape(__version__)} – ", page("CHANGELOG.md"), re.MULTILINE)


# ---- protocol.md ------------------------------------------------------------------------------------

CLIENT = "### From the client"
SERVER = "### From the server"
SOCKET = "## WebSocket `/ws/`"
# Rooms whose routes are all described; Django's, allauth's and the admin's are theirs to describe.
DESCRIBED_ROOMS = ("attachments", "conversations")


def first_words(text: str) -> set[str]:
    return {CODE.findall(row[0])[0] for row in rows(text) if CODE.findall(row[0])}


def test_every_command_is_described_and_no_other() -> None:
    described, _, _ = section("docs/protocol.md", CLIENT).partition("\n`options` (all optional")
    assert first_words(described) == set(commands.READERS)


def test_every_field_of_a_command_is_described() -> None:
    client = section("docs/protocol.md", CLIENT)
    described = set(CODE.findall(client)) | {"cut"}
    assert '`"cut": true`' in client
    kinds = [kind for kind in vars(commands).values() if is_command(kind)]
    assert len(kinds) == len(commands.READERS)
    wanted = {field.name for kind in kinds for field in fields(kind)}
    assert wanted - described - {"request"} == set()


def is_command(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, commands.Command)
        and kind is not commands.Command
    )


def test_every_option_is_described_and_no_other() -> None:
    text = section("docs/protocol.md", CLIENT)
    _, _, rest = text.partition("`options` (all optional")
    paragraph, added = rest.split("\n\n")[:2]
    assert added.startswith("*Added*: ")
    values = {
        "auto", "none", "invalid", "search_options", "chat", "ocr", "compatible", "native", "open",
    }  # fmt: skip
    words = CODE.findall(paragraph + added)
    described = {name for name in words if re.fullmatch(r"\w+", name)} - values
    known = {field.name for field in fields(options.Options)}
    assert described == known - options.OURS


def test_every_choice_for_an_attachment_is_described_and_no_other() -> None:
    text = section("docs/protocol.md", CLIENT)
    heads = [row for row in rows(text) if row[0].startswith("its ")]
    described = {name for row in heads for name in CODE.findall(row[0])}
    assert described == set(wishes.CHECKS)
    (ways,) = [row[1] for row in heads if row[0] == "its `as`"]
    assert set(CODE.findall(ways)) == set(wishes.WAYS)
    (tasks,) = [row[1] for row in rows(text) if row[0] == "`ocr_task`"]
    assert set(CODE.findall(tasks)) == set(options.OCR_TASKS)


def events_sent() -> set[str]:
    """The `type` of every event that is written down in the code; the channel layer's have a dot."""
    found = set()
    for name in ("consumers.py", "frames.py", "actions.py", "generation/live.py"):
        for node in ast.walk(ast.parse(page(f"conversations/{name}"))):
            if isinstance(node, ast.Dict):
                found |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value == "type"
                    and isinstance(value, ast.Constant)
                }
    return {name for name in found if "." not in name}


def test_every_event_is_described_and_no_other() -> None:
    events, _, _ = section("docs/protocol.md", SERVER).partition("\n\n*Added*")
    described = first_words(events)
    assert described == events_sent()


def error_codes() -> set[str]:
    pending, found = [DashScopeError], set(get_args(refusals.Code))
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        found.add(kind.code)
    return found | codes_of_files()


def codes_of_files() -> set[str]:
    """What `pieces` says of files that do not reach the model."""
    return {
        call.args[0].value
        for call in ast.walk(ast.parse(page("conversations/pieces.py")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "FileProblem"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_error_code_is_described_and_no_other() -> None:
    _, _, rest = section("docs/protocol.md", SERVER).partition("Error codes: ")
    described = set(CODE.findall(rest.split("\n\n")[0])) - {"field"}
    assert described == error_codes()


def test_every_code_of_an_answer_has_its_words_and_its_filter() -> None:
    answered = {code for code in error_codes() if problems.describe(code).code == code}
    assert answered == set(filters.ERRORS)
    assert {code for code in error_codes() if code.startswith("upstream_")} <= answered


def test_every_close_is_described_and_no_other() -> None:
    closes = {
        str(value)
        for name, value in vars(consumers).items()
        if name.isupper() and isinstance(value, int) and value >= 1000
    }
    described = {row[0] for row in rows(section("docs/protocol.md", SERVER)) if row[0].isdigit()}
    assert described == closes


def test_limits_in_the_protocol_are_the_codes() -> None:
    text = section("docs/protocol.md", SOCKET)
    limits = Limits()
    for sentence in (
        f"`text` of {limits.text_characters:,} characters",
        f"{limits.attachments_per_message} attachments a message",
        f"{limits.answers_per_minute} `send`,",
        f"{limits.commands_per_minute} other commands a minute",
        f"{limits.running_answers} answers at a time",
        f"{limits.sockets_per_user} sockets a user",
        f"after {limits.bad_frames} of them, close 1008",
        f"after {limits.unseen_seconds} s of that it closes with 4408",
        f"{limits.uploads_per_hour} uploads an hour",
    ):
        assert sentence in text
    assert limits.frame_bytes == limits.unseen_bytes == 2**20


def routes_described() -> set[str]:
    """Every route of the protocol; one that begins with … goes on from the first of its row."""
    found = set()
    for row in rows(section("docs/protocol.md", "## HTTP")):
        names = [re.sub(r"^(GET|POST|DELETE) ", "", name) for name in CODE.findall(row[0])]
        paths = [name.partition("?")[0].strip() for name in names if name[0] in "/…"]
        found |= {path.replace("…/", paths[0]) for path in paths}
    return found


def routes_served(urls: list[URLPattern | URLResolver], before: str = "/") -> set[str]:
    found = set()
    for one in urls:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found |= routes_served(one.url_patterns, path)
        elif one.lookup_str.startswith(DESCRIBED_ROOMS):
            found.add(path)
    return found


def plain_route(path: str) -> str:
    return re.sub(r"<[^>]+>", "<>", path)


def test_every_route_in_the_protocol_is_served() -> None:
    described = routes_described()
    for path in described:
        resolve(re.sub(r"<[^>]+>", str(uuid4()), path.replace("<n>", "1")))
    assert len(described) > 25


def test_every_route_that_is_served_is_in_the_protocol() -> None:
    served = {plain_route(path) for path in routes_served(get_resolver().url_patterns)}
    served = {path for path in served if not path.startswith("/admin/")}
    assert len(served) > 20
    assert served - {plain_route(path) for path in routes_described()} == set()


# ---- files ------------------------------------------------------------------------------------------


def test_the_codes_of_files_that_cannot_be_used_are_the_protocols() -> None:
    described = page("docs/protocol.md")
    assert {code for code, _ in sentences.REASONS.values()} <= error_codes()
    (example,) = re.findall(r"`reason`, beside `code`:[^.]*", described)
    assert set(CODE.findall(example)) - {"reason", "code"} <= set(sentences.REASONS)


def test_the_formats_in_the_readme_are_those_that_are_taken() -> None:
    (line,) = re.findall(
        r"^- \*\*Show it.*?(?=^- \*\*)", page("README.md"), re.MULTILINE | re.DOTALL
    )
    for title in formats.ALLOWED.split(", "):
        assert re.search(rf"\b{title}\b", line), title


# ---- the production example -------------------------------------------------------------------------


def production(folder: Path) -> dict[str, str]:
    """README's environment; only its files and folders are moved, below `folder`."""
    (block,) = blocks("README.md", "ini")
    environment = dict(line.split("=", 1) for line in block.splitlines() if line.strip())
    for name, value in environment.items():
        if value.startswith("/"):
            moved = folder / value[1:]
            moved.parent.mkdir(parents=True, exist_ok=True)
            environment[name] = str(moved)
            if name.endswith("_FILE"):
                moved.write_text(secret_for(name) + "\n", encoding="ascii")
            else:
                moved.mkdir(parents=True)
    return environment


def secret_for(name: str) -> str:
    """What README tells to write there: the secret by its own command, the key as the service gives it."""
    if name != "SECRET_KEY_FILE":
        return "sk-0123456789abcdef0123456789abcdef"
    (line,) = [
        line
        for block in blocks("README.md", "sh")
        for line in block.splitlines()
        if line.endswith("secret-key")
    ]
    python, *arguments = shlex.split(line.partition(">")[0])
    assert python == "python3"
    made = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return made.stdout.strip()


def checked(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_production_environment_passes_the_deployment_check(tmp_path: Path) -> None:
    done = checked(production(tmp_path), "--deploy", "--fail-level", "INFO")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_production_start_without_a_secret_key_is_refused(tmp_path: Path) -> None:
    environment = production(tmp_path)
    del environment["SECRET_KEY_FILE"]
    done = checked(environment)
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


def test_the_proxy_in_front_lets_through_what_the_server_takes() -> None:
    (block,) = blocks("README.md", "nginx")
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", block)
    assert int(megabytes) * 2**20 == Limits().body_bytes
    for header in ("Host", "X-Forwarded-Proto", "X-Forwarded-For", "Upgrade", "Connection"):
        assert f"proxy_set_header {header} " in block
