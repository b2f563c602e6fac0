"""What a protocol has to do: read a request, and put an answer into its bytes.

`compatible` and `native` do it; an object lives for one exchange, since a stream's frames depend
on what came before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from qwenchat.sandbox.generation import Generation
    from qwenchat.sandbox.refusals import Failure
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.stream import Piece


class Dialect(Protocol):
    def read(self, body: dict[str, Any]) -> ChatRequest:
        """The request in a body, or `Refused`; comes before anything else."""

    def first(self, generation: Generation) -> bytes:
        """What a stream begins with."""

    def piece(self, piece: Piece) -> bytes: ...

    def last(self, generation: Generation, finish_reason: str | None) -> bytes:
        """The end of a stream with its usage; None: an end without a reason, as failures have."""

    def error(self, failure: Failure) -> bytes:
        """A failure within a stream, which ends it."""

    def whole(self, generation: Generation) -> dict[str, Any]:
        """The answer in one piece."""

    def refusal(self, failure: Failure) -> tuple[bytes, str]:
        """The body of a refusal, and its content type."""

    def failed(self, failure: Failure) -> dict[str, Any]:
        """The same as JSON that takes an answer's place."""
