"""Texts that come in pieces which may each be new, or each repeat all that came before.

The native protocol repeats unless it is told not to, and for some models though it is (Source:
dashscope-api §9). Which of the two a stream does shows with its second piece.
"""

from __future__ import annotations

# What a half character becomes when a frame ends in its middle; the next frame has it whole.
_HALF = "\ufffd"


class Growing:
    """Gives what is new in each piece. With `incremental` every piece is known to be new."""

    __slots__ = ("_repeats", "_so_far")

    def __init__(self, *, incremental: bool) -> None:
        self._repeats = False if incremental else None
        self._so_far = ""

    def news(self, piece: str) -> str:
        """Give the part of `piece` that did not come before."""
        if not piece or self._repeats is False:
            return piece
        before = self._so_far
        if self._repeats is None and before:
            self._repeats = piece.startswith(before)
            if not self._repeats:
                return piece
        piece = piece.rstrip(_HALF)
        if before.startswith(piece):
            return ""
        self._so_far = piece
        if piece.startswith(before):
            return piece[len(before) :]
        # What was given cannot be taken back: a text that changed its mind goes on from there.
        pairs = enumerate(zip(before, piece, strict=False))
        return piece[next(at for at, (old, new) in pairs if old != new) :]
