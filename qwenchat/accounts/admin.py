"""People, as staff see them: no password hashes, and approval of who asked for an account."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    Base = UserAdmin[User]
    ChangeForm = UserChangeForm[User]
else:
    Base = UserAdmin
    ChangeForm = UserChangeForm

logger = logging.getLogger(__name__)

POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class PersonForm(ChangeForm):
    # Django shows algorithm, salt and a part of the hash here, which helps nobody but a guesser.
    password = None  # type: ignore[assignment]


class WaitingFilter(admin.SimpleListFilter):
    title = _("approval")
    parameter_name = "approval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("waiting", _("Waiting for approval"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "waiting":
            return queryset.filter(is_active=False, last_login=None)
        return queryset


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(Base):
    """Only superusers touch the accounts and the powers of staff, so nobody promotes themselves."""

    form = PersonForm
    list_display = ("username", "email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = (WaitingFilter, "is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("username", "email")
    ordering = ("-date_joined",)
    actions = ("approve",)
    fieldsets = (
        (None, {"fields": ("username", "email", "password_state")}),
        (_("Permissions"), {"fields": ("is_active", *POWERS)}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("password_state", "last_login", "date_joined")

    @admin.display(description=_("password"))
    def password_state(self, person: User) -> SafeString | str:
        if not person.pk:
            return "-"
        return format_html(
            '{} <a href="{}">{}</a>',
            _("Set.") if person.has_usable_password() else _("None."),
            reverse("admin:auth_user_password_change", args=[person.pk]),
            _("Set a new one"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        powers = () if request.user.is_superuser else POWERS
        return (*self.readonly_fields, *powers)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    @admin.action(description=_("Approve the chosen people"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        waiting = [
            person
            for person in queryset.filter(is_active=False, last_login=None)
            if may_touch(request, person)
        ]
        for person in waiting:
            person.is_active = True
            person.save(update_fields=["is_active"])
            self.log_change(request, person, gettext("Approved"))
            logger.info("account approved", extra={"user": person.pk, "by": request.user.pk})
        self.message_user(
            request,
            ngettext(
                "%(count)d person can sign in now.",
                "%(count)d people can sign in now.",
                len(waiting),
            )
            % {"count": len(waiting)},
            messages.SUCCESS if waiting else messages.WARNING,
        )


def may_touch(request: HttpRequest, person: User | None) -> bool:
    powerful = person is not None and (person.is_staff or person.is_superuser)
    return bool(request.user.is_superuser) or not powerful
