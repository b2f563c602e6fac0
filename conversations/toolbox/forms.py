"""What staff enter about a server. Secrets go in and never come out: kept ones show their last characters.

A kept secret belongs to the place that it was entered for. Whoever moves a server to another address has to
know its secrets: otherwise the new address would be told them.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from .models import ToolServer
from .sealing import SealError, seal

if TYPE_CHECKING:
    from collections.abc import Mapping

    ServerForm = forms.ModelForm[ToolServer]
else:
    ServerForm = forms.ModelForm

COLUMNS = (
    "name",
    "kind",
    "url",
    "command",
    "arguments",
    "allow_private",
    "trusts_marks",
    "is_enabled",
    "is_limited",
)
MOST_SECRETS = 20
MOST_CHARACTERS = 8000
SHOWN_CHARACTERS = 4
# Of a shorter one, four characters would be too much of it.
SHOWN_FROM_CHARACTERS = 12

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
VARIABLE_VALUE = re.compile(r"[^\x00]+")
# They are the connection's or the protocol's own.
NOT_OURS_TO_SEND = frozenset(
    [
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "keep-alive",
        "mcp-protocol-version",
        "mcp-session-id",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ]
)


class Lines(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class Unseen(forms.Textarea):
    """Takes text and never shows it again, not even beside an error."""

    def format_value(self, value: Any) -> str:
        return ""


class ToolServerForm(ServerForm):
    arguments = Lines(
        label=_("Arguments"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("One a line. Everybody on this machine can see them: no secrets here."),
    )
    # Not the admin's own widget, which is of no use without its script.
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label=_("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    secrets_new = forms.CharField(
        label=_("New secrets"),
        required=False,
        max_length=MOST_CHARACTERS,
        widget=Unseen(
            attrs={
                "rows": 3,
                "class": "vLargeTextField",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        help_text=_(
            "One a line: “Authorization: Bearer …” for an address, “TOKEN=…” for a program. They are kept"
            " encrypted and never shown again; one of the same name is replaced."
        ),
    )
    secrets_removed = forms.MultipleChoiceField(
        label=_("Forget these secrets"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ToolServer
        fields = (*COLUMNS, "groups")
        widgets = {
            name: forms.TextInput(attrs={"class": "vTextField wide"})
            for name in ("url", "command", "allow_private")
        }
        help_texts = {
            "url": _(
                "Where it speaks MCP (streamable HTTP), such as https://tools.example.org/mcp."
            ),
            "command": _("It runs with this server’s own rights, and sees none of its keys."),
            "allow_private": _(
                "An address that is not public is refused unless it is here: networks (10.1.0.0/16) or"
                " host:port as in the address."
            ),
            "trusts_marks": _(
                "Tools that it marks as only reading run without asking. All others wait for the person."
            ),
            "is_enabled": _("Its accepted tools can be chosen in conversations."),
            "is_limited": _("Otherwise everybody with an account may use its tools."),
        }

    # Whether the person who has the form before them may name programs; set by the admin.
    may_run_programs = False
    # Whether kept secrets were forgotten because the server moved; said to whoever saved it.
    has_forgotten = False
    # What became of secrets, by their names: "added", "changed" or "deleted". For the history.
    secret_changes: Mapping[str, str] = MappingProxyType({})

    @sensitive_variables()
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = self.instance.definition
        self.place_before = place_of(self.instance)
        self.kept: dict[str, str] = {}
        kinds = self.fields.get("kind")
        is_program = self.instance.kind == ToolServer.Kind.STDIO
        may_be_program = self.may_run_programs and settings.QWENCHAT_MCP_STDIO
        if isinstance(kinds, forms.ChoiceField) and not (is_program or may_be_program):
            kinds.choices = [(ToolServer.Kind.HTTP.value, ToolServer.Kind.HTTP.label)]
        groups = self.fields.get("groups")
        if isinstance(groups, forms.ModelMultipleChoiceField) and not Group.objects.exists():
            groups.help_text = gettext("There are no groups yet.")
        removed = self.fields.get("secrets_removed")
        if isinstance(removed, forms.MultipleChoiceField):
            try:
                self.kept = self.instance.secrets()
                removed.help_text = "" if self.kept else gettext("None are kept.")
            except SealError:
                removed.help_text = gettext(
                    "Those that were kept cannot be read. Enter them again."
                )
            removed.choices = [(name, hint(name, value)) for name, value in self.kept.items()]

    @sensitive_variables()
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        self.check_groups(cleaned)
        try:
            entered = read_secrets(cleaned.get("secrets_new", ""), cleaned.get("kind", ""))
        except ValidationError as error:
            self.add_error("secrets_new", error)
            return cleaned
        place = tuple(cleaned.get(name) for name in ("kind", "url", "command"))
        self.has_moved = place != self.place_before
        removed = {name.lower() for name in (*cleaned.get("secrets_removed", ()), *entered)}
        kept = {name: value for name, value in self.kept.items() if name.lower() not in removed}
        self.has_forgotten = self.has_moved and bool(kept)
        self.secrets = entered if self.has_moved else kept | entered
        if len(self.secrets) > MOST_SECRETS:
            self.add_error("secrets_new", _("These are too many secrets for one server."))
        self.seal_secrets()
        is_plain = cleaned.get("url", "").lower().startswith("http:")
        if self.secrets and is_plain and not cleaned.get("allow_private"):
            self.add_error(
                "url", _("Secrets are sent over https:// only, or to private addresses.")
            )
        return cleaned

    def check_groups(self, cleaned: dict[str, Any]) -> None:
        """Nobody means everybody by forgetting one of the two."""
        if cleaned.get("is_limited") and not cleaned.get("groups"):
            self.add_error("groups", _("Choose at least one group, or let everybody use it."))
        if cleaned.get("groups") and not cleaned.get("is_limited"):
            self.add_error(
                "is_limited",
                _("Groups are chosen, so say that it is only for them, or choose none."),
            )

    def seal_secrets(self) -> None:
        """`sealed` is what is to be kept. What cannot be opened stays as it is: its key may come back."""
        self.sealed = self.instance.sealed
        self.secret_changes = changes(self.kept, self.secrets)
        if self.has_moved or self.secrets != self.kept:
            try:
                self.sealed = seal(self.secrets)
            except SealError:
                self.add_error(
                    "secrets_new",
                    _("They cannot be encrypted, because the key cannot be read or made."),
                )

    def save(self, commit: bool = True) -> Any:
        server = self.instance
        server.sealed = self.sealed
        if self.is_another:
            server.forget_listing()
        return super().save(commit)

    @property
    def is_another(self) -> bool:
        """Whether its tools have to be read anew."""
        return bool(self.instance.definition != self.before)

    def stored(self) -> list[str]:
        """The columns that the form is about."""
        listing = ("listing", "fingerprint", "accepted_fingerprint", "last_error", "last_checked")
        moved = listing if self.is_another else ()
        return [*COLUMNS, "sealed", *moved]


@sensitive_variables()
def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return (
        dict.fromkeys(after.keys() - before.keys(), "added")
        | dict.fromkeys(before.keys() - after.keys(), "deleted")
        | {name: "changed" for name in before.keys() & after if before[name] != after[name]}
    )


def place_of(server: ToolServer) -> tuple[str, str, str]:
    return (server.kind, server.url, server.command)


@sensitive_variables()
def hint(name: str, value: str) -> str:
    """A kept secret as it may be shown."""
    if len(value) < SHOWN_FROM_CHARACTERS:
        return f"{name}: ••••"
    return f"{name}: ••••{value[-SHOWN_CHARACTERS:]}"


@sensitive_variables()
def read_secrets(text: str, kind: str) -> dict[str, str]:
    """Names and values of the lines; the error names a line by its number, since it may hold a secret."""
    is_program = kind == ToolServer.Kind.STDIO
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, _divided, value = (
            part.strip() for part in line.partition("=" if is_program else ":")
        )
        if not is_program and name.lower() in NOT_OURS_TO_SEND:
            problem = gettext("Line %(number)d names a header that cannot be chosen.")
            raise ValidationError(problem, params={"number": number})
        names, values = (VARIABLE, VARIABLE_VALUE) if is_program else (HEADER, HEADER_VALUE)
        if not (names.fullmatch(name) and values.fullmatch(value)):
            problem = gettext("Line %(number)d is no name with a value.")
            raise ValidationError(problem, params={"number": number})
        found[name] = value
    return found
