"""The composer's question: what would be sent, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from attachments.access import attachments_for
from conversations import access, options, planning
from conversations.access import NotFound
from qwenchat import rates
from qwenchat.doors import data
from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from conversations.models import Conversation
    from qwenchat.doors import MemberRequest

TEXT_CHARACTERS = 20_000


@require_POST
@data
def plan(request: MemberRequest) -> JsonResponse:
    """`{"conversation", "parent", "text", "options", "attachments"}` in, the plan out."""
    rates.spend("plans", request.user.pk, settings.LIMITS.commands_per_minute)
    asked = body_of(request)
    chosen = options.checked(mapping(asked, "options"))
    ids = asked.get("attachments") or []
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise invalid("attachments")
    conversation, leaf = place(request.user, asked)
    text = asked.get("text") or ""
    if not isinstance(text, str):
        raise invalid("text")
    found = attachments_for(request.user, ids[: settings.LIMITS.attachments_per_message])
    planned = planning.plan(
        conversation,
        leaf,
        text[:TEXT_CHARACTERS],
        chosen,
        planning.brought_of(found, chosen),
    )
    return JsonResponse(planned.as_json())


def body_of(request: MemberRequest) -> dict[str, Any]:
    try:
        asked = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise invalid(None) from None
    if not isinstance(asked, dict):
        raise invalid(None)
    return asked


def mapping(asked: dict[str, Any], name: str) -> dict[str, Any]:
    value = asked.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(name)
    return value


def place(user: User, asked: dict[str, Any]) -> tuple[Conversation | None, UUID | None]:
    """The conversation and the message that the question would follow."""
    if not asked.get("conversation"):
        return None, None
    conversation = access.conversation_for(user, asked["conversation"])
    parent = asked.get("parent")
    if not parent:
        return conversation, conversation.leaf_id
    found = conversation.messages.filter(id=access.parsed(parent)).first()
    if found is None:
        raise NotFound
    return conversation, found.parent_id if found.role == "user" else found.id


def invalid(field: str | None) -> Refusal:
    return Refusal("invalid", _("This request has the wrong form."), field=field)
