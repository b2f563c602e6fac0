from __future__ import annotations

import asyncio
import doctest
import json
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from qwenchat.tools import docstrings
from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import ArgumentsError, Tool, tool


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Point:
    x: float
    y: float = 0.0


class Options(TypedDict):
    colour: Literal["red", "green"]
    width: NotRequired[int]


@tool
def everything(
    context: Context,
    text: str,
    count: int,
    ratio: float = 0.5,
    *,
    sure: bool = False,
    mode: Literal["fast", "exact"] = "fast",
    size: Size = Size.SMALL,
    tags: list[str] | None = None,
    weights: dict[str, float] | None = None,
    place: Point | None = None,
    options: Options | None = None,
    note: Annotated[str | None, "what to remember"] = None,
) -> dict[str, Any]:
    """Takes one of each.

    It is of no use
    otherwise.

    Args:
        text: what it says,
            in full
        count (int): how often

    Returns:
        count: everything again
    """
    return {key: value for key, value in locals().items() if key != "context"}


def test_the_schema_is_made_of_signature_and_docstring():
    assert everything.definition() == {
        "type": "function",
        "function": {
            "name": "everything",
            "description": "Takes one of each.\n\nIt is of no use otherwise.",
            "parameters": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "description": "what it says, in full"},
                    "count": {"type": "integer", "description": "how often"},
                    "ratio": {"type": "number", "default": 0.5},
                    "sure": {"type": "boolean", "default": False},
                    "mode": {"type": "string", "enum": ["fast", "exact"], "default": "fast"},
                    "size": {"type": "string", "enum": ["small", "large"], "default": "small"},
                    "tags": {
                        "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]
                    },
                    "weights": {
                        "anyOf": [
                            {"type": "object", "additionalProperties": {"type": "number"}},
                            {"type": "null"},
                        ]
                    },
                    "place": {
                        "anyOf": [
                            {
                                "type": "object",
                                "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                                "required": ["x"],
                                "additionalProperties": False,
                            },
                            {"type": "null"},
                        ]
                    },
                    "options": {
                        "anyOf": [
                            {
                                "type": "object",
                                "properties": {
                                    "colour": {"type": "string", "enum": ["red", "green"]},
                                    "width": {"type": "integer"},
                                },
                                "required": ["colour"],
                                "additionalProperties": False,
                            },
                            {"type": "null"},
                        ]
                    },
                    "note": {"type": ["string", "null"], "description": "what to remember"},
                },
                "required": ["text", "count"],
            },
        },
    }
    json.dumps(everything.definition())
    assert everything.schema["additionalProperties"] is False


def test_a_tool_without_parameters_is_told_as_the_samples_tell_it():
    @tool
    def ping() -> str:
        """Answers."""
        return "pong"

    assert ping.definition()["function"]["parameters"] == {}
    with pytest.raises(ArgumentsError, match="do not fit"):
        ping.check_arguments({"more": 1})


async def test_values_arrive_as_the_types_that_were_promised():
    text = (
        '{"text": "a", "count": 3.0, "ratio": 1, "size": "large", "place": {"x": 1},'
        ' "tags": ["b"], "weights": {"c": 2}, "options": {"colour": "red"}}'
    )
    got = await everything.call(everything.read_arguments(text), Context())
    assert got == {
        "text": "a",
        "count": 3,
        "ratio": 1.0,
        "sure": False,
        "mode": "fast",
        "size": Size.LARGE,
        "tags": ["b"],
        "weights": {"c": 2.0},
        "place": Point(1.0),
        "options": {"colour": "red"},
        "note": None,
    }
    assert [type(got[name]) for name in ("count", "ratio")] == [int, float]
    assert type(got["weights"]["c"]) is float


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{", "not valid JSON"),
        ('{"text": "a", "count": NaN}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"count": ' + "9" * 5000 + "}", "not valid JSON"),
        ('"text"', "one JSON object"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        ("", "text: is missing. count: is missing"),
        ('{"text": "a"}', "count: is missing"),
        ('{"text": 1, "count": 1}', "text: must be a string, not an integer"),
        ('{"text": "a", "count": "1"}', "count: must be an integer, not a string"),
        ('{"text": "a", "count": true}', "count: must be an integer, not a boolean"),
        ('{"text": "a", "count": 1.5}', "count: must be an integer, not a number"),
        ('{"text": "a", "count": null}', "count: must be an integer, not null"),
        ('{"text": "a", "count": 1, "mode": "slow"}', "mode: must be one of 'fast', 'exact'"),
        (
            '{"text": "a", "count": 1, "colour": 1}',
            "colour: is unknown; known are: text, count, ratio",
        ),
        ('{"text": "a", "count": 1, "context": {}}', "context: is unknown"),
        ('{"text": "a", "count": 1, "tags": [1]}', "tags[0]: must be a string"),
        ('{"text": "a", "count": 1, "place": {}}', "place.x: is missing"),
        ('{"text": "a", "count": 1, "place": {"x": 1, "z": 2}}', "place.z: is unknown"),
        ('{"text": "' + "a" * 100_000 + '", "count": 1}', "longer than"),
    ],
)
def test_arguments_that_do_not_fit_are_told_so_that_they_can_be_mended(arguments, said):
    with pytest.raises(ArgumentsError) as refused:
        everything.read_arguments(arguments)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("text", ["", "  ", "{}"])
