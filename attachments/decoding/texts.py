"""Text in the encodings that people have: with a byte order mark, UTF-8, GB18030. Source: threats 27."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from .unusable import Unusable

if TYPE_CHECKING:
    from pathlib import Path

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# NUL and the other controls but tab and line feed; carriage returns are dealt with before.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")
# GB18030 gives a character to nearly any pair of bytes. Text is told from noise by how rare those are
# that nobody types.
NOISE_PERCENT = 1
NOISE = frozenset({"Cc", "Cn", "Co", "Cs"})
LOOKED_AT = 20_000


def decode(data: bytes) -> tuple[str, str]:
    """The clean text and its encoding; `Unusable` when it is no text in a known one."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return clean(strictly(data[len(mark) :], encoding)), encoding
    try:
        return clean(data.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        pass
    text = strictly(data, "gb18030")
    if is_noise(text):
        raise Unusable("text_encoding")
    return clean(text), "gb18030"


def strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unusable("text_encoding") from error


def is_noise(text: str) -> bool:
    sample = text[:LOOKED_AT]
    odd = sum(
        unicodedata.category(character) in NOISE and character not in "\t\n\r\f"
        for character in sample
    )
    return odd * 100 > NOISE_PERCENT * len(sample)


def clean(text: str) -> str:
    """Lines end in one way; no NUL, no controls, no halves of characters. Bidi controls stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return SURROGATES.sub("\ufffd", CONTROLS.sub("", text))


def read(source: Path) -> tuple[str, str]:
    return decode(source.read_bytes())


# Tokens a character, measured with Qwen's tokenizer on news and manuals, rounded up.
WIDE_TOKENS, NARROW_TOKENS = 0.75, 0.3
WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def estimated_tokens(text: str) -> float:
    """About how many tokens a text has: Chinese, Japanese and Korean characters count for more."""
    wide = len(WIDE.findall(text))
    return wide * WIDE_TOKENS + (len(text) - wide) * NARROW_TOKENS
