"""Why a command or a request was not carried out, as the public interface says it.

A `Refusal` is raised by whoever can decide; consumers and views turn it into the `error` event or the
JSON error. `message` is a sentence for the person, in their language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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


class Refusal(Exception):
    """`code` of the protocol, a sentence, and the field or the wait where they apply."""

    def __init__(
        self, code: Code, message: str, *, field: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return STATUSES[self.code]

    def as_json(self) -> dict[str, Any]:
        """`{"code", "message", "field"?, "retry_after"?}`"""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
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
