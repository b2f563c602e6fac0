"""Arguments that fit a tool's schema, taken from the question wherever it has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.tooling import concepts
from qwenchat.sandbox.tooling.instances import Material, instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenchat.sandbox.tooling.offered import Tool

_PLACE = re.compile(r"city|location|place|town|城市|地点|县区", re.I)
_ZONE = re.compile(r"time_?zone|\btz\b|\bzone\b|时区", re.I)
_URL = re.compile(r"\burl\b|\blink\b|网址|链接", re.I)
_EXPRESSION = re.compile(r"expression|formula|equation|算式|表达式", re.I)
_FILE = re.compile(r"file|document|attachment|文件|文档|附件", re.I)
_SOURCE_UNIT = re.compile(r"^(?:from|source|in)\w*unit|^from$|from_?unit", re.I)
_TARGET_UNIT = re.compile(r"^(?:to|target|out)\w*unit|^to$|to_?unit", re.I)
_WORDS = re.compile(r"quer|word|keyword|search|\bq\b|关键词|查询", re.I)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_LOOKED_FOR = re.compile(
    r"\b(?:search|look|find|say|said)\b.*?\b(?:for|about)\s+(?P<en>.+)"
    r"|(?:搜索|查找|查一下)(?:我的?(?:对话|聊天))?[:：里中]?(?P<zh>.+)",
    re.I | re.S,
)
# In Chinese nothing stands between what is to be done with a file and its name.
_DONE_TO_A_FILE = re.compile(r"^(?:请|帮我)*(?:读|阅读|打开|看看|看|总结|概括|翻译)(?:一?下)?")


def fillings(tool: Tool, question: str) -> list[dict[str, Any]]:
    """The arguments of each call that the question asks for: one for each city of several."""
    has_place = any(_PLACE.search(_about(name, inner)) for name, inner in tool.properties.items())
    found = concepts.places(question)
    cities: list[str | None] = list(found) if has_place and found else [None]
    zones = [name for name in found if concepts.zone_of(name)]
    if not has_place and _has_zone(tool) and zones:
        cities = list(zones)
    return [_filled(tool, question, city) for city in cities]


def _has_zone(tool: Tool) -> bool:
    return any(_ZONE.search(_about(name, inner)) for name, inner in tool.properties.items())


def _filled(tool: Tool, question: str, place: str | None) -> dict[str, Any]:
    numbers = iter(_NUMBER.findall(question))
    arguments: dict[str, Any] = {}
    for name, inner in tool.properties.items():
        value = _taken(name, inner, question, place or "", numbers)
        if value is not None:
            arguments[name] = value
        elif name in tool.required:
            text = " ".join(question.split())[:80]
            arguments[name] = instance(
                {**inner, "$defs": tool.schema.get("$defs", {})}, Material(text, 1)
            )
    return arguments


def _taken(
    name: str, schema: dict[str, Any], question: str, place: str, numbers: Iterator[str]
) -> Any:
    """What the question says for this argument; None when it says nothing."""
    if schema.get("enum"):
        lowered = question.lower()
        named = (choice for choice in schema["enum"] if str(choice).lower() in lowered)
        return next(named, None)
    match schema.get("type", "string"):
        case "string":
            return _text(name, schema, question, place)
        case "number" | "integer":
            number = next(numbers, None)
            if number is None:
                return None
            whole = schema.get("type") == "integer"
            material = Material("", float(number))
            return instance({**schema, "type": "integer" if whole else "number"}, material)
        case "array" if isinstance(schema.get("items"), dict):
            inner = _taken(name, schema["items"], question, place, numbers)
            return None if inner is None else [inner]
        case _:
            return None


def _text(name: str, schema: dict[str, Any], question: str, place: str) -> str | None:
    about = _about(name, schema)
    conversion = concepts.CONVERSION.search(question)
    if _ZONE.search(name):
        return concepts.zone_of(place)
    if _SOURCE_UNIT.search(name):
        return conversion["source"] if conversion else None
    if _TARGET_UNIT.search(name):
        return conversion["target"] if conversion else None
    for wanted, found in (
        (_URL, concepts.URL),
        (_EXPRESSION, concepts.EXPRESSION),
        (_FILE, concepts.FILE),
        (re.compile(r"date|日期", re.I), _DATE),
    ):
        if wanted.search(about):
            match = found.search(question)
            if match is None:
                return None
            taken = str(match[0]).strip()
            return _DONE_TO_A_FILE.sub("", taken) if wanted is _FILE else taken
    if _PLACE.search(about):
        return place or None
    if _WORDS.search(about):
        match = _LOOKED_FOR.search(question)
        words = (match["en"] or match["zh"]) if match else question
        return " ".join(words.split()).strip(" ?？。.!！")[:200]
    return None


def _about(name: str, schema: dict[str, Any]) -> str:
    # The name says more than the description, which may mention anything.
    spelled = name.replace("_", " ")
    known = (_PLACE, _ZONE, _URL, _EXPRESSION, _FILE, _WORDS)
    if any(pattern.search(name) or pattern.search(spelled) for pattern in known):
        return f"{name} {spelled}"
    return f"{spelled} {schema.get('description', '')}"
