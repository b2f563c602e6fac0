"""The unfinished last block of a growing text, where drawing all of it again would cost too much.

Four shapes, each for what a model writes at length:

- ``Line``: a paragraph, an item or a quote that goes on in plain words; they join it unparsed.
- ``Fence``: an open code block; its lines join it escaped.
- ``Items``: a list; only its last item is drawn again.
- ``Rows``: a table; only rows that came since are drawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .code import figure
from .drawing import draw, is_task_list, parse
from .html import is_closed
from .sanitise import clean, escape

if TYPE_CHECKING:
    from markdown_it.token import Token

    from .drawing import Carried

# Appended text may be put into the HTML as it is when it has none of these: they are marks, or can
# be the end of one, or are written otherwise in HTML, or are spaces that show only once text
# follows. A ")" ends only what a "[" or "\" began.
SPACES = r"\t\n\v\f\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
NOT_PLAIN_ALONE = re.compile(rf"[{SPACES}`*_~\[\]<>&;$\\\0\ud800-\udfff]")
NOT_PLAIN = re.compile(rf"[{SPACES}`*_~\[\]<>&;$\\)\0\ud800-\udfff]")
# A line that begins so is text whatever follows in it: no list, heading, rule, quote or table.
PLAIN_START = re.compile(
    r" {0,3}(?:[^\W\d_]|[“”‘’（《「『【…—，。：；！？、]|\d{1,12}[^\d.)\n]|\*{1,2}[^\s*])"
)

END_TAGS = ("</p>", "</li>", "</ul>", "</ol>", "</blockquote>", "</span>", "</div>")
HELD = "\ue000code\ue001"  # stands for the code while the frame around it is drawn


@dataclass(slots=True)
class Line:
    """A paragraph, maybe in an item or a quote, that ends in plain words."""

    html: str  # up to the end tags, without trailing spaces, which show only once text follows
    end_tags: str
    spaces: str
    marks: re.Pattern[str]

    @classmethod
    def of(cls, block: list[Token], source: str, html: str) -> Line | None:
        """The block ready to take more words, None where more could change what is there."""
        line = last_line(block, source.count("\n") + 1)
        if line is None:
            return None
        words = source.rstrip(" ")
        spaces = source[len(words) :]
        last = line[line.rfind("\n") + 1 :].strip(" \t")
        marks = NOT_PLAIN if "[" in line or "\\" in line else NOT_PLAIN_ALONE
        if (
            not last
            or not words.endswith(last)
            or not PLAIN_START.match(line)
            or not PLAIN_START.match(last)
            or marks.match(words[-1])
        ):
            return None
        begin = html
        while begin.endswith(END_TAGS):
            begin = begin[: begin.rindex("<")].rstrip("\n")
        return cls(begin, html[len(begin) :], spaces, marks)

    def append(self, text: str) -> bool:
        """Whether the text could join as it is."""
        if self.marks.search(text):
            return False
        words = text.rstrip(" ")
        if words:
            self.html += self.spaces + words
            self.spaces = text[len(words) :]
        else:
            self.spaces += text
        return True

    def draw(self) -> str:
        return self.html + self.end_tags


def last_line(block: list[Token], lines: int) -> str | None:
    """The text of the paragraph that holds the last of the source's lines, None if none does.

    Not in a task, whose box is named by its words, nor in a footnote's note, drawn elsewhere.
    """
    for index in range(len(block) - 1, 0, -1):
        token = block[index]
        if token.type == "inline":
            item = block[index - 2] if index > 1 else None
            drawn_elsewhere = any(t.type == "footnote_reference_open" for t in block)
            if (
                block[index - 1].type != "paragraph_open"
                or token.map is None
                or token.map[1] != lines
                or (item is not None and "task" in item.meta)
                or drawn_elsewhere
            ):
                return None
            return token.content
        if token.nesting >= 0:
            return None
    return None


@dataclass(slots=True)
class Fence:
    """An open code block at the left margin."""

    head: str
    foot: str
    closer: re.Pattern[str]
    body: str  # complete lines, escaped
    line: str = ""  # the line that is being written, as it came

    @classmethod
    def of(cls, token: Token, source: str) -> Fence | None:
        if is_closed(token) or source[:1] not in ("`", "~"):
            return None
        first, newline, body = source.partition("\n")
        if not newline or not first.startswith(token.markup):
            return None
        head, _, foot = clean(figure(token.info, HELD, closed=False)).rpartition(HELD)
        closer = re.compile(rf" {{0,3}}{re.escape(token.markup)}{token.markup[0]}*[ \t]*\Z")
        complete, newline, line = body.rpartition("\n")
        if closer.match(line):
            return None
        return cls(head, foot, closer, escape(complete + newline), line)

    def append(self, text: str) -> bool:
        """Whether the block is still open after the text."""
        lines = (self.line + text).split("\n")
        if any(self.closer.match(line) for line in lines):
            return False
        self.line = lines.pop()
        self.body += "".join(escape(line) + "\n" for line in lines)
        return True

    def draw(self) -> str:
        line = escape(self.line) if self.line.strip(" \t") else ""
        return self.head + (self.body + line).removesuffix("\n") + self.foot


@dataclass(slots=True)
class Items:
    """A list: items that nothing can change any more, but for being set tight or loose."""

    marker: str
    tasks: bool  # whether the first item has a box
    opening: str
    closing: str
    start: Carried  # as it was before the list
    loose: bool
    source: str = ""  # of the settled items
    html: list[str] = field(default_factory=list)
    html_loose: list[str] | None = None  # the same items, when only the newest makes the list loose

    @classmethod
    def of(cls, block: list[Token], carried: Carried) -> Items:
        """A list of which nothing is settled yet."""
        tasks = is_task_list(block)
        name = ' class="tasks"' if tasks else ""
        start = block[0].attrs.get("start")
        number = f' start="{start}"' if start is not None else ""
        tag = block[0].tag
        opening, closing = f"<{tag}{number}{name}>\n", f"</{tag}>"
        return cls(block[0].markup, tasks, opening, closing, carried.copy(), loose=False)

    def continues(self, block: list[Token]) -> bool:
        """Whether the block is this list's next part, and shows whether it is loose."""
        return is_list(block) and block[0].markup == self.marker and tightness(block) is not None

    def draw(self, block: list[Token], carried: Carried) -> str:
        """The whole list with the block as its last part."""
        loose = self.loose or tightness(block) is False
        part = self.part(block, carried, loose=loose)
        return self.opening + "".join(self.settled(loose=loose)) + part + self.closing

    def part(self, block: list[Token], carried: Carried, *, loose: bool) -> str:
        if loose:
            loosen(block)
        block[0].meta["tasks"] = self.tasks
        html = draw(block, carried)
        return html[html.index(">") + 1 :].removesuffix(self.closing).lstrip("\n")

    def settle(self, block: list[Token], source: str, carried: Carried, *, loose: bool) -> None:
        """Keep the items of the block for good; ``loose`` is said of the list so far."""
        if loose and not self.loose:
            self.html, self.loose = self.settled(loose=True), True
        self.html.append(self.part(block, carried, loose=self.loose))
        self.html_loose = None
        self.source += source

    def settled(self, *, loose: bool) -> list[str]:
        """The kept items; a list that turns loose late is drawn anew, once."""
        if loose == self.loose:
            return self.html
        if self.html_loose is None:
            self.html_loose = []
            if self.source:
                carried = self.start.copy()
                tokens, _ = parse(self.source, carried)
                self.html_loose.append(self.part(tokens, carried, loose=True))
        return self.html_loose


@dataclass(slots=True)
class Rows:
    """A table: rows that nothing can change any more."""

    head: str  # source of the two lines that make it a table
    columns: int
    start: Carried  # as it was before the table
    opening: str = ""
    source: str = ""  # of the head and the settled rows
    rows: int = 0
    html: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, block: list[Token], head: str, carried: Carried) -> Rows:
        columns = sum(token.type == "th_open" for token in block)
        return cls(head, columns, carried.copy())

    def continues(self, block: list[Token]) -> bool:
        return block[0].type == "table_open"

    def draw(self, html: str) -> str:
        """The whole table, given its head and newest rows as they were drawn."""
        _, begin, rest = html.partition(BODY)
        new = rest if begin else BODY_END
        return self.opening + "".join(self.html) + new

    def settle(self, block: list[Token], carried: Carried) -> bool:
        """Keep the rows of the block for good, unless there are too many cells."""
        self.rows += sum(token.type == "tr_open" for token in block)
        if self.rows * self.columns > MOST_CELLS:
            return False
        opening, begin, rest = draw(block, carried).partition(BODY)
        self.opening = self.opening or opening + begin
        self.html.append(rest.removesuffix(BODY_END))
        return True


BODY, BODY_END = "<tbody>\n", "</tbody>\n</table></div>"
# The parser fills short rows up, to about 65,000 cells in a table; this stays below.
MOST_CELLS = 60_000


def is_list(block: list[Token]) -> bool:
    return block[0].type in ("bullet_list_open", "ordered_list_open")


def direct_paragraphs(block: list[Token]) -> list[Token]:
    level = block[0].level + 2
    return [
        t for t in block if t.level == level and t.type in ("paragraph_open", "paragraph_close")
    ]


def tightness(block: list[Token]) -> bool | None:
    """Whether a list is tight; None where it has no paragraph that would show it."""
    paragraphs = direct_paragraphs(block)
    return paragraphs[0].hidden if paragraphs else None


def loosen(block: list[Token]) -> None:
    for token in direct_paragraphs(block):
        token.hidden = False
