"""How reviewers narrow the list of conversations: by facts about messages, never by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Message, Status

from .models import Review

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    Choices = Iterable[tuple[Any, StrOrPromise]]

ERRORS = (
    "upstream_auth",
    "upstream_arrears",
    "upstream_rate_limited",
    "upstream_unavailable",
    "upstream_timeout",
    "upstream_invalid_request",
    "upstream_protocol",
    "file_unreadable",
    "file_refused",
    "file_still_reading",
    "content_filtered",
    "context_too_long",
    "model_not_found",
    "internal",
)
SIZES = {"1-2": (1, 2), "3-10": (3, 10), "11-50": (11, 50), "51-": (51, 2**31 - 2)}
# Steps along the index from each model to the next, instead of reading every message there is.
MODELS = """
WITH RECURSIVE step(model) AS (
    SELECT MIN(model) FROM conversations_message WHERE model > ''
    UNION ALL
    SELECT (SELECT MIN(model) FROM conversations_message WHERE model > step.model)
    FROM step WHERE step.model IS NOT NULL
)
SELECT model FROM step WHERE model IS NOT NULL
"""


def models_used() -> list[str]:
    """The names of all models that ever answered, in order."""
    with connection.cursor() as cursor:
        cursor.execute(MODELS)
        return [row[0] for row in cursor.fetchall()]


class MessageFilter(admin.SimpleListFilter):
    """Conversations with at least one message whose `field` is what was chosen."""

    field: str

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        if not self.value():
            return queryset
        having = Message.objects.filter(conversation=OuterRef("pk"), **{self.field: self.value()})
        return queryset.filter(Exists(having))


class ModelFilter(MessageFilter):
    title = _("model")
    parameter_name = field = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(model, model) for model in models_used()]


class StatusFilter(MessageFilter):
    title = _("status of a message")
    parameter_name = field = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(value, str(label)) for value, label in Status.choices]


class ErrorFilter(MessageFilter):
    title = _("error")
    parameter_name = "error"
    field = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(code, code) for code in ERRORS]


class SizeFilter(admin.SimpleListFilter):
    title = _("number of messages")
    parameter_name = "messages"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(size, size.replace("-", "–")) for size in SIZES]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        bounds = SIZES.get(self.value() or "")
        if bounds is None:
            return queryset
        # A conversation's messages are numbered from 1 and never taken out one by one.
        return queryset.filter(next_number__range=(bounds[0] + 1, bounds[1] + 1))


class ReviewedFilter(admin.SimpleListFilter):
    title = _("review")
    parameter_name = "reviewed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("yes", _("Reviewed")), ("no", _("Not reviewed"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> QuerySet[Conversation]:
        reviewed = Exists(Review.objects.filter(conversation=OuterRef("pk")))
        match self.value():
            case "yes":
                return queryset.filter(reviewed)
            case "no":
                return queryset.filter(~reviewed)
        return queryset
