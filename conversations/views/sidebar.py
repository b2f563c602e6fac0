"""The list of a person's conversations: newest first, by date, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import access
from conversations.models import RUNNING, Message
from qwenchat.doors import page

from . import dates

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from conversations.models import Conversation
    from qwenchat.doors import MemberRequest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUERY_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    title: str
    note: str
    menu_label: str
    is_current: bool
    is_generating: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of one period; no label where the page before has shown it already."""

    key: str
    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list: `more` is where the next is, `empty` said if there is nothing."""

    groups: tuple[Group, ...]
    more: str
    query: str
    empty: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: when it was updated, and its id where two share that."""

    updated: datetime
    id: UUID

    @classmethod
    def parsed(cls, text: str) -> Cursor | None:
        """None for no cursor, and for one we did not write: the list then starts at its top."""
        microseconds, _dot, id_ = text.partition(".")
        try:
            return cls(EPOCH + timedelta(microseconds=int(microseconds)), UUID(hex=id_))
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        return f"{(self.updated - EPOCH) // timedelta(microseconds=1)}.{self.id.hex}"


def listed(user: User, *, current: UUID | None, after: str = "", query: str = "") -> Listed:
    """A page of the person's conversations; two queries, however many there are."""
    query = query.strip()[:QUERY_CHARACTERS]
    cursor = Cursor.parsed(after)
    found = user.conversations.order_by("-updated", "-id").only("id", "owner", "title", "updated")
    if query:
        found = found.filter(title__icontains=query)
    if cursor is not None:
        found = found.filter(
            Q(updated__lt=cursor.updated) | Q(updated=cursor.updated, id__lt=cursor.id)
        )
    size = settings.LIMITS.conversations_per_page
    rows = list(found[: size + 1])
    more = ""
    if len(rows) > size:
        rows.pop()
        more = url(after=str(Cursor(rows[-1].updated, rows[-1].id)), query=query, current=current)
    running = set(
        Message.objects.filter(status__in=RUNNING, conversation__owner=user).values_list(
            "conversation_id", flat=True
        )
    )
    empty = ""
    if cursor is None:
        empty = _("No chat has these words in its title.") if query else _("No chats yet.")
    return Listed(tuple(grouped(rows, running, current, cursor)), more, query, empty)


def grouped(
    rows: list[Conversation], running: set[UUID], current: UUID | None, cursor: Cursor | None
) -> list[Group]:
    today = timezone.localdate()

    def period(row: Conversation) -> str:
        return dates.period(timezone.localdate(row.updated), today)

    shown = dates.period(timezone.localdate(cursor.updated), today) if cursor else None
    groups: list[Group] = []
    for key, members in groupby(rows, period):
        listed = list(members)
        label = "" if key == shown else dates.label(key, timezone.localdate(listed[0].updated))
        groups.append(Group(key, label, tuple(row_of(row, running, current) for row in listed)))
    return groups


def row_of(conversation: Conversation, running: set[UUID], current: UUID | None) -> Row:
    title = title_of(conversation)
    return Row(
        id=conversation.id,
        title=title,
        note=_(", still answering") if conversation.id in running else "",
        menu_label=_("Actions for “%(title)s”") % {"title": title},
        is_current=conversation.id == current,
        is_generating=conversation.id in running,
    )


def title_of(conversation: Conversation) -> str:
    return conversation.title or _("New chat")


def url(*, after: str, query: str, current: UUID | None) -> str:
    fields = {"after": after, "q": query, "current": str(current or "")}
    return f"{reverse('conversations')}?{urlencode({k: v for k, v in fields.items() if v})}"


def asked(request: MemberRequest) -> Listed:
    """The page of the list that the address asks for."""
    try:
        current = access.parsed(request.GET.get("current", ""))
    except access.NotFound:
        current = None
    return listed(
        request.user,
        current=current,
        after=request.GET.get("after", ""),
        query=request.GET.get("q", ""),
    )


@require_safe
@page
def menu(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """The actions for one row, as the content of its menu."""
    found = access.conversation_for(request.user, conversation)
    return render(request, "conversations/_menu_items.html", {"conversation": found})
