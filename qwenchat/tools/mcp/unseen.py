"""Characters that a person does not see and a model does, in what servers say about themselves.

They hide instructions from those who look before they accept. Source: Unicode's Default_Ignorable_Code_Point,
and the controls. U+FE0F stays: it only makes a sign an emoji.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UNSEEN = re.compile(
    "["
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]"
)
# Of a schema: what is only read. Everything else means something to the server and is not to be changed.
WORDS = ("title", "description", "$comment")


def cleaned(text: str) -> str:
    """Without those characters."""
    return UNSEEN.sub("", text).strip()


def shown(text: str) -> str:
    """With their numbers in their place."""
    return UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def cleaned_words(schema: Any) -> Any:
    """A schema whose descriptions are cleaned."""
    if isinstance(schema, list):
        return [cleaned_words(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: cleaned(value) if name in WORDS and isinstance(value, str) else cleaned_words(value)
        for name, value in schema.items()
    }


def has_unseen(schema: Any) -> bool:
    """Whether any name or value in it has such characters."""
    if isinstance(schema, str):
        return UNSEEN.search(schema) is not None
    if isinstance(schema, list):
        return any(has_unseen(each) for each in schema)
    if isinstance(schema, Mapping):
        return any(UNSEEN.search(name) or has_unseen(value) for name, value in schema.items())
    return False
