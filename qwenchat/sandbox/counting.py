"""Words and characters as people count them."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def words(text: str) -> int:
    """Words as people count them: runs of letters or digits, and each Chinese character."""
    han = len(_HAN.findall(text))
    return han + len(_WORD.findall(_HAN.sub(" ", text)))


def characters(text: str) -> int:
    """Visible characters with their punctuation: what 字数 means in a Chinese text."""
    return sum(not character.isspace() for character in text)
