"""Whether a value fits a JSON Schema, and what is wrong in words that a model can act on.

The part of JSON Schema that tools are described with; other keywords are taken as comments. That is
on purpose for schemas of servers we do not know: a `$ref` is followed inside the schema only, and a
`pattern` is not run, because an evil one would hold the whole process. The server checks its own.

    >>> problems({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, {"n": "x"})
    ['n: must be an integer, not a string']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

Schema = Mapping[str, Any]

MOST_DEPTH = 32
MOST_STEPS = 20_000
MOST_PROBLEMS = 5
MOST_CHOICES = 20

KINDS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


class TooInvolved(Exception):
    """References that multiply: checking would take longer than anybody waits."""


@dataclass(slots=True)
class Root:
    """The whole schema, in which references point, and how many steps are left."""

    schema: Schema
    steps: int = MOST_STEPS


def problems(schema: Schema, value: object) -> list[str]:
    """What keeps `value` from fitting, at most a handful; empty when it fits."""
    try:
        return list(islice(check(schema, value, "", Root(schema), 0), MOST_PROBLEMS))
    except TooInvolved:
        return [said("", "cannot be checked against so involved a schema")]


def check(schema: object, value: object, path: str, root: Root, depth: int) -> Iterator[str]:
    root.steps -= 1
    if root.steps < 0:
        raise TooInvolved
    if depth > MOST_DEPTH:
        yield said(path, "is nested too deeply")
        return
    if schema is False:
        yield said(path, "is not allowed")
    if not isinstance(schema, Mapping):
        return
    if isinstance(schema.get("$ref"), str):
        yield from check(referred(root.schema, schema["$ref"]), value, path, root, depth + 1)
    kinds = kinds_of(schema)
    if kinds and not any(KINDS[kind](value) for kind in kinds):
        yield said(
            path, f"must be {' or '.join(map(article, kinds))}, not {article(kind_of(value))}"
        )
        return
    yield from check_choice(schema, value, path)
    yield from check_alternatives(schema, value, path, root, depth)
    match value:
        case str():
            yield from check_range(schema, len(value), path, "Length", " characters")
        case bool():
            pass
        case int() | float():
            yield from check_number(schema, value, path)
        case list():
            yield from check_range(schema, len(value), path, "Items", " items")
            for n, item in enumerate(value):
                yield from check(schema.get("items"), item, f"{path}[{n}]", root, depth + 1)
        case dict():
            yield from check_object(schema, value, path, root, depth)


def check_choice(schema: Schema, value: object, path: str) -> Iterator[str]:
    if "const" in schema and not same(schema["const"], value):
        yield said(path, f"must be {schema['const']!r}")
    choices = schema.get("enum")
    if isinstance(choices, list) and not any(same(choice, value) for choice in choices):
        yield said(path, f"must be one of {', '.join(map(repr, choices[:MOST_CHOICES]))}")


def same(left: object, right: object) -> bool:
    """Equal, as JSON sees it: true is not 1."""
    match left, right:
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def check_alternatives(
    schema: Schema, value: object, path: str, root: Root, depth: int
) -> Iterator[str]:
    for one in listed(schema.get("allOf")):
        yield from check(one, value, path, root, depth + 1)
    for keyword in ("anyOf", "oneOf"):
        ways = [
            next(check(one, value, path, root, depth + 1), "")
            for one in listed(schema.get(keyword))
        ]
        if ways and all(ways):
            told = "; or ".join(ways[:MOST_PROBLEMS])
            yield ways[0] if len(ways) == 1 else said(path, f"fits none of the allowed: {told}")


def check_range(schema: Schema, size: float, path: str, of: str, unit: str) -> Iterator[str]:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    if isinstance(least, int | float) and size < least:
        yield said(path, f"must be at least {least}{unit}")
    if isinstance(most, int | float) and size > most:
        yield said(path, f"must be at most {most}{unit}")


def check_number(schema: Schema, value: float, path: str) -> Iterator[str]:
    yield from check_range(schema, value, path, "imum", "")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool) and value <= above:
        yield said(path, f"must be more than {above}")
    if isinstance(below, int | float) and not isinstance(below, bool) and value >= below:
        yield said(path, f"must be less than {below}")


def check_object(
    schema: Schema, value: dict[str, object], path: str, root: Root, depth: int
) -> Iterator[str]:
    given = schema.get("properties")
    properties: Mapping[str, object] = given if isinstance(given, Mapping) else {}
    for name in listed(schema.get("required")):
        if name not in value:
            yield said(joined(path, str(name)), "is missing")
    rest = schema.get("additionalProperties", True)
    for name, item in value.items():
        where = joined(path, name)
        if name in properties:
            yield from check(properties[name], item, where, root, depth + 1)
        elif rest is False:
            known = ", ".join(properties) or "none"
            yield said(where, f"is unknown; known are: {known}")
        else:
            yield from check(rest, item, where, root, depth + 1)


def kinds_of(schema: Schema) -> list[str]:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return [kind for kind in kinds if isinstance(kind, str) and kind in KINDS]


def kind_of(value: object) -> str:
    return next((kind for kind, is_it in KINDS.items() if is_it(value)), "something else")


def referred(schema: Schema, reference: str) -> object:
    """The part of the same schema that `#/…` names; nothing for any other reference."""
    node: object = schema
    if not reference.startswith("#"):
        return None
    for key in reference.removeprefix("#").removeprefix("/").split("/"):
        if key:
            name = key.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, Mapping) else None
    return node


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def article(kind: str) -> str:
    if kind == "null":
        return kind
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"


def joined(path: str, name: str) -> str:
    short = name if len(name) <= 64 else name[:64] + "…"
    return f"{path}.{short}" if path else short


def said(path: str, problem: str) -> str:
    return f"{path or 'the arguments'}: {problem}"
