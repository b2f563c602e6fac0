"""A tokenizer simple enough to predict: the sandbox counts, limits and streams by it.

A token is, in this order of preference: up to eight letters of an alphabet, up to three digits,
one or two Chinese characters, kana or hangul, a run of line breaks, a run of spaces, or any other
single character; one space before a token belongs to it. Joined, the tokens are the text again.
So English comes to about 1.4 tokens a word and Chinese to about 0.7 a character, near enough to
the service's own ("1M tokens is about 700k characters" is its rule of thumb for mixed text).
"""

from __future__ import annotations

import re
from functools import lru_cache

MESSAGE_OVERHEAD = 4  # role and separators, as chat templates add around each message
MEDIA_TOKENS = 66  # the service's smallest image, 65,536 px / 32² + 2, until one was looked at

_TOKEN = re.compile(
    r" ?[A-Za-z\u00c0-\u024f\u0370-\u052f]{1,8}"
    r"| ?[0-9]{1,3}"
    r"| ?[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{1,2}"
    r"|\n+"
    r"| (?=\S)\S"
    r"|[^\S\n]+"
    r"|."
)


def split(text: str) -> list[str]:
    """The text's tokens, in order; joined they are the text."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=512)  # a conversation is counted again with every turn
def count(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def count_once(text: str) -> int:
    """Like `count`, for texts so long that remembering them would cost more than counting."""
    return sum(1 for _ in _TOKEN.finditer(text))
