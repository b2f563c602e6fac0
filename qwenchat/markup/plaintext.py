"""The words of a Markdown text, for titles, announcements and search."""

from __future__ import annotations

from .drawing import Carried, mark_tasks, parse
from .footnotes import Footnotes
from .html import words
from .parser import MARKDOWN
from .whole import normalised


def plain(text: str, *, limit: int = 20_000) -> str:
    """The text's words in one line, marks left out; not safe HTML, never raises.

    Only the first ``limit`` characters are looked at: cheap whatever the text's length.
    """
    source = normalised(text[:limit])
    try:
        return " ".join(" ".join(parts(source)).split())
    except Exception:  # as in render: the words matter more than what a parser meets
        return " ".join(source.split())


def parts(source: str) -> list[str]:
    carried = Carried(Footnotes())
    tokens, env = parse(source, carried)
    mark_tasks(tokens)
    found: list[str] = []
    for token in tokens:
        if token.type == "inline":
            found.append(words(MARKDOWN.inline.parse(token.content, MARKDOWN, env, [])))
        elif token.type in ("fence", "code_block", "math_block"):
            found.append(token.content)
    return found
