"""An answer that was asked for in JSON: whether it is that, whether it fits its schema, and as a tree.

Pure: texts in, values out. Large answers are cut in the tree, never in the text beside it.

    >>> shown('{"tea": ["green"]}', {"type": "json_object"}).root.children[0].path
    '$.tea'
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat.tools import schemas

from . import jsontext, misfits
from .jsontext import Number, coloured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

MOST_NODES = 400
MOST_DEPTH = 24
OPEN_DEPTH = 2  # so deep the tree is open when it comes
OPEN_PARTS = 30  # but not a branch of more: what follows it would be out of sight
MOST_CHARACTERS = 400_000
VALUE_CHARACTERS = 2_000
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# Models put JSON into a block of code where they are not held to it.
FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(?P<inner>.*)\n```\s*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, and where; `path` is "" where that is no place in the value."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Node:
    """One value. `path` is where it stands (`$.a[0]`), `steps` the same as JSON, `copied` what its button
    copies, "" for a branch: a script takes that from the text."""

    name: str
    path: str
    steps: str
    kind: str
    value: str = ""
    copied: str = ""
    summary: str = ""
    children: tuple[Node, ...] = ()
    is_open: bool = False

    @property
    def is_branch(self) -> bool:
        return bool(self.children)


@dataclass(frozen=True, slots=True)
class ShownStructure:
    """`sentence` says whether it fits, `problems` why not; `root` is None where it is no JSON at all."""

    sentence: str
    icon: str
    tone: str
    problems: tuple[Misfit, ...]
    root: Node | None
    text: str
    left_out: str = ""

    @property
    def html(self) -> SafeString:
        """The text with colours, where it is not too long for that."""
        return coloured(self.text)

    @property
    def fits(self) -> bool:
        return self.tone == "ok"


def shown(text: str, response_format: Mapping[str, Any] | None) -> ShownStructure | None:
    """The answer as a structure; None where none was asked for."""
    kind = (response_format or {}).get("type")
    if response_format is None or kind not in ("json_object", "json_schema") or not text.strip():
        return None
    try:
        found = inner(text)
        value = jsontext.read(found)
        whole = jsontext.written(value)
        problems = tuple(wrong(json.loads(found), response_format))
    except (ValueError, RecursionError) as error:
        return no_json(text, error)
    room = Room()
    root = node("$", "$", [], value, 0, room)
    return ShownStructure(
        sentence=verdict(kind, fits=not problems),
        icon="alert" if problems else "check",
        tone="warn" if problems else "ok",
        problems=problems,
        root=root,
        text=whole,
        left_out=left_out(room.left_out),
    )


def inner(text: str) -> str:
    """What of the answer is JSON; ValueError where it is too much."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError("too long")
    fenced = FENCED.fullmatch(text)
    return fenced["inner"] if fenced else text


def no_json(text: str, error: Exception) -> ShownStructure:
    place: tuple[Misfit, ...] = ()
    sentence = _("This is not valid JSON.")
    if isinstance(error, json.JSONDecodeError):
        where = _("From line %(line)d, column %(column)d on.")
        place = (Misfit("", where % {"line": error.lineno, "column": error.colno}),)
    elif isinstance(error, RecursionError):
        sentence = _("This is nested too deeply to be read as JSON.")
    return ShownStructure(
        sentence=sentence,
        icon="alert",
        tone="warn",
        problems=place,
        root=None,
        text=text,
    )


def wrong(value: object, response_format: Mapping[str, Any]) -> list[Misfit]:
    """What does not fit."""
    described = response_format.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if response_format.get("type") == "json_object":
        schema = {"type": "object"}
    if not isinstance(schema, dict):
        return []
    return [
        Misfit(problem.path or "$", misfits.sentence(problem))
        for problem in schemas.found(schema, value)
    ]


def verdict(kind: str, *, fits: bool) -> str:
    if kind == "json_object":
        return _("Valid JSON") if fits else _("Valid JSON, but no object")
    return _("Fits the schema") if fits else _("Valid JSON that does not fit the schema")


def left_out(count: int) -> str:
    if not count:
        return ""
    sentence = ngettext(
        "%(count)d more value is only in the text.",
        "%(count)d more values are only in the text.",
        count,
    )
    return sentence % {"count": count}


# ---- the tree ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Room:
    """How many more rows the tree takes, and what found none."""

    rows: int = MOST_NODES
    left_out: int = field(default=0)


def node(name: str, path: str, steps: list[str | int], value: Any, depth: int, room: Room) -> Node:
    room.rows -= 1
    where = json.dumps(steps, ensure_ascii=False)
    parts: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        parts, kind = list(value.items()), "object"
    elif isinstance(value, list):
        parts, kind = list(enumerate(value)), "array"
    if not parts or depth >= MOST_DEPTH:
        return leaf(name, path, where, value)
    children = []
    for at, (step, inner) in enumerate(parts):
        if room.rows <= 0:
            room.left_out += len(parts) - at
            break
        below = joined(path, step)
        children.append(node(str(step), below, [*steps, step], inner, depth + 1, room))
    return Node(
        name=name,
        path=path,
        steps=where,
        kind=kind,
        summary=counted(kind, len(parts)),
        children=tuple(children),
        is_open=not depth or (depth < OPEN_DEPTH and len(parts) <= OPEN_PARTS),
    )


def leaf(name: str, path: str, steps: str, value: Any) -> Node:
    text = str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
    is_text = isinstance(value, str) and not isinstance(value, Number)
    cut = text if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS] + "…"
    return Node(
        name=name,
        path=path,
        steps=steps,
        kind=kind_of(value),
        value=cut,
        copied=value if is_text else text,
    )


def kind_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "word"
    if isinstance(value, Number):
        return "number"
    return "text" if isinstance(value, str) else ""


def joined(path: str, step: str | int) -> str:
    """JSONPath (RFC 9535): `$.name`, `$[0]`, `$["any other name"]`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if PLAIN_NAME.fullmatch(step):
        return f"{path}.{step}"
    return f"{path}[{json.dumps(step, ensure_ascii=False)}]"


def counted(kind: str, count: int) -> str:
    if kind == "array":
        return ngettext("%(count)d item", "%(count)d items", count) % {"count": count}
    return ngettext("%(count)d field", "%(count)d fields", count) % {"count": count}
