"""Texts that use every construct of CommonMark and GFM, and our own, as short examples.

They are ours: the specifications' own examples are under a licence of their own. Where their files
are at hand, ``MARKUP_SPECS`` names them (several are parted as in PATH) and they are used as well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

CUT = "\n----8<----\n"
FOLDER = Path(__file__).parent / "examples"
SPEC_EXAMPLE = re.compile(r"^`{32} example.*?\n(.*?)^\.\n.*?^`{32}$", re.DOTALL | re.MULTILINE)


def own_examples() -> list[str]:
    return [
        example
        for file in sorted(FOLDER.glob("*.md"))
        for example in file.read_text("utf-8").removesuffix("\n").split(CUT)
    ]


def spec_examples() -> list[str]:
    """The specifications' examples, each also with its paths made into links that we draw."""
    found = []
    for file in filter(None, os.environ.get("MARKUP_SPECS", "").split(os.pathsep)):
        for match in SPEC_EXAMPLE.finditer(Path(file).read_text("utf-8")):
            text = match[1].replace("→", "\t")
            found.append(text)
            if "/url" in text:
                found.append(text.replace("(/", "(https://e.x/").replace(": /", ": https://e.x/"))
    return found


EXAMPLES = own_examples()
