"""The whole text, rendered once: what is kept, shown in the history, exported and reviewed."""

from __future__ import annotations

import re
from html import escape

from .drawing import Carried, draw_unsafe, noted, parse
from .footnotes import Footnotes
from .parser import top_level
from .sanitise import clean

# Rendered answers are kept: raise this whenever the same text gives different HTML.
RENDER_VERSION = 1

# Above these the text is shown as it stands, so that no text takes much longer than a second. An
# answer of MAX_LENGTH has some 8,000 lines and 30,000 marks; what has ten times as many is noise.
MAX_LENGTH = 300_000  # characters
MAX_WORK = 80_000  # one for each mark (about 10 µs), four for each line (about 40 µs)
MARKS = "*_`~[]!<&$\\|"

PREFIX = re.compile(r"[A-Za-z0-9_-]{0,60}")
LINE_ENDS = re.compile(r"\r\n?")
UNPRINTABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of a pair, which are no text


def render(text: str, prefix: str = "") -> str:
    """Safe HTML of the whole text; never raises for any string.

    With a prefix (letters, digits, ``_``, ``-``; one of its own for each text on a page) footnotes
    link to their notes and back; without one they have neither links nor ids.
    """
    footnotes = Footnotes(checked(prefix))
    if len(text) > MAX_LENGTH or work(text) > MAX_WORK:
        return plain_paragraph(text)
    try:
        return clean(draw_all(normalised(text), footnotes)).strip()
    except Exception:  # an answer must be readable whatever a parser meets in it
        return plain_paragraph(text)


def work(text: str) -> int:
    """What a text costs to render, roughly, found out for next to nothing."""
    lines = text.count("\n") + text.count("\r")
    return 4 * lines + sum(map(text.count, MARKS))


def draw_all(source: str, footnotes: Footnotes) -> str:
    carried = Carried(footnotes)
    tokens, env = parse(source, carried)
    carried.links = dict(env["references"])
    carried.footnotes.defined = noted(tokens)
    parts = [draw_unsafe(block, carried).strip() for block in top_level(tokens)]
    return "\n".join(filter(None, [*parts, carried.footnotes.section()]))


def checked(prefix: str) -> str:
    if not PREFIX.fullmatch(prefix):
        message = f"A prefix is up to 60 letters, digits, _ and -, not {prefix!r}."
        raise ValueError(message)
    return prefix


def normalised(text: str) -> str:
    """The text with ``\\n`` for every line end and nothing that HTML or UTF-8 can't carry."""
    return UNPRINTABLE.sub("\ufffd", LINE_ENDS.sub("\n", text))


def plain_paragraph(text: str) -> str:
    """The text as it stands, line for line, with nothing understood."""
    return clean(f"<p>{escape(normalised(text)).replace(chr(10), '<br>')}</p>")
