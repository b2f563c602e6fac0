"""The renderer for a text that still grows.

The text is cut at its top-level blocks. A block is *frozen*, drawn once and never touched again, as
soon as no later text can change it; the rest is the *tail*, drawn again as it grows.

Whether a block is finished is asked only of complete lines. In such a parse every block but the
last was ended by a line that is known in full, and no rule of ours looks further than that (a
formula or a fence owns its lines from its first line on, closed or not). The last block is finished
too where its kind ends with its own line (a heading, a rule, a closed fence or formula), or with a
blank one (a paragraph, a table, a quote). A list goes on after blank lines, so it waits for the
next block, and so do indented code and a footnote's note.

What holds after any append: ``[*blocks, tail]`` joined by newlines equals ``render(text)``, but for

- *late definitions* (``exact`` is false): a frozen block mentioned a link label, or a footnote
  label, that was defined only later. It keeps what it said: the label as text, or the footnote's
  number without its link. Rendering the whole text at the end puts it right.
- *text held back* (``settled`` is false): a single block grew past ``LONG`` and is not one of the
  shapes in ``growing``. It is then parsed again only once it has grown by an eighth, so all its
  parses together cost about nine times one; until then new text stands behind it as it came.
- texts beyond the limits in ``whole``, and texts a parser fails on: ``render`` shows them plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .drawing import Carried, draw, noted, parse
from .footnotes import Footnotes
from .growing import Fence, Items, Line, Rows, is_list, tightness
from .html import is_closed
from .parser import top_level
from .sanitise import clean, escape
from .whole import checked, normalised, plain_paragraph

if TYPE_CHECKING:
    from markdown_it.token import Token

LONG = 6_000  # characters of one block; drawing so many takes about 10 ms
HELD_BACK = 8  # the part of its length by which a longer one grows between two parses

ENDS_ITSELF = frozenset({"heading_open", "hr", "math_block"})
ENDS_WITH_BLANK = frozenset({"paragraph_open", "table_open", "blockquote_open"})


class Incremental:
    """One growing text. Not for use from two threads at once."""

    __slots__ = (
        "_after_return",
        "_carried",
        "_chunks",
        "_drawn",
        "_exact",
        "_growing",
        "_html",
        "_line",
        "_notes",
        "_source",
        "_undivided",
        "blocks",
    )

    def __init__(self, prefix: str = "") -> None:
        self.blocks: list[str] = []
        self._chunks: list[str] = []
        self._carried = Carried(Footnotes(checked(prefix)))
        self._source = ""  # what is not frozen; of a list or table, what is not settled
        self._drawn = 0  # characters of it that the tail shows drawn
        self._html = ""  # the tail as drawn, unless a line or fence grows
        self._notes = ""
        self._growing: Fence | Items | Rows | None = None
        self._line: Line | None = None
        self._undivided = False  # this block was tried as a list or table that settles, and isn't
        self._after_return = False
        self._exact = True

    @property
    def text(self) -> str:
        """All text so far, as it came."""
        if len(self._chunks) > 1:
            self._chunks = ["".join(self._chunks)]
        return self._chunks[0] if self._chunks else ""

    @property
    def tail(self) -> str:
        """HTML of what is unfinished: the last block, and the footnotes known so far."""
        shown = self._line or self._growing
        html = shown.draw() if isinstance(shown, (Line, Fence)) else self._html
        if not self.settled:
            waiting = escape(self._source[self._drawn :].strip()).replace("\n", "<br>")
            html += f"\n<p>{waiting}</p>" if waiting else ""
        return "\n".join(filter(None, (html, self._notes)))

    @property
    def settled(self) -> bool:
        """Whether the tail shows all text as it will be drawn."""
        return self._drawn == len(self._source)

    @property
    def exact(self) -> bool:
        """Whether no frozen block waits for a definition that has come since."""
        return self._exact

    def append(self, text: str) -> None:
        """Take more text; finished blocks join ``blocks``."""
        if not text:
            return
        self._chunks.append(text)
        if self._after_return:
            text = text.removeprefix("\n")  # the second half of a line end that was cut in two
        self._after_return = text.endswith("\r")
        text = normalised(text)
        self._source += text
        if self._joins(text):
            self._drawn = len(self._source)
            return
        if len(self._source) > LONG and self._waiting() < len(self._source) // HELD_BACK:
            return
        try:
            while self._finish():
                pass
            self._draw()
        except Exception:  # as in render: whatever a parser meets, the text is shown
            self._show_plain()

    def _joins(self, text: str) -> bool:
        """Whether the text could be added to the tail without a look at the rest."""
        if self._line is not None:
            if self._line.append(text):
                return True
            self._html = self._line.draw()
            self._line = None
        elif isinstance(self._growing, Fence):
            if self._growing.append(text):
                return True
            self._html = self._growing.draw()
            self._growing = None
        return False

    def _waiting(self) -> int:
        return len(self._source) - self._drawn

    # ---- freezing -----------------------------------------------------------------------

    def _finish(self) -> bool:
        """Freeze what complete lines finish; whether it is worth asking again."""
        complete = self._source[: self._source.rfind("\n") + 1]
        if not complete:
            return False
        head = self._growing.head if isinstance(self._growing, Rows) else ""
        tokens, env = parse(head + complete, self._carried)
        blocks = top_level(tokens)
        if not self._fits(blocks):
            self._undivide()
            return True
        lines = (head + complete).split("\n")[:-1]
        count = len(blocks)
        if blocks and not is_final(blocks[-1], lines):
            count -= 1
        blank = not lines[-1].strip(" \t")
        if count == len(blocks) and blank:
            end = len(lines)
        elif count:
            end = line_after(blocks[count - 1])
        else:
            return bool(blocks) and self._settle(blocks[0], lines, env)
        self._commit(env, end)
        self._freeze(blocks[:count])
        self._cut(lines, end, len(head))
        return bool(self._source)

    def _commit(self, env: dict[str, Any], end: int) -> None:
        """Take over the link definitions that stand before the line."""
        self._carried.links = {
            label: link
            for label, link in env["references"].items()
            if label in self._carried.links or link["map"][1] <= end
        }

    def _freeze(self, blocks: list[list[Token]]) -> None:
        for block in blocks:
            self._carried.footnotes.defined |= noted(block)
        for block in blocks:
            html = self._draw_block(block, self._carried)
            self._growing = None
            if html:
                self.blocks.append(html)

    def _cut(self, lines: list[str], end: int, offset: int = 0) -> None:
        length = sum(map(len, lines[:end])) + end - offset
        self._source = self._source[length:]
        self._drawn = 0
        self._html = ""
        self._undivided = False

    # ---- lists and tables that settle piece by piece ---------------------------------------

    def _fits(self, blocks: list[list[Token]]) -> bool:
        """Whether the first block is still what grew so far."""
        match self._growing:
            case Items() as items:
                return bool(blocks) and items.continues(blocks[0])
            case Rows() as rows:
                return bool(blocks) and rows.continues(blocks[0])
            case _:
                return True

    def _undivide(self) -> None:
        """Draw the list or table as one from here on: an odd one, for which the shortcut fails."""
        if isinstance(self._growing, (Items, Rows)):
            self._source = self._growing.source + self._source
            self._carried = self._growing.start
        self._growing = None
        self._undivided = True
        self._drawn = 0

    def _settle(self, block: list[Token], lines: list[str], env: dict[str, Any]) -> bool:
        """Keep the items or rows of an unfinished list or table that are complete."""
        if self._undivided:
            return False
        if is_list(block):
            return self._settle_items(block, lines, env)
        if block[0].type == "table_open":
            return self._settle_rows(block, lines, env)
        return False

    def _settle_items(self, block: list[Token], lines: list[str], env: dict[str, Any]) -> bool:
        items = top_level(block[1:-1])
        last = items[-1]
        tight = tightness(block)
        begin = last[0].map[0] if last[0].map else 0
        # Alone, a line with a bar might begin a table, and one without text shows no tightness.
        divisible = (
            tight is not None and len(items) > 1 and tightness([block[0], *last]) is not None
        )
        if not divisible or "|" in lines[begin]:
            return False
        self._commit(env, begin)
        grown = self._growing if isinstance(self._growing, Items) else None
        if grown is None:
            grown = Items.of(block, self._carried)
        done = [block[0], *(token for item in items[:-1] for token in item), block[-1]]
        self._carried.footnotes.defined |= noted(done)
        source = "".join(f"{line}\n" for line in lines[:begin])
        grown.settle(done, source, self._carried, loose=grown.loose or tight is False)
        self._growing = grown
        self._cut(lines, begin)
        return False

    def _settle_rows(self, block: list[Token], lines: list[str], env: dict[str, Any]) -> bool:
        start = block[0].map[0] if block[0].map else 0
        if len(lines) <= start + 2:
            return False
        self._commit(env, len(lines))
        if isinstance(self._growing, Rows):
            grown = self._growing
            offset = len(grown.head)
        else:
            head = "".join(f"{line}\n" for line in lines[start : start + 2])
            grown = Rows.of(block, head, self._carried)
            offset = 0
        if not grown.settle(block, self._carried):
            return False
        self._growing = grown
        grown.source += "".join(f"{line}\n" for line in lines)[offset:]
        self._cut(lines, len(lines), offset)
        return False

    # ---- drawing --------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the tail."""
        head = self._growing.head if isinstance(self._growing, Rows) else ""
        carried = self._carried.copy()
        tokens, env = parse(head + self._source, carried)
        blocks = top_level(tokens)
        if not self._fits(blocks):
            self._undivide()
            self._draw()
            return
        carried.links = dict(env["references"])
        carried.footnotes.defined |= noted(tokens)
        growing = self._growing
        parts = []
        for index, block in enumerate(blocks):
            self._growing = growing if index == 0 else None
            parts.append(self._draw_block(block, carried))
        self._growing = growing
        self._html = "\n".join(filter(None, parts))
        self._drawn = len(self._source)
        self._notes = clean(carried.footnotes.section()) if carried.footnotes.notes else ""
        self._exact = not (
            self._carried.missed & carried.links.keys()
            or self._carried.footnotes.missed & carried.footnotes.defined
        )
        if len(blocks) == 1:
            self._grows(blocks[0])

    def _draw_block(self, block: list[Token], carried: Carried) -> str:
        match self._growing:
            case Items() as items:
                return items.draw(block, carried)
            case Rows() as rows:
                return rows.draw(draw(block, carried))
            case _:
                return draw(block, carried)

    def _grows(self, block: list[Token]) -> None:
        """Find the short way for what comes next, if there is one."""
        if block[0].type == "fence":
            source = self._source.lstrip("\n")
            opening, _, rest = source.partition("\n")
            # Whether a line with a bar begins a fence or a table is known once the next line is whole.
            if "|" not in opening or "\n" in rest:
                self._growing = Fence.of(block[0], source)
        elif not isinstance(self._growing, Rows):
            self._line = Line.of(block, self._source, self._html)

    def _show_plain(self) -> None:
        if isinstance(self._growing, (Items, Rows)):
            self._undivide()
        self._growing = self._line = None
        self._html = plain_paragraph(self._source)
        self._drawn = len(self._source)


def is_final(block: list[Token], lines: list[str]) -> bool:
    """Whether the last block of complete lines can't change any more."""
    first = block[0]
    if may_be_a_head(block, lines):
        return False
    if first.type in ENDS_ITSELF or (first.type == "fence" and is_closed(first)):
        return True
    return first.type in ENDS_WITH_BLANK and line_after(block) < len(lines)


def may_be_a_head(block: list[Token], lines: list[str]) -> bool:
    """Whether the block is one line with a bar, at the end: a row of dashes below would make it a
    table's head, whatever it looks like now."""
    begin = block[0].map[0] if block[0].map else 0
    return begin == len(lines) - 1 and "|" in lines[begin]


def line_after(block: list[Token]) -> int:
    """The number of the line behind the block."""
    lines = block[0].map
    return lines[1] if lines else 0
