"""What a reviewer sees of one conversation: a stretch of one branch, and the facts beside it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import branches, presenting
from conversations.models import Conversation, Message, Round
from conversations.sharing import links
from conversations.times import seconds

from .models import Opening

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from conversations.presenting import ShownMessage

OPENINGS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the transcript, and the words of the link to its requests, if it has any."""

    message: ShownMessage
    requests: str


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the branch that ends in `leaf`; `older` and `newer` are queries for the rest."""

    lines: list[Line]
    leaf: UUID | None
    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class Facts:
    models: list[str]
    messages: int
    requests: int
    tokens: str
    chats: str


@dataclass(frozen=True, slots=True)
class SharedLink:
    id: UUID
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request as it was sent, its JSON ready to print."""

    title: str
    facts: list[tuple[str, str]]
    body: str
    error: str


def leaf_of(conversation: Conversation, through: Message | None) -> UUID | None:
    """Where the branch ends: that of `through` if given, else the one that its owner looks at."""
    if through is not None:
        return branches.leaf_below(through)
    if conversation.leaf_id is not None:
        return conversation.leaf_id
    return conversation.messages.order_by("-number").values_list("id", flat=True).first()


def page_of(conversation: Conversation, leaf: UUID | None, before: Message | None) -> Page:
    end = before.parent_id if before is not None else leaf
    messages = branches.last_messages(conversation, end, settings.LIMITS.messages_per_page)
    places = branches.places(messages)
    counts = request_counts(messages)
    articles = presenting.thread(messages, places, read_only=True)
    lines = [
        Line(
            replace(
                article,
                # Every branch can be reached from here, also answers that were made side by side.
                branch=presenting.branch_of(places.get(article.id)),
                heading=(
                    f"{conversation.owner.get_username()}, {article.time}"
                    if article.is_question
                    else article.heading
                ),
            ),
            words_for(counts[article.id]),
        )
        for article in articles
    ]
    has_older = bool(messages) and messages[0].parent_id is not None
    return Page(
        lines=lines,
        leaf=leaf,
        older=f"?leaf={leaf}&before={messages[0].id}" if has_older else "",
        newer=f"?leaf={leaf}" if before is not None else "",
    )


def request_counts(messages: list[Message]) -> Counter[UUID]:
    rows = (
        Round.objects.filter(message__in=[message.id for message in messages])
        .values_list("message")
        .annotate(Count("id"))
        .order_by()
    )
    return Counter(dict(rows))


def words_for(requests: int) -> str:
    if not requests:
        return ""
    words = ngettext("%(count)d request, as sent", "%(count)d requests, as sent", requests)
    return words % {"count": requests}


def facts_of(conversation: Conversation) -> Facts:
    models = conversation.messages.exclude(model="").values_list("model", flat=True)
    totals = conversation.messages.aggregate(
        messages=Count("id"), read=Sum("prompt_tokens"), written=Sum("completion_tokens")
    )
    chats = Conversation.objects.filter(owner=conversation.owner_id).count()
    return Facts(
        models=sorted(models.distinct().order_by()),
        messages=totals["messages"],
        requests=Round.objects.filter(message__conversation=conversation).count(),
        tokens=_("%(read)s in, %(written)s out")
        % {
            "read": presenting.count(totals["read"] or 0),
            "written": presenting.count(totals["written"] or 0),
        },
        chats=ngettext("%(count)d chat", "%(count)d chats", chats) % {"count": chats},
    )


def shares_of(conversation: Conversation) -> list[SharedLink]:
    """That there are links, not where they lead: the transcript shows more than they do."""
    return [SharedLink(share.id, share.created, share.expires) for share in links.of(conversation)]


def openings_of(conversation: Conversation) -> list[Opening]:
    return list(Opening.objects.filter(conversation=conversation.id)[:OPENINGS_SHOWN])


def requests_of(message: Message) -> list[SentRequest]:
    return [sent(round_) for round_ in message.rounds.order_by("number")]


def sent(made: Round) -> SentRequest:
    facts = [
        (_("Model"), made.model),
        (_("Request id"), made.request_id),
        (_("Response id"), made.response_id),
        (_("Ended with"), made.finish_reason),
        (_("First token"), milliseconds(made.first_token_ms)),
        (_("In all"), milliseconds(made.total_ms)),
    ]
    return SentRequest(
        title=f"{made.number}. {made.method} {made.path}",
        facts=[(name, value) for name, value in facts if value],
        body=json.dumps(made.body, ensure_ascii=False, indent=2),
        error=" ".join(filter(None, [made.error_code, made.error_detail])),
    )


def milliseconds(value: int | None) -> str:
    return "" if value is None else seconds(value)
