"""A typed Python function as a tool.

    @tool
    def add(a: int, b: int = 1) -> int:
        '''Adds two numbers.

        a: the first
        b: the second
        '''
        return a + b

Its name, docstring and annotations become what the model reads. A parameter annotated `Context` is
filled in by the application and is no part of that. Functions may be plain or `async`; plain ones run
in a thread. `ToolError` says to the model what went wrong; other exceptions are bugs, told without
their details.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from .context import Context, ToolError
from .docstrings import read
from .schemas import problems
from .signatures import schema_of, value_of
from .threads import in_thread

# Source: dashscope-api, function calling: letters, digits, "_" and "-", at most 64, never "search".
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
FORBIDDEN_NAMES = frozenset({"search"})
TIMEOUT_S = 30.0
MOST_ARGUMENT_CHARACTERS = 100_000
# Deeper ones cannot be written out again line by line: Python counts levels.
MOST_ARGUMENT_DEPTH = 64

Invoke = Callable[[dict[str, Any], Context], Awaitable[object]]
# Why a person is asked about one call, as its code; None when nobody has to be.
Reason = Literal["address"]
Asks = Callable[[dict[str, Any], Context], Reason | None]


class ArgumentsError(ToolError):
    """The arguments are no JSON, or do not fit the schema."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may call.

    `side_effects`: it changes something somewhere, so that a person has to approve each call. `asks`:
    it changes nothing, and still some calls need a person's word.
    `origin`: the host or server it belongs to, "" for our own. `needs`: the hooks of `Context`
    without which it is of no use.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    invoke: Invoke = field(repr=False)
    side_effects: bool = False
    asks: Asks | None = field(default=None, repr=False)
    timeout_s: float = TIMEOUT_S
    origin: str = ""
    title: str = ""
    needs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name in FORBIDDEN_NAMES:
            raise ValueError(f"{self.name!r} is no name for a tool")

    def definition(self) -> dict[str, Any]:
        """The tool as a request's `tools` lists it."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": self.schema if self.origin else as_in_samples(self.schema),
            },
        }

    def is_available(self, context: Context) -> bool:
        """Whether the application offers what it needs."""
        return all(getattr(context, need, None) is not None for need in self.needs)

    def read_arguments(self, text: str) -> dict[str, Any]:
        """The arguments that a model wrote, checked; `ArgumentsError` says what to mend."""
        if len(text) > MOST_ARGUMENT_CHARACTERS:
            raise ArgumentsError(
                f"The arguments are longer than {MOST_ARGUMENT_CHARACTERS} characters."
            )
        try:
            # Models write nothing at all where there is nothing to say.
            arguments = parsed(text) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            raise ArgumentsError(f"The arguments are not valid JSON: {error}.") from None
        return self.check_arguments(arguments)

    def check_arguments(self, arguments: object) -> dict[str, Any]:
        """The same for arguments that are already values."""
        return fitting(self.schema, arguments)

    def why_asked(self, arguments: dict[str, Any], context: Context) -> Reason | Literal[""] | None:
        """Why this call waits for a person; None when it need not, "" where its tool changes something."""
        if self.side_effects:
            return ""
        return self.asks(arguments, context) if self.asks is not None else None

    async def call(self, arguments: object, context: Context) -> object:
        """What the tool gives back for these arguments, which are checked first."""
        return await self.invoke(self.check_arguments(arguments), context)


def fitting(schema: Mapping[str, Any], arguments: object) -> dict[str, Any]:
    """The arguments, if they fit the schema; `ArgumentsError` says what to mend."""
    if not isinstance(arguments, dict):
        raise ArgumentsError("The arguments must be one JSON object.")
    if is_deeper(arguments, MOST_ARGUMENT_DEPTH):
        raise ArgumentsError(f"The arguments are nested deeper than {MOST_ARGUMENT_DEPTH} levels.")
    found = problems(schema, arguments)
    if found:
        raise ArgumentsError("The arguments do not fit. " + ". ".join(found) + ".")
    return arguments


def is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return levels == 0 or any(is_deeper(each, levels - 1) for each in value)


def parsed(text: str) -> Any:
    """What JSON says, and what can be said in JSON again: 1e999 would be read as infinite."""
    return json.loads(text, parse_constant=not_json, parse_float=finite)


def as_in_samples(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as the service's samples write one: nothing where there are no parameters, and not
    that others are refused, which the check says where it happens."""
    if not schema.get("properties"):
        return {}
    return {
        name: value
        for name, value in schema.items()
        if name != "additionalProperties" and (name != "required" or value)
    }


def not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


Function = Callable[..., Any]


@overload
def tool(function: Function, /) -> Tool: ...
@overload
def tool(
    *,
    name: str = ...,
    title: str = ...,
    side_effects: bool = ...,
    asks: Asks | None = ...,
    timeout_s: float = ...,
    needs: str = ...,
) -> Callable[[Function], Tool]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    name: str = "",
    title: str = "",
    side_effects: bool = False,
    asks: Asks | None = None,
    timeout_s: float = TIMEOUT_S,
    needs: str = "",
) -> Tool | Callable[[Function], Tool]:
    """Makes a Tool of a function; bare, or with options. `needs` names hooks of Context."""

    def declare(function: Function) -> Tool:
        hints, injected = parameters_of(function)
        description, schema = described(function, hints)
        return Tool(
            name=name or function.__name__,
            description=description,
            schema=schema,
            invoke=invoking(function, hints, injected),
            side_effects=side_effects,
            asks=asks,
            timeout_s=timeout_s,
            title=title,
            needs=frozenset(needs.split()),
        )

    return declare if function is None else declare(function)


def parameters_of(function: Function) -> tuple[dict[str, Any], str | None]:
    """The annotations that the model fills, and the name of the parameter that takes the Context."""
    hints = typing.get_type_hints(function, include_extras=True)
    injected = None
    given: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
            parameter.POSITIONAL_ONLY,
        ):
            raise TypeError(
                f"{function.__name__}: every parameter of a tool needs a name of its own"
            )
        if parameter.name not in hints:
            raise TypeError(f"{function.__name__}: {parameter.name} has no annotation")
        if hints[parameter.name] is Context:
            injected = parameter.name
        else:
            given[parameter.name] = hints[parameter.name]
    return given, injected


def described(function: Function, hints: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the model reads: the description, and the schema of the arguments."""
    description, about = read(function.__doc__, hints)
    if not description:
        raise TypeError(f"{function.__name__}: a tool needs a docstring")
    parameters = inspect.signature(function).parameters
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, hint in hints.items():
        properties[name] = schema_of(hint)
        if name in about:
            properties[name].setdefault("description", about[name])
        default = parameters[name].default
        if default is inspect.Parameter.empty:
            required.append(name)
        elif isinstance(default, str | int | float | bool):
            properties[name]["default"] = default
    return description, {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def invoking(function: Function, hints: dict[str, Any], injected: str | None) -> Invoke:
    async def invoke(arguments: dict[str, Any], context: Context) -> object:
        values = {name: value_of(hints[name], value) for name, value in arguments.items()}
        if injected is not None:
            values[injected] = context
        if inspect.iscoroutinefunction(function):
            return await function(**values)
        return await in_thread(lambda: function(**values))

    return invoke
