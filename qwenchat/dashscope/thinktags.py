"""Chains of thought that arrive inside the answer's text, between `<think>` and `</think>`.

Two things are seen. Servers without a reasoning parser stream `<think>…</think>` at the very
beginning of the content: those characters are given as reasoning as they come. And Qwen models
sometimes leak a chain of thought that was never opened, closed by a lone `</think>` (Source:
dashscope-api §13.2). That is only known when the closing tag comes: what was streamed before it has
been shown as text by then, so the splitter says `RENAME`, once, and the text after it goes on as
text.

An answer may also speak *about* these tags. So only a tag that begins its line counts as lone, with
nothing behind it or the answer itself, without a space between (vLLM with a schema: `</think>{`,
https://github.com/tenstorrent/tt-inference-server/issues/4386); only when no `<think>` came before
it, and only the first one. Tags anywhere else stay text.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

# What stands behind a tag that is a word of a sentence, or quoted.
_SPOKEN_OF = "`'\"”’».,;:!?)]}，。；：！？）」』、-"
OPEN = "<think>"
CLOSE = "</think>"


class Kind(Enum):
    """What a piece of content turned out to be."""

    TEXT = "text"
    REASONING = "reasoning"
    RENAME = "rename"  # all text before this was reasoning


Piece = tuple[Kind, str]
_State = Literal["start", "opened", "inside", "text", "gap", "through"]


class ThinkTags:
    """Splits content, cut anywhere, into text and reasoning; holds back only what may become a
    tag."""

    def __init__(self) -> None:
        self._state: _State = "start"
        self._held = ""
        self._last = "\n"  # the last character given as text; the beginning begins a line

    def feed(self, text: str) -> list[Piece]:
        """Give the pieces that are certain after `text`."""
        state = self._state
        if state == "through" or (state == "text" and not self._held and "<" not in text):
            # The common way: nothing in here can be part of a tag.
            if not text:
                return []
            self._last = text[-1]
            return [(Kind.TEXT, text)]
        self._held += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def close(self) -> list[Piece]:
        """Give what was held back, now that nothing more comes."""
        held, self._held = self._held, ""
        state, self._state = self._state, "through"
        if state == "text" and held.startswith(CLOSE) and not held[len(CLOSE) :].strip():
            return [(Kind.RENAME, "")]
        if not held or state == "gap":
            return []
        return [(Kind.REASONING if state == "inside" else Kind.TEXT, held)]

    def _step(self, pieces: list[Piece]) -> bool:
        """Use up a part of what is held; False when more must come first."""
        held = self._held
        match self._state:
            case "start":
                begun = held.lstrip()
                if OPEN.startswith(begun) and begun != OPEN:
                    return False
                if begun.startswith(OPEN):
                    self._state, self._held = "opened", begun[len(OPEN) :]
                else:
                    self._state = "text"
                return True
            case "opened":
                self._held = held.lstrip("\r\n")
                if self._held:
                    self._state = "inside"
                return bool(self._held)
            case "inside":
                before, tag, after = held.partition(CLOSE)
                if tag:
                    self._state, self._held = "gap", after
                    _add(pieces, Kind.REASONING, before)
                    return True
                keep = _beginning_of(CLOSE, held)
                self._held = held[len(held) - keep :]
                _add(pieces, Kind.REASONING, held[: len(held) - keep])
                return False
            case "gap":
                # The empty lines between the thought and the answer belong to neither.
                self._held = held.lstrip("\r\n")
                if self._held:
                    self._state = "through"
                return bool(self._held)
            case "through":
                self._held = ""
                _add(pieces, Kind.TEXT, held)
                return False
            case "text":
                return self._look_for_lone_tag(pieces)

    def _look_for_lone_tag(self, pieces: list[Piece]) -> bool:
        held = self._held
        start = 0
        while (found := held.find("<", start)) >= 0:
            rest = held[found:]
            if rest.startswith(OPEN):
                # From here on a closing tag has its opener.
                self._state = "through"
                return True
            if OPEN.startswith(rest) or (CLOSE.startswith(rest) and rest != CLOSE):
                break
            if rest.startswith(CLOSE) and self._begins_line(held, found):
                behind = rest[len(CLOSE) :]
                line, newline, after = behind.partition("\n")
                if line and not line[0].isspace() and line[0] not in _SPOKEN_OF:
                    return self._rename(pieces, held[:found], behind)
                if not line.strip() and newline:
                    return self._rename(pieces, held[:found], after)
                if not line.strip():
                    break  # whether the line ends here is not known yet
            start = found + 1
        else:
            found = len(held)
        self._give(pieces, held[:found])
        self._held = held[found:]
        return False

    def _rename(self, pieces: list[Piece], before: str, after: str) -> bool:
        self._give(pieces, before)
        pieces.append((Kind.RENAME, ""))
        self._state, self._held = "gap", after
        return True

    def _begins_line(self, held: str, at: int) -> bool:
        return (held[at - 1] if at else self._last) == "\n"

    def _give(self, pieces: list[Piece], text: str) -> None:
        if text:
            self._last = text[-1]
            _add(pieces, Kind.TEXT, text)


def _add(pieces: list[Piece], kind: Kind, text: str) -> None:
    if text:
        pieces.append((kind, text))


def _beginning_of(tag: str, text: str) -> int:
    """Give how many characters at the end of `text` may be the beginning of `tag`."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-length:]):
            return length
    return 0
