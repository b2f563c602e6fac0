"""Makes text from a model fit to store and show: no NUL, no other controls, no half characters."""

from __future__ import annotations

import re

# Tab, line feed and carriage return stay; emoji, bidirectional marks and everything else above stay
# too.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_REPLACEMENT = "\ufffd"


class TextJoiner:
    """Cleans one text that comes in pieces; joins a surrogate pair whose halves came in two of
    them."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str, *, may_be_broken: bool) -> str:
        """Give the clean text. Surrogates are looked for only if `may_be_broken`: the fast JSON
        parser never gives any."""
        if self._half or may_be_broken:
            text = self._half + text
            self._half = ""
            if text and "\ud800" <= text[-1] <= "\udbff":
                text, self._half = text[:-1], text[-1]
            text = without_surrogates(text)
        if _CONTROLS.search(text):
            text = _CONTROLS.sub("", text)
        return text

    def close(self) -> str:
        """Give the replacement of a half that never got its other half, or ""."""
        half, self._half = self._half, ""
        return _REPLACEMENT if half else ""


def clean(text: str) -> str:
    """Give a whole text cleaned."""
    return _CONTROLS.sub("", without_surrogates(text))


def without_surrogates(text: str) -> str:
    """Join surrogate pairs into their character and replace the lone ones."""
    if not _SURROGATES.search(text):
        return text
    text = _PAIR.sub(
        lambda pair: (pair[1] + pair[2]).encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    return _SURROGATES.sub(_REPLACEMENT, text)


def text_of(content: object) -> str:
    """Give the text of a message's content, which may be a list of parts; "" for anything else."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))
