"""Looking behind a message: its Markdown, and the exact requests that made it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import access, jsontext, redaction
from conversations.times import seconds
from qwenchat.doors import data

if TYPE_CHECKING:
    from uuid import UUID

    from django.utils.safestring import SafeString

    from conversations.models import Message, Round
    from qwenchat.doors import MemberRequest


@dataclass(frozen=True, slots=True)
class ShownRound:
    """One request as the inspector shows it."""

    title: str
    outcome: str
    error: bool
    method: str
    path: str
    facts: str
    body: str
    request_id: str

    @property
    def body_html(self) -> SafeString:
        return jsontext.coloured(self.body)


@require_safe
@data
def source(request: MemberRequest, message: UUID) -> HttpResponse:
    """The message as it was written, in Markdown."""
    found = access.message_for(request.user, message)
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8")


@require_safe
@data
def request_made(request: MemberRequest, message: UUID) -> HttpResponse:
    """The requests behind an answer, as a JSON list; for htmx, as a dialog."""
    found = access.message_for(request.user, message)
    rounds = list(found.rounds.order_by("number"))
    if request.htmx:
        context = {"rounds": [shown(found, round_) for round_ in rounds]}
        return render(request, "conversations/_requests.html", context)
    indented = {"indent": 2, "ensure_ascii": False}
    return JsonResponse(
        [as_json(round_) for round_ in rounds], safe=False, json_dumps_params=indented
    )


def as_json(round_: Round) -> dict[str, Any]:
    return {
        "method": round_.method,
        "path": round_.path,
        "body": redaction.redacted(round_.body),
        "model": round_.model,
        "request_id": round_.request_id,
        "response_id": round_.response_id,
        "finish_reason": round_.finish_reason or None,
        "error": round_.error_code or None,
        "usage": {
            "prompt_tokens": round_.prompt_tokens,
            "completion_tokens": round_.completion_tokens,
            "cached_tokens": round_.cached_tokens,
            "reasoning_tokens": round_.reasoning_tokens,
        },
        "timing": {
            "first_token_ms": round_.first_token_ms,
            "total_ms": round_.total_ms,
        },
        "created": round_.created.isoformat(),
    }


def shown(message: Message, round_: Round) -> ShownRound:
    body = json.dumps(redaction.redacted(round_.body), indent=2, ensure_ascii=False)
    facts = [filesizeformat(len(body.encode()))]
    if round_.first_token_ms is not None:
        times = {"time": seconds(round_.first_token_ms)}
        facts.append(_("first token after %(time)s") % times)
    if round_.total_ms is not None:
        facts.append(_("%(time)s in all") % {"time": seconds(round_.total_ms)})
    return ShownRound(
        title=_("Request %(number)d") % {"number": round_.number},
        outcome=outcome(message, round_),
        error=bool(round_.error_code),
        method=round_.method,
        path=round_.path,
        facts=" · ".join(facts),
        body=body,
        request_id=round_.request_id,
    )


def outcome(message: Message, round_: Round) -> str:
    if round_.error_code:
        return round_.error_code
    return _("Running") if message.is_running and not round_.finish_reason else _("Done")
