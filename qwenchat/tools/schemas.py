"""Whether a value fits a JSON Schema, and what is wrong in words that a model can act on.

The part of JSON Schema that tools are described with; other keywords are taken as comments. That is
on purpose for schemas of servers we do not know: a `$ref` is followed inside the schema only, and a
`pattern` is not run, because an evil one would hold the whole process. The server checks its own.

    >>> problems({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, {"n": "x"})
    ['n: must be an integer, not a string']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `path`, "" being the whole. `code` and `facts` say it to programs, `words` in English.

    The codes: `deep`, `involved`, `forbidden`, `missing`; `kind` (`wanted`: kinds, `given`), `constant` and
    `choice` (`wanted`: values), `unknown` (`wanted`: names), `alternatives` (`ways`: problems), and `least`,
    `most`, `above`, `below` (`limit`, and `of`: what is measured, "" being the number itself).
    """

    path: str
    code: str
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.path or 'the arguments'}: {self.words}"


@dataclass(slots=True)
class Root:
    """The whole schema, in which references point, and how many steps are left."""

    schema: Schema
    steps: int = MOST_STEPS


def problems(schema: Schema, value: object) -> list[str]:
    """What keeps `value` from fitting, at most a handful; empty when it fits."""
    return [str(problem) for problem in found(schema, value)]


def found(schema: Schema, value: object) -> list[Problem]:
    """The same, for whoever has words of their own."""
    try:
        return list(islice(check(schema, value, "", Root(schema), 0), MOST_PROBLEMS))
    except TooInvolved:
        return [Problem("", "involved", "cannot be checked against so involved a schema")]


def check(schema: object, value: object, path: str, root: Root, depth: int) -> Iterator[Problem]:
    root.steps -= 1
    if root.steps < 0:
        raise TooInvolved
    if depth > MOST_DEPTH:
        yield Problem(path, "deep", "is nested too deeply")
        return
    if schema is False:
        yield Problem(path, "forbidden", "is not allowed")
    if not isinstance(schema, Mapping):
        return
    if isinstance(schema.get("$ref"), str):
        yield from check(referred(root.schema, schema["$ref"]), value, path, root, depth + 1)
    kinds = kinds_of(schema)
    if kinds and not any(KINDS[kind](value) for kind in kinds):
        given = kind_of(value)
        words = f"must be {' or '.join(map(article, kinds))}, not {article(given)}"
        yield Problem(path, "kind", words, {"wanted": kinds, "given": given})
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


def check_choice(schema: Schema, value: object, path: str) -> Iterator[Problem]:
    if "const" in schema and not same(schema["const"], value):
        wanted = schema["const"]
        yield Problem(path, "constant", f"must be {wanted!r}", {"wanted": [wanted]})
    choices = schema.get("enum")
    if isinstance(choices, list) and not any(same(choice, value) for choice in choices):
        some = choices[:MOST_CHOICES]
        words = f"must be one of {', '.join(map(repr, some))}"
        yield Problem(path, "choice", words, {"wanted": some})


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
) -> Iterator[Problem]:
    for one in listed(schema.get("allOf")):
        yield from check(one, value, path, root, depth + 1)
    for keyword in ("anyOf", "oneOf"):
        tried = [
            next(check(one, value, path, root, depth + 1), None)
            for one in listed(schema.get(keyword))
        ]
        ways = [problem for problem in tried if problem is not None][:MOST_PROBLEMS]
        if tried and None not in tried:
            words = f"fits none of the allowed: {'; or '.join(map(str, ways))}"
            whole = Problem(path, "alternatives", words, {"ways": ways})
            yield ways[0] if len(tried) == 1 else whole


def check_range(schema: Schema, size: float, path: str, of: str, unit: str) -> Iterator[Problem]:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    measured = unit.strip()
    if isinstance(least, int | float) and size < least:
        facts = {"limit": least, "of": measured}
        yield Problem(path, "least", f"must be at least {least}{unit}", facts)
    if isinstance(most, int | float) and size > most:
        facts = {"limit": most, "of": measured}
        yield Problem(path, "most", f"must be at most {most}{unit}", facts)


def check_number(schema: Schema, value: float, path: str) -> Iterator[Problem]:
    yield from check_range(schema, value, path, "imum", "")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool) and value <= above:
        yield Problem(path, "above", f"must be more than {above}", {"limit": above})
    if isinstance(below, int | float) and not isinstance(below, bool) and value >= below:
        yield Problem(path, "below", f"must be less than {below}", {"limit": below})


def check_object(
    schema: Schema, value: dict[str, object], path: str, root: Root, depth: int
) -> Iterator[Problem]:
    given = schema.get("properties")
    properties: Mapping[str, object] = given if isinstance(given, Mapping) else {}
    for name in listed(schema.get("required")):
        if name not in value:
            yield Problem(joined(path, str(name)), "missing", "is missing")
    rest = schema.get("additionalProperties", True)
    for name, item in value.items():
        where = joined(path, name)
        if name in properties:
            yield from check(properties[name], item, where, root, depth + 1)
        elif rest is False:
            known = ", ".join(properties) or "none"
            words = f"is unknown; known are: {known}"
            yield Problem(where, "unknown", words, {"wanted": list(properties)})
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
