"""The tools that a server offers: named without clashes, bounded, and known again when they change.

A Listing goes to JSON and back, so that what staff approved can be kept and offered without asking
the server; its fingerprint is what they approved.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from qwenchat.tools.declaring import Tool

from .unseen import UNSEEN, cleaned, cleaned_words, has_unseen, shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from qwenchat.tools.context import Context

MOST_TOOLS = 128
MOST_DESCRIPTION_CHARACTERS = 4000
# Schemas are billed with every request: a larger one is a mistake or an attack.
MOST_SCHEMA_CHARACTERS = 20_000
MOST_NAME_CHARACTERS = 64
SEPARATOR = "__"  # between a server's name and its tool's; no tool of our own has it
# No two underscores together, and none at the end, where the two that divide begin.
PLAIN_SERVER = re.compile(r"[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
# Of those that cannot be offered: a server may name thousands.
MOST_LEFT_OUT = 100


class Caller(Protocol):
    """Who runs a server's tool: a Connection."""

    @property
    def origin(self) -> str: ...

    @property
    def timeout_s(self) -> float: ...

    async def call(self, tool: ListedTool, arguments: dict[str, Any]) -> object: ...


@dataclass(frozen=True, slots=True)
class ListedTool:
    """A tool as its server describes it. `remote_name` is the server's; `name` is what the model sees."""

    name: str
    remote_name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    read_only: bool
    digest: str

    def as_json(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in self.__slots__}


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything a server offers. `left_out`: the server's names, with why they are not offered."""

    listed: tuple[ListedTool, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Changes whenever anything does that a model or a person would read, or a mark."""
        return digest_of(sorted(tool.digest for tool in self.listed))

    def tools(self, caller: Caller) -> list[Tool]:
        """The tools, to be run by `caller`."""
        return [as_tool(listed, caller) for listed in self.listed]

    def differences(self, before: Listing) -> dict[str, str]:
        """By the server's names: "added", "removed" or "changed" since `before`."""
        old = {tool.remote_name: tool.digest for tool in before.listed}
        new = {tool.remote_name: tool.digest for tool in self.listed}
        return (
            dict.fromkeys(new.keys() - old.keys(), "added")
            | dict.fromkeys(old.keys() - new.keys(), "removed")
            | {name: "changed" for name in new.keys() & old.keys() if new[name] != old[name]}
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "tools": [tool.as_json() for tool in self.listed],
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(tuple(ListedTool(**tool) for tool in data["tools"]), data["left_out"])


@dataclass(frozen=True, slots=True)
class Described:
    """What a server says about one tool, before any of it is believed."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    read_only: bool


def listing_of(server: str, described: Iterable[Described], *, trusts_marks: bool) -> Listing:
    """The tools that can be offered, under names that begin with the server's."""
    listed: dict[str, ListedTool] = {}
    left_out: dict[str, str] = {}
    for tool in described:
        if any(each.remote_name == tool.name for each in listed.values()):
            continue  # the first of a name counts
        why = why_not(tool, len(listed))
        if why:
            if len(left_out) < MOST_LEFT_OUT:
                left_out.setdefault(shown(tool.name[:200]), why)
            continue
        name = name_of(server, tool.name, taken=listed)
        listed[name] = ListedTool(
            name=name,
            remote_name=tool.name,
            title=cleaned(tool.title)[:200],
            description=cleaned(tool.description)[:MOST_DESCRIPTION_CHARACTERS],
            schema=cleaned_words(tool.schema),
            read_only=tool.read_only and trusts_marks,
            digest=digest_of(
                [tool.name, tool.title, tool.description, tool.schema, tool.read_only]
            ),
        )
    return Listing(tuple(listed.values()), left_out)


def why_not(tool: Described, so_far: int) -> str:
    """Why a tool cannot be offered; "" if it can."""
    if so_far >= MOST_TOOLS:
        return "too_many"
    if not tool.name or len(tool.name) > 200 or UNSEEN.search(tool.name):
        return "name"
    try:
        size = len(json.dumps(tool.schema))
        if has_unseen(cleaned_words(tool.schema)):
            return "unseen"
    except (ValueError, RecursionError):
        return "schema"
    return "" if size <= MOST_SCHEMA_CHARACTERS and is_for_arguments(tool.schema) else "schema"


def is_for_arguments(schema: Mapping[str, Any]) -> bool:
    """Whether it describes an object: with another one the service refuses the whole request."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    return (
        schema.get("type") == "object"
        and isinstance(properties, dict)
        and all(isinstance(each, dict | bool) for each in properties.values())
        and isinstance(required, list)
        and all(isinstance(each, str) for each in required)
    )


def name_of(server: str, tool: str, taken: Mapping[str, object]) -> str:
    """`server__tool` in the characters and the length that the service allows.

    A name that had to be changed, or whose two parts could be read in another way, ends in a part of
    the digest of what it was: so it stays the same from one listing to the next and clashes with none.
    """
    plain = f"{NOT_IN_NAMES.sub('_', server)}{SEPARATOR}{NOT_IN_NAMES.sub('_', tool)}"
    is_plain = plain == f"{server}{SEPARATOR}{tool}" and PLAIN_SERVER.fullmatch(server)
    if is_plain and len(plain) <= MOST_NAME_CHARACTERS and plain not in taken:
        return plain
    mark = digest_of([server, tool])[:8]
    return f"{plain[: MOST_NAME_CHARACTERS - len(mark) - 1]}_{mark}"


def digest_of(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def as_tool(listed: ListedTool, caller: Caller) -> Tool:
    return Tool(
        name=listed.name,
        description=listed.description or listed.title or listed.remote_name,
        schema=listed.schema,
        invoke=calling(listed, caller),
        side_effects=not listed.read_only,
        timeout_s=caller.timeout_s,
        origin=caller.origin,
        title=listed.title or listed.remote_name,
    )


def calling(
    listed: ListedTool, caller: Caller
) -> Callable[[dict[str, Any], Context], Awaitable[object]]:
    async def invoke(arguments: dict[str, Any], _context: Context) -> object:
        return await caller.call(listed, arguments)

    return invoke
