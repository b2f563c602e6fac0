"""Everything that a person can switch on for a conversation, as the composer's menu names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations import interpreter
from qwenchat.tools import builtin

from . import weather
from .offer import tools_for

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import AnonymousUser, User
    from django_stubs_ext import StrOrPromise

    from qwenchat.tools.declaring import Tool

# The hooks of `qwenchat.tools.context.Context` that an answer here comes with.
HOOKS = frozenset({"search", "read_attachment"})
DESCRIPTION_CHARACTERS = 200

# What models read is English and full of rules; people read this. A tool without words here shows its own.
WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "calculator": (_("Calculator"), _("Works out arithmetic exactly.")),
    "convert_units": (_("Unit conversion"), _("Lengths, weights, temperatures and more.")),
    "current_time": (_("Current time"), _("Date and time, here or elsewhere.")),
    "current_weather": (_("Current weather"), _("The weather in a city now.")),
    "fetch_page": (
        _("Open a web page"),
        _("Reads a public page. Asks you first about an address that nobody but the model named."),
    ),
    "read_attachment": (_("Read a document"), _("Reads parts of an attached document.")),
    "search_conversations": (_("Search my conversations"), _("Finds what was said earlier.")),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool of the menu. `origin` is "" for our own, `group` the heading that it stands under. `needs` is
    what a model must be able to besides calling tools (a word of `views.picker.can`)."""

    name: str
    title: str
    description: str
    group: str
    side_effects: bool
    origin: str = ""
    needs: str = ""


def catalogue(user: User | AnonymousUser, *, hooks: Collection[str] = HOOKS) -> list[Entry]:
    """Our own tools whose needs are met, the model service's, then those of servers; in the reader's
    language."""
    ours = [own(tool) for tool in builtin.tools() if tool.needs <= frozenset(hooks)]
    if interpreter.is_offered():
        ours.append(of_the_service())
    theirs = [
        Entry(
            name=tool.name,
            title=tool.title,
            description=first_line(tool.description),
            group=tool.server,
            side_effects=tool.side_effects,
            origin=tool.origin,
        )
        for tool in tools_for(user)
    ]
    return ours + theirs


def own(tool: Tool) -> Entry:
    words = WORDS.get(tool.name, (tool.title or tool.name, first_line(tool.description)))
    title, description = (str(word) for word in words)
    if tool.name == "current_weather" and weather.provider() is None:
        description = gettext("No weather service is set up here.")
    return Entry(tool.name, title, description, gettext("Built in"), tool.side_effects, tool.origin)


def of_the_service() -> Entry:
    return Entry(
        name=interpreter.NAME,
        title=gettext("Code interpreter"),
        description=gettext(
            "Runs Python there while the model thinks; switches thinking on. Not together with other tools."
        ),
        group=gettext("At the model service"),
        side_effects=False,
        needs="interpreter",
    )


def first_line(description: str) -> str:
    return description.strip().partition("\n")[0][:DESCRIPTION_CHARACTERS]
