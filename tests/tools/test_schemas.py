"""The validator beside jsonschema's, where that is installed, and against schemas that mean harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.tools.schemas import problems

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 2.0])
    | st.sampled_from(["", "a", "bb"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
plain_schemas = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "boolean", "null", "array", "object"]
        )
        | st.lists(
            st.sampled_from(["string", "integer", "null", "object"]), min_size=1, unique=True
        ),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "minimum": st.integers(-2, 2),
        "maximum": st.integers(-2, 2),
        "exclusiveMinimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "required": st.lists(st.sampled_from("abc"), unique=True),
    },
)
schemas = st.recursive(
    plain_schemas,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["array", "object"]),
            "items": inner,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(schemas, values)
def test_it_judges_as_jsonschema_does(schema, value):
    jsonschema = pytest.importorskip("jsonschema")
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (problems(schema, value) == []) == valid


def test_a_reference_is_followed_inside_the_schema_only():
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/a~1b"}, "c": {"$ref": "http://127.0.0.1:1/x"}},
        "$defs": {"a/b": {"type": "integer"}},
    }
    assert problems(schema, {"a": 1, "c": "anything"}) == []
    assert problems(schema, {"a": "x"}) == ["a: must be an integer, not a string"]


def test_a_reference_to_itself_ends():
    schema = {"$ref": "#"}
    assert problems(schema, 1) == ["the arguments: is nested too deeply"]
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False}
    assert problems(tree, {"next": {"next": {}}}) == []
    assert problems(tree, {"next": {"other": {}}}) == ["next.other: is unknown; known are: next"]


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_references_that_multiply_end_in_time(keyword):
    twice = {f"l{n}": {keyword: [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(12)}
    twice["l12"] = {"type": "string", keyword: [{"$ref": "#/$defs/l0"}] * 2}
    began = time.monotonic()
    problems({"$ref": "#/$defs/l0", "$defs": twice}, "a")
    assert time.monotonic() - began < 2


def test_an_evil_pattern_is_not_run():
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert problems(schema, "a" * 40 + "!") == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 7},
        {"type": "unheard-of"},
        {"properties": []},
        {"required": "abc"},
        {"enum": "abc"},
        {"minimum": "1"},
        {"anyOf": {}},
        {"items": 3},
        {"$ref": 3},
        {"$ref": "#/no/where"},
        {"additionalProperties": "no"},
    ],
)
def test_what_is_no_schema_asks_for_nothing(schema):
    for value in (1, "a", [1], {"a": 1}, None):
        assert problems(schema, value) == []


def test_of_many_problems_a_handful_is_told():
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    assert len(problems(schema, dict.fromkeys(map(str, range(1000)), 1))) == 5
