"""Bytes of a page as text: by what its header says, by its own mark, or by trying."""

from __future__ import annotations

import codecs
import re

# What pages are really written in. Python knows further "encodings", some slow enough to be a weapon.
KNOWN = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|(windows|cp)-?125\d"
    r"|gb-?(2312|18030|k)|big5(-?hkscs)?|euc-?(jp|kr)|shift[_-]?jis|iso-2022-(jp|kr)|koi8-[ru]|cp949",
    re.IGNORECASE,
)
IN_PAGE = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]{3,20})""", re.IGNORECASE)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LOOKED_AT = 4096


def decoded(body: bytes, charset: str | None) -> str:
    """The text; what cannot be read becomes U+FFFD."""
    for bom, name in BOMS:
        if body.startswith(bom):
            return body.removeprefix(bom).decode(name, "replace")
    for named in (charset, declared(body)):
        if named and KNOWN.fullmatch(named):
            return body.decode(superset(named), "replace")
    for tried in ("utf-8", "gb18030"):
        try:
            return body.decode(tried)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace")


def declared(body: bytes) -> str | None:
    found = IN_PAGE.search(body, 0, LOOKED_AT)
    return found[1].decode("ascii") if found else None


def superset(name: str) -> str:
    """Pages that say GB2312 or Latin-1 mean more than that, and browsers know it."""
    lower = name.lower().replace("_", "-")
    if lower.startswith("gb"):
        return "gb18030"
    if lower in {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"}:
        return "cp1252"
    return re.sub("^windows-", "cp", lower)