async def test_a_tool_without_parameters_takes_nothing_in_any_form(text):
    @tool
    def ping() -> str:
        """Answers."""
        return "pong"

    assert ping.schema["properties"] == {}
    assert await ping.call(ping.read_arguments(text), Context()) == "pong"


async def test_the_context_is_injected_and_no_part_of_the_schema():
    @tool
    async def zone(context: Context) -> str:
        """Tells."""
        return context.timezone

    assert zone.schema["properties"] == {}
    assert await zone.call({}, Context(timezone="Asia/Shanghai")) == "Asia/Shanghai"


async def test_plain_functions_run_beside_the_event_loop_and_async_ones_in_it():
    @tool
    def plain() -> int:
        """Tells."""
        return threading.get_ident()

    @tool
    async def asynchronous() -> int:
        """Tells."""
        return threading.get_ident()

    assert await plain.call({}, Context()) != threading.get_ident()
    assert await asynchronous.call({}, Context()) == threading.get_ident()


@pytest.mark.parametrize("name", ["search", "", "a b", "a.b", "überall", "x" * 65, "a\n"])
def test_names_that_the_service_refuses_are_refused_here(name):
    with pytest.raises(ValueError, match="no name for a tool"):
        Tool(name, "", {}, invoke=asyncio.sleep)


@pytest.mark.parametrize("docstring", [None, "", "Args:\n    a: b"])
def test_a_function_without_a_description_is_no_tool(docstring):
    def silent(a: str) -> str:
        return a

    silent.__doc__ = docstring
    with pytest.raises(TypeError, match="docstring"):
        tool(silent)


def test_parameters_need_annotations_that_json_knows():
    def bare(a) -> str:
        """Does."""

    def many(*a: int) -> str:
        """Does."""

    def odd(a: threading.Thread) -> str:
        """Does."""

    for function in (bare, many, odd):
        with pytest.raises(TypeError):
            tool(function)


@pytest.mark.parametrize(
    "docstring",
    [
        "Does it.\n\nArgs:\n    a: first\n        of all\n    b: second\n\nReturns:\n    b: no",
        "Does it.\n\n:param a: first\n    of all\n:param int b: second\n:returns: b: no",
        "Does it.\n\na: first\n  of all\nb: second",
        "Does it.\n\nArguments:\n    a (str): first of all\n    b (int): second\n\nRaises:\n    b: no",
    ],
)
def test_docstrings_are_read_in_the_usual_forms(docstring):
    assert docstrings.read(docstring, ["a", "b"]) == (
        "Does it.",
        {"a": "first of all", "b": "second"},
    )


def test_a_colon_in_the_description_is_no_parameter():
    text = "Does it: at once.\n\nNote that a: is odd, and url: https://a.example/"
    assert docstrings.read(text, ["b"])[0].startswith("Does it: at once.")


@pytest.mark.parametrize("module", ["docstrings", "schemas", "results"])
def test_the_examples_in_the_docstrings_are_true(module):
    import importlib

    assert doctest.testmod(importlib.import_module(f"qwenchat.tools.{module}")).failed == 0


async def test_a_tool_can_say_what_it_needs():
    @tool(name="look-up", title="Look it up", side_effects=True, timeout_s=3, needs="search")
    async def look_up(context: Context) -> None:
        """Looks."""
        raise ToolError("no")

    async def search(_words, _limit):
        return []

    assert (look_up.name, look_up.title, look_up.side_effects, look_up.timeout_s) == (
        "look-up",
        "Look it up",
        True,
        3,
    )
    assert not look_up.is_available(Context())
    assert look_up.is_available(Context(search=search))
