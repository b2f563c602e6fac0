"""Emphasis beside Chinese, Japanese and Korean text, and a bound on what inline parsing may cost.

CommonMark decides whether ``**`` opens or closes by the white space and punctuation around it,
which leaves ``**注意：**这是`` as stars, because no space follows. These scripts write no spaces,
so beside them only a space forbids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.utils import EnvType

# A paragraph takes about one step a mark. Nested brackets are the one construct whose steps grow
# faster than the text (each looks for its end); this many take well under 100 ms.
STEPS_FREE = 5_000
STEPS_A_CHARACTER = 8

CJK_RANGES = (
    (0x1100, 0x11FF),  # hangul jamo
    (0x2018, 0x201D),  # curly quotes, which Chinese shares with English
    (0x2E80, 0x9FFF),  # radicals, CJK punctuation, kana, bopomofo, ideographs
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),  # hangul
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F),
    (0xFF00, 0xFFEF),  # full-width forms
    (0x20000, 0x3FFFF),
)


def is_cjk(character: str) -> bool:
    """Whether the character belongs to a script that is written without spaces."""
    code = ord(character)
    return code >= 0x1100 and any(first <= code <= last for first, last in CJK_RANGES)


class TooManyStepsError(Exception):
    """This piece of text would take too long: it is shown as it stands."""


class CjkState(StateInline):
    """The inline parser's state, with the rule above."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        found = super().scanDelims(start, canSplitWord)
        if not canSplitWord or (found.can_open and found.can_close):
            return found
        end = start + found.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        if is_cjk(before) or is_cjk(after):
            return Scanned(
                found.can_open or not after.isspace(),
                found.can_close or not before.isspace(),
                found.length,
            )
        return found


class CjkInline(ParserInline):
    """The inline parser: emphasis beside CJK, and never more steps than the text deserves."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = CjkState(src, md, env, tokens)
        outermost = "steps" not in env
        if outermost:
            env["steps"] = STEPS_FREE + STEPS_A_CHARACTER * len(src)
        try:
            self.tokenize(state)
            for rule in self.ruler2.getRules(""):
                rule(state)
        except (TooManyStepsError, RecursionError):
            if not outermost:
                raise
            tokens[:] = [as_it_stands(src)]
            return tokens
        finally:
            if outermost:
                del env["steps"]
        return state.tokens

    def skipToken(self, state: StateInline) -> None:  # noqa: N802
        state.env["steps"] -= 1
        if state.env["steps"] < 0:
            raise TooManyStepsError
        super().skipToken(state)


def as_it_stands(text: str) -> Token:
    token = Token("text", "", 0)
    token.content = text
    return token
