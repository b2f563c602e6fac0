"""The parser: markdown-it-py with what our answers need, and bounded.

One instance serves every thread: parsing keeps its state in the ``env`` given with each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock

from .emphasis import CjkInline
from .footnotes import footnotes
from .html import Renderer
from .links import scheme_of
from .math import formulas, push_paragraph

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

# Levels; a list takes two. The parser drops what lies deeper, so below it is kept as text. Python's
# own stack allows about three times as many.
MAX_NESTING = 60


class BoundedBlocks(ParserBlock):
    """The block parser: text nested too deeply becomes a paragraph instead of disappearing."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        if state.level < MAX_NESTING:
            super().tokenize(state, startLine, endLine)
            return
        line = startLine + 1
        while line < endLine and (state.isEmpty(line) or state.sCount[line] >= state.blkIndent):
            line += 1
        state.line = line
        content = state.getLines(startLine, line, state.blkIndent, False).strip()
        push_paragraph(state, content, startLine)


class Markdown(MarkdownIt):
    """Markdown with our rules: see the package's modules for each."""

    def __init__(self) -> None:
        super().__init__("commonmark", renderer_cls=Renderer)
        self.inline = CjkInline()
        self.block = BoundedBlocks()
        self.configure("commonmark", {"html": False, "maxNesting": MAX_NESTING + 10})
        self.enable(["table", "strikethrough"])
        self.use(formulas)
        self.use(footnotes)

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return scheme_of(url) is not None


MARKDOWN = Markdown()


def top_level(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each top-level block. A link's definition has none."""
    blocks: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks
