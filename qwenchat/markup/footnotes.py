"""Footnotes: ``[^1]`` in the text, ``[^1]: …`` somewhere else, the notes at the end.

Numbers are ours, in the order of first mention. A reference made of digits is one even before its
note is known, because models write the notes last; any other label (``[^a-z]`` is a pattern more
often than a note) needs its note. Ids and links exist only under a prefix that the caller gives,
since several answers stand on one page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mdit_py_plugins.footnote.index import footnote_def

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

MAX_LABEL = 60
ID = "md-"  # every id in rendered text begins so; the sanitiser lets no other through


@dataclass(slots=True)
class Footnotes:
    """What one text has said about its footnotes so far."""

    prefix: str = ""
    numbers: dict[str, int] = field(default_factory=dict)  # label -> number, in order of mention
    defined: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)  # label -> HTML of the note
    missed: set[str] = field(default_factory=set)  # labels that a note would have changed

    def copy(self) -> Footnotes:
        return Footnotes(
            self.prefix,
            dict(self.numbers),
            set(self.defined),
            dict(self.notes),
            set(self.missed),
        )

    def reference(self, label: str, *, first: bool) -> str:
        number = self.numbers[label]
        if not self.prefix or label not in self.defined:
            return f"<sup>{number}</sup>"
        name = f"{ID}{self.prefix}"
        own = f' id="{name}-ref-{number}"' if first else ""
        return f'<sup><a href="#{name}-note-{number}"{own}>{number}</a></sup>'

    def section(self) -> str:
        """The notes that are both mentioned and written, as a list in order of their numbers."""
        items = [
            self._item(number, self.notes[label], position)
            for position, (label, number) in enumerate(
                ((label, n) for label, n in self.numbers.items() if label in self.notes), start=1
            )
        ]
        if not items:
            return ""
        return '<section class="footnotes"><ol>' + "".join(items) + "</ol></section>"

    def _item(self, number: int, note: str, position: int) -> str:
        value = f' value="{number}"' if number != position else ""
        if not self.prefix:
            return f"<li{value}>{note}</li>"
        name = f"{ID}{self.prefix}"
        back = f' <a href="#{name}-ref-{number}">↩</a>'
        body = f"{note[:-4]}{back}</p>" if note.endswith("</p>") else note + back
        return f'<li id="{name}-note-{number}"{value}>{body}</li>'


def footnotes(md: MarkdownIt) -> None:
    """Add the rules; a note is ``footnote_reference_open`` … ``_close``, a mention ``footnote``."""
    md.block.ruler.before(
        "reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]}
    )
    md.inline.ruler.after("image", "footnote", reference_rule)


def reference_rule(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    start = state.pos + 2
    end = state.src.find("]", start, min(state.posMax, start + MAX_LABEL + 1))
    label = state.src[start:end] if end > start else ""
    if not label or any(character.isspace() for character in label):
        return False
    known: Footnotes = state.env["footnotes_so_far"]
    digits = label.isascii() and label.isdigit() and len(label) <= 3
    if label not in known.defined:
        if not digits or known.prefix:
            known.missed.add(label)
        if not digits:
            return False
    if not silent:
        first = label not in known.numbers
        if first:
            known.numbers[label] = len(known.numbers) + 1
        token = state.push("footnote", "sup", 0)
        token.meta = {"label": label, "first": first}
    state.pos = end + 1
    return True
