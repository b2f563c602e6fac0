"""Letters that look the same, put right by their neighbours in the word."""

from __future__ import annotations

import re

_TO_DIGITS = str.maketrans("OoIl|SZB", "00111528")
_NUMBER = re.compile(r"^\W*[\dOoIl|SZB.,:/%+\-]+\W*$")
_RULES = (
    (re.compile(r"(?<=[a-z])[I|](?=[a-zI|]|\W|$)"), "l"),
    (re.compile(r"(?<=l)I"), "l"),
    (re.compile(r"^[I|](?=[aeiouy][a-z])"), "l"),  # "lazy", while "In" and "It" stay
    (re.compile(r"^[l|](?=[bcdfgkmnpqrstvwxz][a-z]|[stnf]$)"), "I"),
    (re.compile(r"^[l|]$|(?<=[A-Z])l(?=[A-Z])"), "I"),
    (re.compile(r"(?<=[a-z])0(?=[a-z]|\W|$)"), "o"),
    (re.compile(r"(?<=[A-Z])[0o](?=[A-Z])"), "O"),
    (re.compile(r"(?<=[a-zI])1(?=[a-z1I]|\W|$)"), "l"),
    (re.compile(r"^1(?=[aeiouy][a-z])"), "l"),
    (re.compile(r"^1(?=[bcdfgkmnpqrstvwxz][a-z])"), "I"),
    (re.compile(r"(?<=l)[I1]"), "l"),
)


def spelled(word: str) -> str:
    """The word with its doubles put right: "I0.5O" is 10.50, "heIIo" is hello."""
    word = word.replace("''", '"')
    digits = sum(character.isdigit() for character in word)
    letters = sum(character.isalpha() for character in word)
    if digits and digits >= letters and _NUMBER.match(word):
        return word.translate(_TO_DIGITS)
    for pattern, right in (*_RULES, *_RULES):  # what one puts right, another may need
        word = pattern.sub(right, word)
    return word
