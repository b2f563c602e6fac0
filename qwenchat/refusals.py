"""Why a command or a request was not carried out, as the public interface says it.

A `Refusal` is raised by whoever can decide; consumers and views turn it into the `error` event or the
JSON error. `message` is a sentence for the person, in their language. `NotFound` is what the doors of the
rooms raise for what is not this person's, exactly as for what never existed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from typing import Any

Code = Literal[
    "unauthenticated",
    "not_found",
    "invalid",
    "too_large",
    "unsupported_type",
    "unreadable",
    "rate_limited",
    "quota_exceeded",
    "busy",
    "storage_full",
    "internal",
    "model_not_found",
]

STATUSES: dict[str, int] = {
    "unauthenticated": 401,
    "not_found": 404,
    "invalid": 400,
    "too_large": 413,
    "unsupported_type": 415,
    "unreadable": 422,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "busy": 409,
    "storage_full": 507,
    "internal": 500,
    "model_not_found": 400,
}


class NotFound(Exception):
    """No such thing for this person."""


def parsed(value: UUID | str) -> UUID:
    """An id that may come straight from outside: a malformed one is not found as well."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise NotFound from None


class Refusal(Exception):
    """`code` of the protocol, a sentence, and what applies: the field, the wait, our own finer reason."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        field: str | None = None,
        retry_after: int | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after
        self.reason = reason

    @property
    def status(self) -> int:
        return STATUSES[self.code]

    def as_json(self) -> dict[str, Any]:
        """`{"code", "message", "field"?, "retry_after"?, "reason"?}`"""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        for name in ("field", "retry_after", "reason"):
            if getattr(self, name) is not None:
                body[name] = getattr(self, name)
        return body


def not_found() -> Refusal:
    return Refusal("not_found", _("This is not here. It may have been deleted."))


def unauthenticated() -> Refusal:
    return Refusal(
        "unauthenticated", _("You are signed out. Sign in to go on; your draft is kept.")
    )


def internal(reference: str) -> Refusal:
    sentence = _(
        "Something went wrong on this server. Try again; if it stays, report %(reference)s."
    )
    return Refusal("internal", sentence % {"reference": reference})


def storage_full() -> Refusal:
    return Refusal(
        "storage_full",
        _(
            "The server is out of room, so nothing was sent. Tell an administrator; your text is kept."
        ),
    )


def rate_limited(retry_after: int) -> Refusal:
    sentence = ngettext(
        "That was a lot at once. Try again in %(seconds)d second.",
        "That was a lot at once. Try again in %(seconds)d seconds.",
        retry_after,
    )
    return Refusal("rate_limited", sentence % {"seconds": retry_after}, retry_after=retry_after)
