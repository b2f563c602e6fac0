"""The tools and choices of a request, read and checked.

Source: the service's notes, "Function calling" and "Parameters". The texts are the service's where
they are documented; those about names and schemas follow its JSON schema validator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.refusals import ALGO, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.dashscope.model import Model

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    schema: dict[str, Any]

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        found = self.schema.get("properties")
        if not isinstance(found, dict):
            return {}
        return {name: inner for name, inner in found.items() if isinstance(inner, dict)}

    @property
    def required(self) -> tuple[str, ...]:
        found = self.schema.get("required")
        return tuple(name for name in found if name in self.properties) if found else ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a model may call: `forced` is a tool's name, "required", or "" for its own choice."""

    tools: tuple[Tool, ...] = ()
    forced: str = ""
    parallel: bool = False
    text: str = ""  # the tools as they are billed


def read_offer(body: Mapping[str, Any], model: Model, *, thinking: bool, text: str) -> Offer:
    raw = body.get("tools")
    tools: tuple[Tool, ...] = ()
    if raw:
        if not isinstance(raw, list):
            raise _not("array", raw, "tools")
        if not model.tools:
            raise invalid(ALGO + "The tool call is not supported.")
        tools = tuple(_tool(entry) for entry in raw)
    parallel = body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise _not("boolean", parallel, "parallel_tool_calls")
    choice = body.get("tool_choice")
    forced = _forced(choice, tools, thinking=thinking)
    return Offer(
        tools=() if choice == "none" else tools,
        forced=forced,
        parallel=parallel or False,
        text=text if tools else "",
    )


def _tool(entry: Any) -> Tool:
    if not isinstance(entry, dict):
        raise _not("object", entry, "tools")
    if entry.get("type", "function") != "function":
        raise invalid(f"{entry['type']} is not one of ['function'] - 'tools.type'")
    function = entry.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(name, str) or not name:
        raise invalid("'name' is a required property - 'tools.function'")
    if name == "search":
        raise invalid(ALGO + "Tool names are not allowed to be [search]")
    if not _NAME.fullmatch(name):
        raise invalid(f"'{name}' does not match '^[a-zA-Z0-9_-]{{1,64}}$' - 'tools.function.name'")
    schema = function.get("parameters") or {}
    if not isinstance(schema, dict):
        raise _not("object", schema, "tools.function.parameters")
    if schema and schema.get("type") != "object":
        raise invalid("'object' was expected - 'tools.function.parameters.type'")
    return Tool(name, str(function.get("description") or ""), schema)


def _forced(choice: Any, tools: tuple[Tool, ...], *, thinking: bool) -> str:
    if choice in (None, "none", "auto"):
        return ""
    if choice != "required" and not isinstance(choice, dict):
        raise invalid(ALGO + 'tool_choice is one of the strings that should be ["none", "auto"]')
    if thinking:
        raise invalid(
            ALGO + "The tool_choice parameter does not support being set to required or object "
            "in thinking mode"
        )
    if choice == "required":
        return "required"
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    if name not in {tool.name for tool in tools}:
        raise invalid(f"{ALGO}tool_choice names a function that is not in tools: {name}")
    return str(name)


def _not(expected: str, value: object, field: str) -> Refused:
    return invalid(f"{value!r} is not of type '{expected}' - '{field}'")
