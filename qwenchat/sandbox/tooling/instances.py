"""A value that a JSON schema allows, made of texts and numbers at hand.

Knows what schemas for tools and answers use: types, enum, const, properties, required, items,
lengths and ranges, formats, `$ref` into the same document, anyOf, oneOf and allOf.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

DEEPEST = 12  # a schema may refer to itself: below this only what is required is made
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@sandbox.example",
    "uri": "https://sandbox.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "sandbox.example",
    "ipv4": "192.0.2.1",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What values are made of."""

    text: str
    number: float


def instance(schema: dict[str, Any], material: Material) -> Any:
    return _Maker(schema, material).make(schema, 0)


@dataclass(frozen=True, slots=True)
class _Maker:
    root: dict[str, Any]
    material: Material

    def make(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self.material.text
        schema = self._resolved(schema)
        if schema.get("enum"):
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type") or ("array" if "items" in schema else "object")
        kind = kind[0] if isinstance(kind, list) else kind
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer" | "number":
                return _number(schema, self.material.number, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return _string(schema, self.material.text)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """References followed, and one of several possibilities taken."""
        for _ in range(DEEPEST):
            if isinstance(schema.get("$ref"), str):
                schema = self._referred(schema["$ref"])
                continue
            options = schema.get("anyOf") or schema.get("oneOf")
            if options:
                rest = {key: x for key, x in schema.items() if key not in ("anyOf", "oneOf")}
                schema = {**rest, **options[0]}
                continue
            if schema.get("allOf"):
                schema = _merged([schema, *map(self._resolved, schema["allOf"])])
                continue
            break
        return schema

    def _referred(self, reference: str) -> dict[str, Any]:
        found: Any = self.root
        for step in reference.removeprefix("#").strip("/").split("/"):
            if step:
                found = found.get(step, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or ()
        wanted = required if depth >= DEEPEST else properties
        if depth > DEEPEST * 2:  # required all the way down: nothing finite fits
            return {}
        made = {name: self.make(properties.get(name, {}), depth + 1) for name in wanted}
        return made | {
            name: self.make({"type": "string"}, depth + 1) for name in required if name not in made
        }

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        count = max(least, 0 if depth >= DEEPEST or schema.get("maxItems") == 0 else 1)
        items = schema.get("prefixItems") or [schema.get("items", {"type": "string"})] * count
        return [self.make(item, depth + 1) for item in items]


def _merged(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for schema in schemas:
        properties = {**merged.get("properties", {}), **schema.get("properties", {})}
        required = [*merged.get("required", []), *schema.get("required", [])]
        merged |= {key: value for key, value in schema.items() if key != "allOf"}
        if properties:
            merged |= {"properties": properties, "required": list(dict.fromkeys(required))}
    return merged


def _number(schema: dict[str, Any], number: float, *, whole: bool) -> float:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    step = schema.get("multipleOf") or (1 if whole else 0)
    if "exclusiveMinimum" in schema and not isinstance(schema["exclusiveMinimum"], bool):
        low = max(low, schema["exclusiveMinimum"] + (step or 1e-6))
    if "exclusiveMaximum" in schema and not isinstance(schema["exclusiveMaximum"], bool):
        high = min(high, schema["exclusiveMaximum"] - (step or 1e-6))
    value = max(low, min(high, number))
    if step:
        value = math.ceil(value / step) * step
        value = value if value <= high else math.floor(high / step) * step
    return int(value) if whole or value == int(value) else value


def _string(schema: dict[str, Any], text: str) -> str:
    made = _FORMATS.get(schema.get("format", ""), text)
    most = schema.get("maxLength")
    made = made[:most] if most is not None else made
    return made.ljust(schema.get("minLength", 0), ".")
