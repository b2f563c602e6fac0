"""Conversations and the record of their openings, in Django's admin.

The lists show facts, never a title (it is made of what was written) or a text; there is no search
by content. Opening a conversation leads to the reviewers' own page. Nothing here can be added,
changed or deleted. Messages and requests are not registered: they are seen through the transcript.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Subquery
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .models import Conversation, Message, Status
from .review import filters, views
from .review.models import Opening, Review
from .toolbox import admin as toolbox  # noqa: F401  registers itself

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    ConversationBase = admin.ModelAdmin[Conversation]
    OpeningBase = admin.ModelAdmin[Opening]
else:
    ConversationBase = OpeningBase = admin.ModelAdmin


class ReadOnly:
    """Nothing can be added, changed or deleted, by superusers neither."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(ReadOnly, ConversationBase):
    list_display = (
        "short_id",
        "person",
        "model",
        "messages",
        "last_status",
        "last_error",
        "updated",
        "is_reviewed",
    )
    list_filter = (
        filters.ReviewedFilter,
        filters.StatusFilter,
        filters.ErrorFilter,
        filters.SizeFilter,
        "updated",
        filters.ModelFilter,
    )
    search_fields = ("owner__username", "owner__email", "=id")
    search_help_text = _("Name or e-mail of a person, or the number of a conversation")
    ordering = ("-updated",)
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count all conversations
    # A query may name these columns and no others: `?title__startswith=` would read titles letter
    # by letter, without any record of it.
    LOOKUPS = frozenset(
        {"owner__id__exact", "updated__gte", "updated__lt"}
        | {name.parameter_name for name in list_filter if not isinstance(name, str)}
    )

    # ---- who ----

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(views.PERMISSION)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(views.PERMISSION)

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return lookup in self.LOOKUPS

    # ---- the list ----

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        last = Message.objects.filter(conversation=OuterRef("pk")).order_by("-number")
        return (
            super()
            .get_queryset(request)
            .select_related("owner")
            .only("id", "model", "next_number", "updated", "owner__username")
            .annotate(
                last_status_=Subquery(last.values("status")[:1]),
                last_error_=Subquery(last.values("error_code")[:1]),
                is_reviewed_=Exists(Review.objects.filter(conversation=OuterRef("pk"))),
            )
        )

    @admin.display(description=_("number"))
    def short_id(self, conversation: Conversation) -> str:
        return str(conversation.id)[:8]

    @admin.display(description=_("person"), ordering="owner__username")
    def person(self, conversation: Conversation) -> str:
        return conversation.owner.get_username()

    @admin.display(description=_("messages"), ordering=F("next_number"))
    def messages(self, conversation: Conversation) -> int:
        return conversation.next_number - 1

    @admin.display(description=_("last status"))
    def last_status(self, conversation: Any) -> str:
        status = conversation.last_status_
        return str(Status(status).label) if status else "-"

    @admin.display(description=_("last error"))
    def last_error(self, conversation: Any) -> str:
        return conversation.last_error_ or "-"

    @admin.display(description=_("reviewed"))
    def is_reviewed(self, conversation: Any) -> str:
        return gettext("yes") if conversation.is_reviewed_ else "-"

    # ---- one conversation ----

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<uuid:conversation>/review/",
                self.admin_site.admin_view(views.review),
                name="conversations_conversation_review",
            ),
            path(
                "<uuid:conversation>/messages/<uuid:message>/requests/",
                self.admin_site.admin_view(views.requests),
                name="conversations_conversation_requests",
            ),
            path(
                "<uuid:conversation>/shares/<uuid:share>/end/",
                self.admin_site.admin_view(views.end_share),
                name="conversations_conversation_end_share",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            conversation = UUID(object_id)
        except ValueError:
            raise Http404 from None
        return views.transcript(request, conversation)


@admin.register(Opening)
class OpeningAdmin(ReadOnly, OpeningBase):
    """For auditors: `conversations.view_opening` is needed."""

    list_display = ("when", "reader_name", "what", "owner_name", "conversation", "address")
    list_filter = ("what", "when")
    search_fields = ("=reader_name", "=owner_name", "=conversation")
    search_help_text = _("Name of a reader or a person, or the number of a conversation")
    ordering = ("-id",)
    show_full_result_count = False
