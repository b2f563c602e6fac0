"""About how many tokens a text has, rather too many than too few: the service counts for itself.

Source: 1M tokens hold about 700,000 Chinese characters (the service's manual); English has about four
characters a token, code about three.

>>> estimated_tokens("Tea, please."), estimated_tokens("请泡茶。")
(5, 7)
>>> tokens_of_lengths(4, 12) == estimated_tokens("请泡茶。")
True
"""

from __future__ import annotations


def estimated_tokens(text: str) -> int:
    ascii_count = len(text.encode("ascii", "ignore"))
    return counted(ascii_count, len(text) - ascii_count)


def tokens_of_lengths(characters: int, octets: int) -> int:
    """The same for a text that lies in the database, by its lengths: Chinese has three octets a sign."""
    others = min(characters, (octets - characters + 1) // 2)
    return counted(characters - others, others)


def counted(ascii_count: int, others: int) -> int:
    return ascii_count // 3 + others * 3 // 2 + 1
