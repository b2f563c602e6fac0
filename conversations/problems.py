"""What is said when an answer went wrong: a title, a sentence that says what to do next, and the button.

The codes are the protocol's; the words are ours, in the reader's language, and never the service's raw
text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from .models import Message

Offer = Literal["retry", "continue", "edit", "model", "none"]

RETRYABLE = frozenset(
    {
        "upstream_rate_limited",
        "upstream_unavailable",
        "upstream_timeout",
        "upstream_protocol",
        "internal",
        "file_still_reading",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    title: str
    message: str
    offer: Offer

    @property
    def retryable(self) -> bool:
        return self.code in RETRYABLE


def describe(
    code: str, *, retry_after: int | None = None, empty: bool = False, about: str = ""
) -> Problem:
    """The problem behind a code; `empty` where the model ended without a word of answer, `about` the name
    of the file that the problem is with."""
    match code:
        case "upstream_auth":
            return Problem(
                code,
                _("The API key was refused"),
                _("An administrator has to set a key that the model service accepts."),
                "none",
            )
        case "upstream_arrears":
            return Problem(
                code,
                _("The account has no credit"),
                _("An administrator has to settle the account with the model service."),
                "none",
            )
        case "upstream_rate_limited":
            return Problem(
                code, _("The model service is limiting requests"), wait(retry_after), "retry"
            )
        case "upstream_unavailable":
            return Problem(
                code,
                _("The model service is not answering"),
                _("Your message is saved. Retry in a moment."),
                "retry",
            )
        case "upstream_timeout":
            return Problem(
                code,
                _("The model service took too long"),
                _(
                    "It stopped sending before the answer was complete. Retry, or ask for less at once."
                ),
                "retry",
            )
        case "upstream_invalid_request":
            return Problem(
                code,
                _("The model service refused this request"),
                _("Change the options or the message, or choose another model, and ask again."),
                "edit",
            )
        case "upstream_protocol" if empty:
            return Problem(
                code,
                _("No answer came"),
                _("The model ended without writing anything. Retry, or ask in other words."),
                "retry",
            )
        case "upstream_protocol":
            return Problem(
                code,
                _("The answer could not be read"),
                _(
                    "What the service sent is no valid answer. Retry; if it stays, tell an administrator."
                ),
                "retry",
            )
        case "file_unreadable":
            return Problem(
                code,
                _("“%(name)s” could not be prepared") % {"name": about},
                _("“%(name)s” cannot be read here any more. Attach it again and ask again.")
                % {"name": about},
                "edit",
            )
        case "file_refused":
            return Problem(
                code,
                _("The model service cannot read “%(name)s”") % {"name": about},
                _("Let “%(name)s” reach the model in another way, such as its text, and ask again.")
                % {"name": about},
                "edit",
            )
        case "file_still_reading":
            return Problem(
                code,
                _("“%(name)s” is still being read") % {"name": about},
                _("The model service needs more time for “%(name)s”. Retry in a moment.")
                % {"name": about},
                "retry",
            )
        case "content_filtered":
            return Problem(
                code,
                _("The service withheld this answer"),
                _("Its content filter stopped it. Edit the message and ask again."),
                "edit",
            )
        case "context_too_long":
            return Problem(
                code,
                _("Too long for this model"),
                _(
                    "Shorten the message, start a new chat, or choose a model with a longer context."
                ),
                "model",
            )
        case "model_not_found":
            return Problem(
                code,
                _("This model is not offered"),
                _(
                    "The model service does not know it, or the account may not use it. Choose another model."
                ),
                "model",
            )
        case _:
            return Problem(
                "internal",
                _("Something went wrong on this server"),
                _("Your message is saved. Retry; if it stays, tell an administrator."),
                "retry",
            )


def wait(retry_after: int | None) -> str:
    if not retry_after:
        return _("Your message is saved. Retry in a moment.")
    sentence = ngettext(
        "Your message is saved. Retry in %(seconds)d second.",
        "Your message is saved. Retry in %(seconds)d seconds.",
        retry_after,
    )
    return sentence % {"seconds": retry_after}


def of(message: Message) -> Problem | None:
    """What went wrong with a stored answer, if anything did."""
    if not message.error_code:
        return None
    return describe(
        message.error_code,
        retry_after=message.retry_after,
        empty=ended_without_a_word(message),
        about=message.error_about,
    )


def ended_without_a_word(message: Message) -> bool:
    """Whether the model came to its end, and not only the stream: what it sent was valid but empty."""
    return bool(message.finish_reason) and not message.text
