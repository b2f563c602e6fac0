"""What models and tools wrote, as it can be looked at: nothing in it hides, turns others, or has no end.

Pure. What a person allows, they have to see; so what would not be seen is written as JSON writes it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from qwenchat.tools.mcp import unseen

from . import jsontext

PREVIEW_CHARACTERS = 80
SHOWN_CHARACTERS = 16_000  # of one pane: sixteen calls must not make a page of megabytes
# As in what servers say about themselves, but joiners stay: scripts and emoji need them.
UNSEEN = re.compile(f"(?![\u200c\u200d]){unseen.UNSEEN.pattern}")
# In a text that is no JSON only what turns others around, or is seen by nobody: a page that a tool has
# read may well hold a soft hyphen, or a mark before an Arabic word.
TURNING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def pretty(value: Any) -> str:
    """JSON on lines of its own, what is not seen written as escapes; other text as it is."""
    if not value and not isinstance(value, dict | list):
        return ""
    text = value if isinstance(value, str) else ""
    try:
        found = jsontext.read(text) if text else value
        if isinstance(found, dict | list):
            return visible(jsontext.written(found))
    except (ValueError, RecursionError):
        pass
    return written_out(TURNING, text)


def visible(text: str) -> str:
    """The text with every character that hides or turns others written as JSON writes it."""
    return written_out(UNSEEN, text)


def written_out(characters: re.Pattern[str], text: str) -> str:
    return characters.sub(lambda found: json.dumps(found[0])[1:-1], text)


def bounded(text: str, *, whole: bool = False) -> tuple[str, str]:
    """What is shown of a text, and a sentence about the rest of it."""
    if whole or len(text) <= SHOWN_CHARACTERS:
        return text, ""
    left = number_format(len(text) - SHOWN_CHARACTERS, 0, use_l10n=True, force_grouping=True)
    words = _("%(count)s more characters are not shown. An export has them.") % {"count": left}
    return text[:SHOWN_CHARACTERS], words


def shortened(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= PREVIEW_CHARACTERS else f"{line[:PREVIEW_CHARACTERS]}…"
