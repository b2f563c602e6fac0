"""A server of tools that staff added, what it said about its tools, and what of that was accepted.

`listing` is what it said last, `accepted_listing` what somebody of the staff last accepted. Its tools are
offered only while the fingerprints of both are the same: a list that changed waits for another look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from qwenchat.tools.context import ToolError
from qwenchat.tools.fetching import FetchRefused
from qwenchat.tools.fetching.targets import read_target
from qwenchat.tools.mcp import HttpServer, Listing, StdioServer

from . import places, sealing

if TYPE_CHECKING:
    from typing import Self

    from qwenchat.tools.mcp import Server

NAME_CHARACTERS = 24
URL_CHARACTERS = 2000
ORIGIN_CHARACTERS = 200  # as a call keeps it; cut, it would be another host's
TIMEOUT_S = 30.0  # of a call; source: threats.md 39
PERMISSION = "conversations.manage_tools"

JSON = dict[str, Any]


class ToolServers(models.QuerySet["ToolServer"]):
    def used_by(self, user: int) -> Self:
        """Those that are switched on and accepted, and that the person of this number may use.

        Without what was accepted once: it is as large as `listing`, and every page asks for this.
        """
        chosen = ToolServer.groups.through._default_manager.filter(
            toolserver=models.OuterRef("pk"), group__user=user
        )
        return (
            self.filter(
                models.Q(is_limited=False) | models.Exists(chosen),
                models.Exists(User.objects.filter(pk=user, is_active=True)),
                is_enabled=True,
            )
            .exclude(accepted_fingerprint="")
            .defer("accepted_listing")
        )


class ToolServer(models.Model):
    class Kind(models.TextChoices):
        HTTP = "http", _("At an address")
        STDIO = "stdio", _("A program on this machine")

    name = models.CharField(
        _("name"),
        max_length=NAME_CHARACTERS,
        validators=[
            RegexValidator(
                r"\A[A-Za-z0-9][A-Za-z0-9-]*\Z", _("Use letters, digits and hyphens only.")
            )
        ],
        help_text=_("The first part of its tools’ names, which people and models read."),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.HTTP)
    url = models.CharField(_("address"), max_length=URL_CHARACTERS, blank=True)
    command = models.CharField(_("program"), max_length=500, blank=True)
    arguments: models.JSONField[list[str], list[str]] = models.JSONField(
        _("arguments"), default=list, blank=True
    )
    sealed = models.TextField(editable=False, blank=True)
    allow_private = models.CharField(
        _("private addresses"), max_length=1000, blank=True, validators=[places.check]
    )
    trusts_marks = models.BooleanField(_("trust its marks"), default=True)
    is_enabled = models.BooleanField(_("switched on"), default=True)
    # Said by itself: a server whose groups were deleted is then for nobody, instead of for everybody.
    is_limited = models.BooleanField(_("only for chosen groups"), default=False)
    groups = models.ManyToManyField(Group, blank=True, related_name="+", verbose_name=_("groups"))

    listing: models.JSONField[JSON, JSON] = models.JSONField(
        default=dict, blank=True, editable=False
    )
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    accepted_listing: models.JSONField[JSON, JSON] = models.JSONField(
        default=dict, blank=True, editable=False
    )
    accepted_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("accepted by"),
    )
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True, editable=False)
    last_checked = models.DateTimeField(_("last read"), null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=20, blank=True, editable=False)

    objects = ToolServers.as_manager()

    class Meta:
        verbose_name = _("tool server")
        verbose_name_plural = _("tool servers")
        ordering = ["name"]
        default_permissions = ()
        permissions = [("manage_tools", _("Can add tool servers and accept their tools"))]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="tool_server_name",
                violation_error_message=_("There is a server of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What belongs to the other kind is forgotten; what this kind needs has to be there."""
        if self.kind == self.Kind.STDIO:
            self.url = self.allow_private = ""
            if not settings.QWENCHAT_MCP_STDIO:
                raise ValidationError({"kind": _("Programs are switched off on this server.")})
            if not self.command:
                raise ValidationError({"command": _("Name the program.")})
            return
        self.command, self.arguments = "", []
        try:
            read_target(self.url)
        except FetchRefused as error:
            raise ValidationError({"url": problem_of(error)}) from error
        if len(self.origin) > ORIGIN_CHARACTERS:
            raise ValidationError({"url": _("The name of this host is too long.")})

    # ---- where it is ----

    @property
    def definition(self) -> tuple[object, ...]:
        """Everything on which its tools depend: with another one they have to be read anew."""
        place = (self.kind, self.url, self.command, tuple(self.arguments))
        return (self.name, *place, self.trusts_marks)

    @property
    def origin(self) -> str:
        """What a person is shown who has to approve a call."""
        if self.kind == self.Kind.STDIO:
            return self.name
        return HttpServer(self.name, self.url).origin

    @property
    def can_run(self) -> bool:
        """Whether the operator allows servers of this kind."""
        return bool(self.kind == self.Kind.HTTP or settings.QWENCHAT_MCP_STDIO)

    def secrets(self) -> dict[str, str]:
        """Headers, or the program's environment; `sealing.SealError` if they cannot be read."""
        return sealing.unseal(self.sealed)

    @property
    def can_be_opened(self) -> bool:
        """Whether its secrets can be read, if it has any: without them it is not used."""
        try:
            self.secrets()
        except sealing.SealError:
            return False
        return True

    @sensitive_variables()
    def remote(self, *, timeout_s: float = TIMEOUT_S) -> Server:
        """The server as it is connected to, or a `ToolError` that says why it is not."""
        try:
            secrets = self.secrets()
        except sealing.SealError as error:
            text = f"The server {self.name} is not used, because its secrets cannot be read."
            raise ToolError(text) from error
        trusts = self.trusts_marks
        if self.kind == self.Kind.HTTP:
            allow = places.read(self.allow_private)
            return HttpServer(self.name, self.url, secrets, allow, trusts, timeout_s)
        if not self.can_run:
            raise ToolError(f"The server {self.name} is a program, and those are switched off.")
        return StdioServer(
            self.name, self.command, tuple(self.arguments), secrets, trusts, timeout_s
        )

    # ---- what it offers ----

    @property
    def known(self) -> Listing | None:
        """What it said last; None when it was never read."""
        return listing_in(self.listing)

    @property
    def accepted(self) -> Listing | None:
        """What was accepted last, though it may have been withdrawn since."""
        return listing_in(self.accepted_listing)

    @property
    def is_accepted(self) -> bool:
        return bool(self.fingerprint) and self.fingerprint == self.accepted_fingerprint

    @property
    def is_offered(self) -> bool:
        return self.is_enabled and self.is_accepted and self.can_run and self.can_be_opened

    def forget_listing(self) -> None:
        """Its tools have to be read and accepted anew. What was accepted stays, to be compared."""
        self.listing = {}
        self.fingerprint = self.accepted_fingerprint = self.last_error = ""
        self.last_checked = None


def listing_in(data: JSON) -> Listing | None:
    """A kept listing; None if there is none, or one of a version that this one cannot read."""
    try:
        return Listing.from_json(data) if data else None
    except (KeyError, TypeError):
        return None


def problem_of(error: FetchRefused) -> str:
    if error.reason == "credentials":
        return str(_("Put names and passwords into a secret header, not into the address."))
    return str(_("This is no web address. It begins with https:// or http://."))
