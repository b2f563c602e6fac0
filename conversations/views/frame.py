"""What stands around the transcript: the person, languages, themes, first ideas, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from attachments.formats import FORMATS
from attachments.limits import bytes_of
from attachments.models import Kind

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# From here on a pasted text serves better as a file beside the question.
LONG_PASTE_CHARACTERS = 4000
MAY_REVIEW = "conversations.review_conversation"
MANAGE_TOOLS = "conversations.manage_tools"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    initial: str
    kind: str
    may_review: bool
    review_url: str
    tools_url: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    value: str
    label: str
    icon: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    lang: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Idea:
    icon: str
    title: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    label: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shortcuts:
    title: str
    shortcuts: tuple[Shortcut, ...]


def person(user: User) -> Person:
    name = user.get_full_name() or user.get_username()
    # Only staff can have the permission; for everybody else no query is spent on it.
    may_review = user.is_staff and user.has_perm(MAY_REVIEW)
    may_manage = user.is_staff and user.has_perm(MANAGE_TOOLS)
    return Person(
        name=name,
        initial=name[:1].upper(),
        kind=_("Staff") if user.is_staff else _("Member"),
        may_review=may_review,
        review_url=review_url() if may_review else "",
        # Reviewers find them beside the conversations.
        tools_url=tools_url() if may_manage and not may_review else "",
    )


def review_url() -> str:
    """Where the reviewers work, in the admin site."""
    try:
        return reverse("admin:conversations_conversation_changelist")
    except NoReverseMatch:
        return reverse("admin:index")


def tools_url() -> str:
    """Where staff manage tool servers, in the admin site."""
    try:
        return reverse("admin:conversations_toolserver_changelist")
    except NoReverseMatch:
        return ""


def themes(chosen: str) -> list[Theme]:
    offered = [
        ("system", _("Theme of the system"), "monitor"),
        ("light", _("Light"), "sun"),
        ("dark", _("Dark"), "moon"),
    ]
    current = chosen if chosen in ("light", "dark") else "system"
    return [Theme(value, label, icon, value == current) for value, label, icon in offered]


def languages() -> list[Language]:
    current = get_language()
    return [
        Language(code, {"zh-hans": "zh-Hans"}.get(code, code), name, code == current)
        for code, name in settings.LANGUAGES
    ]


def upload_limits() -> dict[str, Any]:
    """What the composer checks before it sends a file, in bytes; the server checks again."""
    extensions = {
        extension: known.kind for known in FORMATS.values() for extension in known.extensions
    }
    return {
        **{kind.value: bytes_of(kind.value) for kind in Kind},
        "per_message": settings.LIMITS.attachments_per_message,
        "accept": ",".join(f".{extension}" for extension in extensions),
        "kinds": extensions,
        "paste_characters": LONG_PASTE_CHARACTERS,
    }


def suggestions() -> list[Idea]:
    """Things that a text model does well, each with a whole question to begin with."""
    return [
        Idea(
            "quote",
            _("Explain a term"),
            _("In plain words, with an example"),
            _("Explain what idempotence means in software, in plain words, with one example."),
        ),
        Idea(
            "edit",
            _("Improve a text"),
            _("Shorter, clearer, friendlier"),
            _("Make this text shorter and clearer, and keep its tone:\n\n"),
        ),
        Idea(
            "code",
            _("Write some code"),
            _("A function, a query, a pattern"),
            _("Write a Python function that groups a list of dates by month, with a short test."),
        ),
        Idea(
            "compass",
            _("Plan something"),
            _("A trip, a talk, a week of meals"),
            _("Plan a calm two-day weekend in Hangzhou for two people, as a table."),
        ),
        Idea(
            "language",
            _("Translate"),
            _("With notes on the choices made"),
            _("Translate into Chinese, and explain the two hardest choices:\n\n"),
        ),
        Idea(
            "columns",
            _("Compare"),
            _("Two options, for and against"),
            _("Compare PostgreSQL and SQLite for a team of ten: a table, then your advice."),
        ),
    ]


def shortcuts() -> list[Shortcuts]:
    return [
        Shortcuts(
            _("Anywhere"),
            (
                Shortcut(_("Search chats"), ("Ctrl", "K")),
                Shortcut(_("New chat"), ("Alt", "N")),
                Shortcut(_("Choose a model"), ("Alt", "M")),
                Shortcut(_("Show or hide sidebar"), ("Ctrl", "B")),
                Shortcut(_("This sheet"), ("Ctrl", "/")),
            ),
        ),
        Shortcuts(
            _("Writing"),
            (
                Shortcut(_("Send"), ("Enter",)),
                Shortcut(_("New line"), ("Shift", "Enter")),
                Shortcut(_("Attach"), ("Ctrl", "U")),
                Shortcut(_("Thinking on or off"), ("Alt", "T")),
                Shortcut(_("Stop the answer"), ("Esc",)),
            ),
        ),
        Shortcuts(
            _("Reading"),
            (
                Shortcut(_("Previous message"), ("Alt", "↑")),
                Shortcut(_("Next message"), ("Alt", "↓")),
                Shortcut(_("Copy the last answer"), ("Alt", "C")),
            ),
        ),
        Shortcuts(
            _("On a message"),
            (
                Shortcut(_("Regenerate"), ("Alt", "R")),
                Shortcut(_("Edit my last question"), ("Alt", "E")),
                Shortcut(_("Rename conversation"), ("F2",)),
            ),
        ),
    ]
