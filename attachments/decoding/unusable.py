"""Why a file cannot be used, as a reason that `attachments.sentences` knows a sentence for."""

from __future__ import annotations


class Unusable(Exception):
    """`reason` of `attachments.reasons`, with the facts that its sentence names."""

    def __init__(self, reason: str, **facts: str | int | float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts
