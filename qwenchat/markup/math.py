r"""Formulas: ``$…$``, ``\(…\)`` in a line, ``$$…$$`` and ``\[…\]`` in a line or as a block.

A dollar is usually money. So an opening one has no letter or digit before it and no space after
it, the very next dollar must close it, and that one has no space before it and no digit after it:
"$5 and $10", "US$5", "$100K和$200K" stay text.

A line that begins with ``$$`` or ``\[`` is a formula until its closing mark, or until a blank line,
whatever stands between ("+ b" is no list there). Whether the mark comes decides only how it is
shown, so a growing text is cut into blocks the same way before and after.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from xml.etree.ElementTree import tostring

from latex2mathml.converter import convert_to_element
from markdown_it.common.utils import escapeHtml

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

MAX_FORMULA = 2_000  # characters; the converter recurses, and takes about 1 µs a character squared
CLOSERS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
LOOKS_LIKE_TEX = re.compile(r"[\\^_=+<>]|\A\s.*\s\Z", re.DOTALL)
NOT_AFTER_MONEY = ("/", ":", "-", ",", "(")


def formulas(md: MarkdownIt) -> None:
    """Add the rules to a parser; tokens are ``math_inline`` and ``math_block``."""
    md.inline.ruler.before("escape", "math", inline_rule)
    md.block.ruler.before(
        "fence", "math_block", block_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


@lru_cache(maxsize=512)
def mathml(source: str, *, display: bool) -> str:
    """The formula as MathML, or its source as code where it can't be drawn.

    Not sanitised: an ``\\href`` comes out as an attribute.
    """
    if len(source) <= MAX_FORMULA:
        try:
            element = convert_to_element(source, display="block" if display else "inline")
            if not display:
                element.attrib.pop("display", None)
            element.attrib.pop("xmlns", None)
            for part in element.iter():  # the converter leaves its symbols as character references
                part.text = unescape(part.text) if part.text else None
            return tostring(element, encoding="unicode")
        except Exception:  # noqa: S110 - it raises whatever it meets
            pass
    return f"<code>{escapeHtml(source)}</code>"


# ---- in a line ------------------------------------------------------------------------------


def inline_rule(state: StateInline, silent: bool) -> bool:
    mark = state.src[state.pos]
    if mark == "$":
        if state.src.startswith("$$", state.pos):
            return between(state, "$$", silent)
        return dollars(state, silent)
    if mark == "\\":
        opener = state.src[state.pos : state.pos + 2]
        if opener in ("\\(", "\\["):
            return between(state, opener, silent)
    return False


def between(state: StateInline, opener: str, silent: bool) -> bool:
    start = state.pos + 2
    end = state.src.find(CLOSERS[opener], start, min(state.posMax, start + MAX_FORMULA + 2))
    content = state.src[start:end] if end > start else ""
    if not content.strip() or (opener == "\\[" and not LOOKS_LIKE_TEX.search(content)):
        if opener != "$$":
            return False
        if not silent:  # or the second dollar would be looked at as an opening one
            state.append_pending("$$")
        state.pos = start
        return True
    push(state, content, display=opener != "\\(", silent=silent)
    state.pos = end + 2
    return True


def dollars(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos + 1
    before = source[start - 2] if start > 1 else " "
    if start >= state.posMax or source[start].isspace() or (before.isascii() and before.isalnum()):
        return False
    end = start
    while True:
        end = source.find("$", end, min(state.posMax, start + MAX_FORMULA + 1))
        if end < 0:
            return False
        if source[end - 1] != "\\":
            break
        end += 1
    content = source[start:end]
    after = source[end + 1] if end + 1 < state.posMax else " "
    if (
        not content
        or content[-1].isspace()
        or after.isdigit()
        or content.endswith(NOT_AFTER_MONEY)
        or "`" in content
    ):
        return False
    push(state, content, display=False, silent=silent)
    state.pos = end + 1
    return True


def push(state: StateInline, content: str, *, display: bool, silent: bool) -> None:
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content.strip()
        token.meta = {"display": display}


# ---- as a block -----------------------------------------------------------------------------


def block_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    begin = state.bMarks[start_line] + state.tShift[start_line]
    first = state.src[begin : state.eMarks[start_line]].rstrip()
    closer = CLOSERS.get(first[:2])
    if closer is None or closer == "\\)":
        return False
    found = first.find(closer, 2)
    if found >= 0 and (found + 2 < len(first) or not is_formula(first[:2], first[2:found])):
        return False  # text follows the formula: a paragraph that begins with one
    if silent:
        return True

    line, closed = start_line, found >= 0
    while not closed and line + 1 < end_line:
        following = line + 1
        if state.isEmpty(following) or state.sCount[following] < state.blkIndent:
            break
        line = following
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
        found = text.find(closer)
        if found >= 0:
            closed = found + 2 == len(text)
            break
    state.line = line + 1
    content = state.getLines(start_line, state.line, state.blkIndent, False).strip()
    if closed and content[2:-2].strip():
        token = state.push("math_block", "math", 0)
        token.content = content[2:-2].strip()
        token.map = [start_line, state.line]
    else:
        push_paragraph(state, content, start_line)
    return True


def is_formula(opener: str, content: str) -> bool:
    """``\\[note\\]`` is how Markdown writes plain brackets; ``\\[x^2\\]`` is not."""
    return bool(content.strip()) and (opener == "$$" or bool(LOOKS_LIKE_TEX.search(content)))


def push_paragraph(state: StateBlock, content: str, start_line: int) -> None:
    token = state.push("paragraph_open", "p", 1)
    token.map = [start_line, state.line]
    token = state.push("inline", "", 0)
    token.content = content
    token.map = [start_line, state.line]
    token.children = []
    state.push("paragraph_close", "p", -1)
