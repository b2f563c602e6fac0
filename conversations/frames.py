"""The events that a socket sends about stored things, in the form that a page asked for.

Running answers are `generation.live`'s; here is what is read from rows. All functions are synchronous:
they render templates and may query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat import markup

from . import actions, branches, citations, presenting, problems
from .models import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from .commands import Format
    from .models import Conversation, ToolCall


def ack(stored: dict[str, Any], format: Format) -> dict[str, Any]:
    """A stored `ack`, with the fragments that a page appends."""
    if format == "text":
        return stored
    shown = fragments([item["id"] for item in stored["messages"]])
    return stored | {
        "messages": [item | {"html": shown.get(item["id"], "")} for item in stored["messages"]]
    }


def fragments(ids: Sequence[UUID | str], *, with_prose: bool = True) -> dict[str, str]:
    """The articles of messages by their ids, each with its place among its alternatives."""
    rows = list(Message.objects.select_related("conversation").filter(id__in=ids))
    places = branches.places(rows)
    presenting.with_files(rows)
    return {
        str(row.id): presenting.message_html(row, places.get(row.id), with_prose=with_prose)
        for row in rows
    }


def message(row: Message, format: Format) -> dict[str, Any]:
    """A `message` event: a row that another tab added."""
    content = actions.as_json(row)
    if format == "html":
        content["html"] = fragments([row.id])[str(row.id)]
    else:
        content["text"] = row.text
    return {"type": "message", "conversation": str(row.conversation_id), "message": content}


def opened(conversation: Conversation, request: str | None) -> dict[str, Any]:
    return {
        "type": "opened",
        "request": request,
        "conversation": {
            "id": str(conversation.id),
            "title": conversation.title,
            "leaf": str(conversation.leaf_id) if conversation.leaf_id else None,
        },
    }


def end(row: Message, format: Format) -> dict[str, Any]:
    """An `end` event. In format html `html` is the answer, `fragment` the article to put it into."""
    problem = problems.of(row)
    event: dict[str, Any] = {
        "type": "end",
        "message": str(row.id),
        "seq": row.seq,
        "status": row.status,
        "finish_reason": row.finish_reason or None,
        "usage": {
            "prompt_tokens": row.prompt_tokens,
            "completion_tokens": row.completion_tokens,
            "cached_tokens": row.cached_tokens,
            "reasoning_tokens": row.reasoning_tokens,
        },
        "context_from": str(row.context_from_id) if row.context_from_id else None,
        "timing": {"first_token_ms": row.first_token_ms, "total_ms": row.total_ms},
        "error": None
        if problem is None
        else {
            "code": problem.code,
            "message": problem.message,
            "retryable": problem.retryable,
            "retry_after": row.retry_after,
        },
    }
    if format == "text":
        return event | {"text": row.text}
    html = row.html if row.render_version == markup.RENDER_VERSION else markup.render(row.text)
    html = citations.linked(html, row.id, row.sources)
    return event | {
        "html": html,
        "fragment": fragments([row.id], with_prose=False).get(str(row.id), ""),
    }


def call(row: ToolCall, started: datetime | None = None) -> dict[str, Any]:
    """What a `tool` event says of a call; `started`: since when it runs, where that is known."""
    return {
        "id": str(row.id),
        "name": row.name,
        "title": row.title,
        "origin": row.origin,
        "arguments": row.arguments,
        "edited": row.edited,
        "status": str(row.status),
        "decision": row.decision,
        "code": row.code,
        "result": row.result,
        "duration_ms": row.duration_ms,
        "side_effects": row.side_effects,
        "by_service": row.by_service,
        "started": moment(started),
        "expires": moment(row.expires),
    }


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
