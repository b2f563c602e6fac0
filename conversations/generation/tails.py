"""What of a tail's HTML has to go before the rest of a newer one can follow: `drop` of docs/protocol.md."""

from __future__ import annotations

SHORT_END = 48  # characters at a tail's end that are looked at for what has changed


def changed_end(old: str, new: str) -> int | None:
    """How many characters at the end of `old` have to go before the rest of `new` can follow.

    None when more than a short end has changed: then sending the whole is simpler and hardly longer.
    """
    kept = max(0, len(old) - SHORT_END)
    if not kept or not new.startswith(old[:kept]):
        return None
    limit = min(len(old), len(new))
    while kept < limit and old[kept] == new[kept]:
        kept += 1
    return len(old) - kept


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, as JavaScript counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
