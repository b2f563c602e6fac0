"""Tool servers in Django's admin, for staff with `conversations.manage_tools`.

Entering a server offers nothing yet: its tools have to be read, looked at, and accepted. Programs run with
this server's rights, so only superusers name them, and only where the operator allows programs at all.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from . import reading, showing
from .forms import ToolServerForm
from .models import PERMISSION, ToolServer

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    Base = admin.ModelAdmin[ToolServer]
else:
    Base = admin.ModelAdmin

logger = logging.getLogger(__name__)

FINGERPRINT_CHARACTERS = 12  # of it in the history, enough to tell two lists apart


@admin.register(ToolServer)
class ToolServerAdmin(Base):
    form = ToolServerForm
    change_form_template = "admin/toolbox/change_form.html"
    list_display = ("name", "state", "who", "origin", "kind", "last_checked")
    ordering = ("name",)
    actions = None
    fieldsets = (
        (None, {"fields": ("name", "kind", "is_enabled", "trusts_marks")}),
        (_("Who may use it"), {"fields": ("is_limited", "groups")}),
        (_("At an address"), {"fields": ("url", "allow_private")}),
        (_("A program on this machine"), {"fields": ("command", "arguments")}),
        (
            _("Secrets"),
            {
                "fields": ("secrets_new", "secrets_removed"),
                "description": _(
                    "Headers of each request to an address, or the environment of a program. They are"
                    " forgotten when the address or the program changes."
                ),
            },
        ),
    )

    # ---- who ----

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: ToolServer | None = None) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_change_permission(self, request: HttpRequest, obj: ToolServer | None = None) -> bool:
        return may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ToolServer | None = None) -> bool:
        return may_touch(request, obj)

    # ---- the list ----

    @admin.display(description=_("leads to"))
    def origin(self, server: ToolServer) -> str:
        return server.origin

    def get_queryset(self, request: HttpRequest) -> QuerySet[ToolServer]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("for whom"))
    def who(self, server: ToolServer) -> str:
        return showing.who(server)

    @admin.display(description=_("state"))
    def state(self, server: ToolServer) -> str:
        return showing.state(server)

    # ---- the form ----

    def get_form(
        self,
        request: HttpRequest,
        obj: ToolServer | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.may_run_programs = request.user.is_superuser
        return form

    @method_decorator(sensitive_post_parameters("secrets_new"))
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: ToolServer, form: Any, change: bool) -> None:
        # Only what the form is about: an answer may withdraw the tools at this very moment.
        obj.save(update_fields=form.stored() if change else None)
        if form.has_forgotten:
            text = gettext("The server moved, so its secrets were forgotten. Enter them again.")
            self.message_user(request, text, messages.WARNING)
        if change and form.is_another:
            text = gettext(
                "It is another server now, so its tools have to be read and accepted again."
            )
            self.message_user(request, text, messages.WARNING)
        if change and "is_enabled" in form.changed_data:
            said = gettext("Switched on.") if obj.is_enabled else gettext("Switched off.")
            self.log_change(request, obj, said)

    def response_add(
        self, request: HttpRequest, obj: ToolServer, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to its tools, which are the reason to add it."""
        response = super().response_add(request, obj, post_url_continue)
        stays = {"_continue", "_addanother", "_popup"} & request.POST.keys()
        return response if stays else HttpResponseRedirect(tools_url(obj))

    # ---- the history ----

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]]:
        """Which secrets were added, replaced or forgotten, by their names; never what they are."""
        message = super().construct_change_message(request, form, formsets, add)
        for name, how in sorted(form.secret_changes.items()):
            about: dict[str, Any] = {"name": gettext_noop("secret"), "object": name}
            if how == "changed":
                about["fields"] = [gettext_noop("value")]
            message.append({how: about})
        return message

    def log_addition(self, request: HttpRequest, obj: ToolServer, message: Any) -> LogEntry:
        note("tool server added", request, obj, change=str(message))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: ToolServer, message: Any) -> LogEntry:
        note("tool server changed", request, obj, change=str(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[ToolServer]) -> Any:
        for server in queryset:
            note("tool server deleted", request, server)
        return super().log_deletions(request, queryset)

    # ---- its tools ----

    def get_urls(self) -> list[URLPattern]:
        views = {"": self.tools, "read/": self.read, "accept/": self.accept}
        return [
            path(
                f"<int:server>/tools/{last}",
                self.admin_site.admin_view(view),
                name=f"conversations_toolserver_{view.__name__}",
            )
            for last, view in views.items()
        ] + super().get_urls()

    @method_decorator(require_safe)
    def tools(self, request: HttpRequest, server: int) -> HttpResponse:
        shown = self.opened(request, server)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Tools of %(name)s") % {"name": shown.name},
            "server": shown,
            "state": showing.state(shown),
            "problem": showing.problem_of(shown),
            "list": showing.shown(shown),
            "may_accept": bool(shown.fingerprint) and not shown.is_accepted,
        }
        return render(request, "admin/toolbox/tools.html", context)

    @method_decorator(require_POST)
    def read(self, request: HttpRequest, server: int) -> HttpResponse:
        """Connects to the server and keeps what it says."""
        asked = self.opened(request, server)
        try:
            problem = reading.read(asked)
        except reading.Outdated:
            self.say_outdated(request)
        else:
            if problem:
                self.message_user(request, gettext("The tools could not be read."), messages.ERROR)
            else:
                self.log_change(request, asked, gettext("Read the tools."))
                self.message_user(request, gettext("The tools were read."), messages.SUCCESS)
        return redirect(tools_url(asked))

    @method_decorator(require_POST)
    def accept(self, request: HttpRequest, server: int) -> HttpResponse:
        """Accepts the list that the page showed, and no other."""
        accepted = self.opened(request, server)
        fingerprint = request.POST.get("fingerprint", "")
        user: User = request.user  # type: ignore[assignment]  # the admin lets in nobody else
        try:
            reading.accept(accepted, fingerprint, user)
        except reading.Outdated:
            self.say_outdated(request)
        else:
            said = gettext("Accepted the tools %(fingerprint)s.")
            self.log_change(
                request, accepted, said % {"fingerprint": fingerprint[:FINGERPRINT_CHARACTERS]}
            )
            self.message_user(request, gettext("The tools are accepted."), messages.SUCCESS)
        return redirect(tools_url(accepted))

    def opened(self, request: HttpRequest, pk: int) -> ToolServer:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(ToolServer.objects.select_related("accepted_by"), pk=pk)

    def say_outdated(self, request: HttpRequest) -> None:
        text = gettext("The server or its tools changed meanwhile. Look at them once more.")
        self.message_user(request, text, messages.WARNING)


def note(what: str, request: HttpRequest, server: ToolServer, *, change: str = "") -> None:
    """The log outlives the history, which goes with the account of whoever made it."""
    by = {"by": request.user.pk, "by_name": request.user.get_username()}
    logger.info(what, extra={"server": server.pk, "named": server.name, "change": change, **by})


def may_touch(request: HttpRequest, server: ToolServer | None) -> bool:
    is_program = server is not None and server.kind == ToolServer.Kind.STDIO
    return request.user.has_perm(PERMISSION) and (request.user.is_superuser or not is_program)


def tools_url(server: ToolServer) -> str:
    return reverse("admin:conversations_toolserver_tools", args=[server.pk])
