"""Python annotations as JSON Schema, and JSON values as what the annotations promise.

Understood: str, int, float, bool, None, Literal, Enum, list, tuple[T, ...], dict[str, T], unions,
dataclasses, TypedDict, and Annotated with a description.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from .schemas import problems

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


class NotDescribable(TypeError):
    """The annotation means nothing in JSON; told to the author of the tool when it is declared."""


def schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of an annotation."""
    if annotation in (Any, object):
        return {}
    if isinstance(annotation, type) and annotation in PLAIN:
        return {"type": PLAIN[annotation]}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        said = next((each for each in arguments[1:] if isinstance(each, str)), None)
        return schema_of(arguments[0]) | ({"description": said} if said else {})
    if origin in (Required, NotRequired):
        return schema_of(arguments[0])
    if origin is Literal:
        return choice(list(arguments))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return choice([member.value for member in annotation])
    if origin in (Union, types.UnionType):
        return union([schema_of(each) for each in arguments])
    if annotation in (list, tuple) or origin in (list, tuple):
        return {"type": "array"} | ({"items": schema_of(arguments[0])} if arguments else {})
    if annotation is dict or origin is dict:
        return {"type": "object"} | (
            {"additionalProperties": schema_of(arguments[1])} if arguments else {}
        )
    if typing.is_typeddict(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return record(hints, [name for name in hints if is_needed(annotation, hints[name])])
    if dataclasses.is_dataclass(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        fields = dataclasses.fields(annotation)
        return record(hints, [field.name for field in fields if is_required(field)])
    raise NotDescribable(f"{annotation!r} has no JSON Schema")


def is_needed(annotation: Any, hint: Any) -> bool:
    """Of a TypedDict's key. `__required_keys__` does not see NotRequired in postponed annotations."""
    if get_origin(hint) in (Required, NotRequired):
        return get_origin(hint) is Required
    return bool(annotation.__total__)


def is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def record(hints: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema_of(hint) for name, hint in hints.items()},
        "required": required,
        "additionalProperties": False,
    }


def choice(values: list[Any]) -> dict[str, Any]:
    kinds = list(dict.fromkeys(PLAIN[type(value)] for value in values))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": values}


def union(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """`X | None` of a plain X stays one line: models read that better than `anyOf`."""
    if all(set(schema) == {"type"} and isinstance(schema["type"], str) for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def value_of(annotation: Any, value: Any) -> Any:
    """A JSON value, already known to fit the schema, as the type that the annotation names."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, Required, NotRequired):
        return value_of(arguments[0], value)
    if annotation is int and isinstance(value, float):
        return int(value)  # 3.0 is an integer in JSON
    if annotation is float and isinstance(value, int):
        return float(value)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation(value)
    if origin in (Union, types.UnionType):
        return of_union(arguments, value)
    if isinstance(value, list) and arguments:
        items = [value_of(arguments[0], item) for item in value]
        return tuple(items) if origin is tuple else items
    if isinstance(value, dict):
        return of_object(annotation, origin, arguments, value)
    return value


def of_object(
    annotation: Any, origin: Any, arguments: tuple[Any, ...], value: dict[str, Any]
) -> Any:
    if origin is dict and arguments:
        return {name: value_of(arguments[1], item) for name, item in value.items()}
    if typing.is_typeddict(annotation) or dataclasses.is_dataclass(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        values = {name: value_of(hints[name], item) for name, item in value.items()}
        return values if typing.is_typeddict(annotation) else annotation(**values)
    return value


def of_union(alternatives: tuple[Any, ...], value: Any) -> Any:
    for alternative in alternatives:
        if not problems(schema_of(alternative), value):
            return value_of(alternative, value)
    return value
