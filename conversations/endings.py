"""How an answer ended, as a page says it: a line below it or an alert in its place, and the next steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from . import problems, toolshow
from .models import Status
from .times import seconds

if TYPE_CHECKING:
    from uuid import UUID

    from .models import Message


@dataclass(frozen=True, slots=True)
class Button:
    """A next step that is offered; `wait_s`: not before so many seconds have passed."""

    action: str
    label: str
    message: UUID
    icon: str = ""
    is_solid: bool = False
    wait_s: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One line below an answer that did not come to its own end."""

    text: str
    icon: str
    is_warning: bool
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """In the place of an answer that never came."""

    title: str
    text: str
    code: str
    buttons: tuple[Button, ...]


def notice_of(message: Message) -> Notice | None:
    """Why an answer with text is not whole, and how to go on."""
    match message.status:
        case Status.STOPPED:
            text, icon, is_warning = _("You stopped this answer."), "stop", False
        case Status.INTERRUPTED:
            text, icon, is_warning = interruption(message), "refresh", True
        case Status.COMPLETE if message.finish_reason == "length":
            text, icon, is_warning = _("The answer reached its longest length."), "info", False
        case Status.COMPLETE if not message.text:
            text, icon, is_warning = _("No answer came."), "info", True
        case _:
            return None
    if waits(message):  # the answer goes on with its person's word about the call
        return Notice(text, icon, is_warning, ())
    if message.can_continue and can_go_on(message):
        button = Button("continue", _("Continue"), message.id, is_solid=is_warning)
    else:
        button = Button("retry", _("Retry"), message.id, "refresh", is_solid=is_warning)
    return Notice(text, icon, is_warning, (button,))


def can_go_on(message: Message) -> bool:
    """Whether there is something to go on from: words, or what tools gave back."""
    return bool(message.text) or any(not call.by_service for call in message.calls.all())


def waits(message: Message) -> bool:
    """Whether a call of it can still be allowed, although the answer is over."""
    return message.status == Status.INTERRUPTED and any(
        toolshow.waits_still(call) for call in message.calls.all()
    )


def interruption(message: Message) -> str:
    problem = problems.of(message)
    if problem is not None:
        return _("%(title)s. What you see is saved.") % {"title": problem.title}
    if waits(message):
        return _("The server restarted. Allow or refuse the call, and the answer goes on.")
    if not can_go_on(message):
        return _("The server restarted before the answer began.")
    return _("The server restarted while this was being written. What you see is saved.")


def alert_of(message: Message) -> Alert | None:
    """Why there is no answer, and what would help."""
    if message.status != Status.FAILED:
        return None
    wait_s = wait_left_s(message)
    problem = problems.describe(
        message.error_code or "internal",
        retry_after=wait_s,
        empty=problems.ended_without_a_word(message),
        about=message.error_about,
    )
    buttons: list[Button] = []
    match problem.offer:
        case "retry":
            label = (
                _("Retry in %(time)s") % {"time": seconds(wait_s * 1000)} if wait_s else _("Retry")
            )
            buttons.append(
                Button("retry", label, message.id, "refresh", is_solid=True, wait_s=wait_s)
            )
        case "continue":
            buttons.append(Button("continue", _("Continue"), message.id, is_solid=True))
        case "edit":
            buttons.append(
                Button(
                    "edit", _("Edit the question"), message.parent_id or message.id, "edit", True
                )
            )
        case "model":
            buttons.append(Button("choose-model", _("Choose a model"), message.id, "", True))
            buttons.append(Button("retry", _("Retry"), message.id, "refresh"))
        case "none":
            buttons.append(Button("retry", _("Retry"), message.id, "refresh"))
    buttons.append(Button("request", _("View request"), message.id, "braces"))
    return Alert(problem.title, problem.message, problem.code, tuple(buttons))


def wait_left_s(message: Message) -> int | None:
    """What is left of the wait that the service asked for when it refused."""
    if not message.retry_after:
        return None
    refused = message.heartbeat or message.created
    left = message.retry_after - (timezone.now() - refused).total_seconds()
    return round(left) if left >= 1 else None
