"""The label of an uploaded file: what is left of the name that came with it (threats 28)."""

from __future__ import annotations

import unicodedata

NAME_CHARACTERS = 120
EXTENSION_CHARACTERS = 12
JOINER = "\u200d"


def label(name: str) -> str:
    """Normalised, the last part of a path, without controls, bidi and invisible characters, short.

    A joiner stays between two visible characters that are no letters, as in emoji. The extension is kept
    when the name is cut. "file" when nothing is left.
    """
    name = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        character
        for index, character in enumerate(name)
        if visible(character) or (character == JOINER and joins(name, index))
    )
    kept = " ".join(kept.split()).strip(" .") or "file"
    return shortened(kept)


def visible(character: str) -> bool:
    category = unicodedata.category(character)
    # Cf holds bidi controls, joiners and other marks without a shape; Zl and Zp break lines. The Hangul
    # fillers and the Braille blank are letters and symbols to Unicode, and look like nothing.
    return (
        category not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        and character not in "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"
    )


def joins(name: str, index: int) -> bool:
    """Whether the joiner stands inside an emoji sequence."""
    before = name[index - 1] if index else ""
    after = name[index + 1] if index + 1 < len(name) else ""
    return bool(before and after) and is_pictorial(before) and is_pictorial(after)


def is_pictorial(character: str) -> bool:
    # So: other symbols (emoji); Sk and Mn: skin tones and the variation selector that may stand between.
    return unicodedata.category(character) in ("So", "Sk") or character == "\ufe0f"


def shortened(name: str) -> str:
    if len(name) <= NAME_CHARACTERS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > EXTENSION_CHARACTERS:
        return name[:NAME_CHARACTERS].rstrip(" .") or "file"
    return f"{stem[: NAME_CHARACTERS - len(extension) - 1].rstrip(' .')}.{extension}"
