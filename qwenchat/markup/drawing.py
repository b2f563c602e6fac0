"""Drawing one top-level block after another, and what is carried from each to the next.

Blocks can be drawn in several goes, as an answer grows, and come out the same, because all that
reaches from one into a later one is in ``Carried``: the links and notes defined so far, the
numbers given to footnotes, and the outline of headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .html import words
from .parser import MARKDOWN
from .sanitise import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

    from .footnotes import Footnotes

# The page has h1, each message has h2.
FIRST_LEVEL = 3
TASK = re.compile(r"\[([ xX])\][ \t\n]")
MAX_NAME = 200  # characters of an item's text that name its checkbox


class Links(dict[str, Any]):
    """The link definitions, remembering the labels looked up in vain."""

    def __init__(self, known: dict[str, Any], missed: set[str]) -> None:
        super().__init__(known)
        self.missed = missed

    def get(self, label: str, default: Any = None) -> Any:
        found = super().get(label, default)
        if found is None:
            self.missed.add(label)
        return found


@dataclass(slots=True)
class Carried:
    """All that a block can know of those before it."""

    footnotes: Footnotes
    links: dict[str, Any] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)  # link labels that nothing defined so far
    outline: list[int] = field(default_factory=list)  # levels of the headings one stands under

    def copy(self) -> Carried:
        return Carried(
            self.footnotes.copy(), dict(self.links), set(self.missed), list(self.outline)
        )

    def env(self) -> dict[str, Any]:
        """What markdown-it passes to its rules; new definitions end up in it."""
        return {"references": Links(self.links, self.missed), "footnotes_so_far": self.footnotes}


def parse(source: str, carried: Carried) -> tuple[list[Token], dict[str, Any]]:
    """The block tokens, lines not yet looked into, and the definitions that stand in the source."""
    tokens: list[Token] = []
    env = carried.env()
    MARKDOWN.block.parse(source, MARKDOWN, env, tokens)
    return tokens, env


def draw(block: list[Token], carried: Carried) -> str:
    """Safe HTML of one top-level block, "" for a footnote's note, which is kept in ``carried``."""
    return clean(draw_unsafe(block, carried)).strip()


def draw_unsafe(block: list[Token], carried: Carried) -> str:
    env = {
        "references": Links(carried.links, carried.missed),
        "footnotes_so_far": carried.footnotes,
    }
    prepare(block, carried, env)
    rest = take_notes(block, carried, env)
    return str(MARKDOWN.renderer.render(rest, MARKDOWN.options, env))


def prepare(block: list[Token], carried: Carried, env: dict[str, Any]) -> None:
    """Look into the lines, and give headings and task lists their final form."""
    mark_tasks(block)
    tags: list[str] = []
    for token in block:
        match token.type:
            case "inline":
                token.children = MARKDOWN.inline.parse(token.content, MARKDOWN, env, [])
            case "heading_open":
                token.tag = heading_tag(int(token.tag[1]), carried.outline)
                tags.append(token.tag)
            case "heading_close":
                token.tag = tags.pop()
            case _:
                pass
    name_tasks(block)


def heading_tag(level: int, outline: list[int]) -> str:
    """The tag for a heading: never more than one level below the one it stands under.

    Models begin with ``#``, ``##`` or ``###`` as they like; the first is an h3 whichever it is.
    """
    while outline and outline[-1] >= level:
        outline.pop()
    outline.append(level)
    return f"h{min(FIRST_LEVEL + len(outline) - 1, 6)}"


# ---- footnotes ------------------------------------------------------------------------------


def take_notes(block: list[Token], carried: Carried, env: dict[str, Any]) -> list[Token]:
    """The tokens without the notes among them; the notes are drawn and kept."""
    if not any(token.type == "footnote_reference_open" for token in block):
        return block
    kept: list[Token] = []
    open_notes: list[tuple[str, list[Token]]] = []
    for token in block:
        if token.type == "footnote_reference_open":
            open_notes.append((token.meta["label"], []))
        elif token.type == "footnote_reference_close":
            label, body = open_notes.pop()
            if label not in carried.footnotes.notes:
                html = str(MARKDOWN.renderer.render(body, MARKDOWN.options, env))
                carried.footnotes.notes[label] = clean(html).strip()
        else:
            (open_notes[-1][1] if open_notes else kept).append(token)
    return kept


def noted(tokens: list[Token]) -> set[str]:
    """The labels of the notes that stand among the tokens."""
    return {t.meta["label"] for t in tokens if t.type == "footnote_reference_open"}


# ---- tasks ----------------------------------------------------------------------------------


def mark_tasks(block: list[Token]) -> None:
    """Take the ``[ ]`` and ``[x]`` off items, and make a list whose first item has one a task list.

    The first alone decides, so that an item that comes later never changes those before it.
    """
    lists: list[Token] = []
    for index, token in enumerate(block):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            found = task_of(block, index)
            parent = lists[-1]
            if "tasks" not in parent.meta:
                parent.meta["tasks"] = found is not None
                if found is not None:
                    parent.attrSet("class", "tasks")
            if parent.meta["tasks"]:
                wrap(block, index)


def is_task_list(block: list[Token]) -> bool:
    """Whether the list's first item has a box; asked before the list is drawn."""
    first = block[3] if len(block) > 3 and block[2].type == "paragraph_open" else None
    return first is not None and TASK.match(first.content) is not None


def task_of(block: list[Token], item: int) -> bool | None:
    """Whether the item's box is ticked, None where it has none."""
    if item + 2 >= len(block) or block[item + 1].type != "paragraph_open":
        return None
    line = block[item + 2]
    found = TASK.match(line.content)
    if not found:
        return None
    line.content = line.content[found.end() :].lstrip()
    block[item].meta["task"] = (found[1] != " ", "")
    return found[1] != " "


def wrap(block: list[Token], item: int) -> None:
    """A task list's items are rows, the box in one column and everything else in the other."""
    close = closing_of(block, item)
    inside = block[item + 1 : close]
    simple = len(inside) == 3 and inside[0].hidden
    block[item].meta["wrap"] = "<span>" if simple else "<div>"
    block[close].meta["wrap"] = "</span>" if simple else "</div>"


def closing_of(block: list[Token], opening: int) -> int:
    level = block[opening].level
    return next(
        i
        for i in range(opening + 1, len(block))
        if block[i].level == level and block[i].nesting < 0
    )


def name_tasks(block: list[Token]) -> None:
    """Name each box by its item's words, which need no translation."""
    for index, token in enumerate(block):
        if token.type == "list_item_open" and "task" in token.meta:
            done, _ = token.meta["task"]
            token.meta["task"] = (done, words(block[index + 2].children or []).strip()[:MAX_NAME])
