"""A person's word about a tool call that waits: once, in time, for the arguments that they were shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qwenchat import refusals
from qwenchat.refusals import Refusal
from qwenchat.tools import schemas
from qwenchat.tools.declaring import MOST_ARGUMENT_CHARACTERS, MOST_ARGUMENT_DEPTH, is_deeper

from . import access, actions, misfits
from .generation import toolkit
from .models import CallStatus, Command, ToolCall
from .toolbox.offer import may_use

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def approve(
    user: User, *, request: str, call: str, approved: bool, arguments: dict[str, Any] | None
) -> actions.Stored:
    """The person's word about a waiting call; an answer that was cut meanwhile runs again from there.

    The word holds for this call with these arguments, until its time is over, and is said once. Arguments
    that do not fit are refused here, where their person can still mend them. With a `request` it is carried
    out once, like everything that a page sends again after a lost connection.
    """
    done = Command.objects.filter(user=user, request=request).first() if request else None
    if done is not None:
        return actions.Stored(done.ack)
    with transaction.atomic():
        row = waiting_call(user, call)
        if approved and not may_use(user, row.name):
            refused = _("This tool is not offered to you any more. You can only refuse the call.")
            raise Refusal("invalid", refused, field="call")
        row.decision = "approved" if approved else "refused"
        row.edited = None
        if approved and arguments is not None:
            check_arguments(user, row, arguments)
            row.edited = arguments
        row.save(update_fields=["decision", "edited"])
        if row.message.is_running:
            said = actions.Stored({"type": "ack", "request": request, "call": str(row.id)})
        else:
            said = actions.running_again(user, request, row.message)
        if request:
            Command.objects.create(user=user, request=request, ack=said.ack)
        return said


def waiting_call(user: User, call: str) -> ToolCall:
    try:
        row = (
            ToolCall.objects.select_for_update(of=("self",))
            .select_related("message__conversation")
            .get(id=access.parsed(call), message__conversation__owner=user)
        )
    except (ToolCall.DoesNotExist, access.NotFound):
        raise refusals.not_found() from None
    # A word that nobody took, because the process that waited for it is gone, can be said again.
    is_said = row.decision and row.message.is_running
    if row.status != CallStatus.WAITING or is_said:
        raise Refusal("invalid", _("This call is not waiting any more."), field="call")
    if row.expires is None or row.expires <= timezone.now():
        raise Refusal("invalid", _("The time to allow this call is over."), field="call")
    return row


def check_arguments(user: User, call: ToolCall, arguments: dict[str, Any]) -> None:
    """What a person put in the place of a model's arguments, against the tool as it is offered now: told at
    once, it can still be mended."""
    is_long = len(json.dumps(arguments)) > MOST_ARGUMENT_CHARACTERS
    if is_long or is_deeper(arguments, MOST_ARGUMENT_DEPTH):
        sentence = _("These arguments are too long, or nested too deeply. Shorten them.")
        raise Refusal("invalid", sentence, field="arguments")
    schema = toolkit.schema_for(call.name, user.pk)
    found = schemas.found(schema, arguments) if schema is not None else ()
    if found:
        problems = "; ".join(f"{each.path or '$'} {misfits.sentence(each)}" for each in found)
        sentence = _("These arguments do not fit the tool: %(problems)s.")
        raise Refusal("invalid", sentence % {"problems": problems}, field="arguments")
