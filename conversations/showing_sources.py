"""Web sources as a page shows them: values with every word ready, and their line on the trail.

Pure: no queries. Whatever comes from a search is text here; the one thing that becomes a link is a source's
http or https address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat.markup.links import IGNORED, host_of, scheme_of

from .visible import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

MOST_SOURCES = 50
TITLE_CHARACTERS = 300
ADDRESS_CHARACTERS = 2_000
NO_SITE = ("", "无")  # as the service writes that it knows none


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A page that a search found. `url` is "" where the address may not be a link."""

    index: int
    title: str
    url: str
    site: str
    host: str


def shown_sources(sources: Iterable[Mapping[str, Any]]) -> tuple[ShownSource, ...]:
    """The pages that a search found, each number once, none with an address that runs anything."""
    found: dict[int, ShownSource] = {}
    for place, source in enumerate(sources, 1):
        if len(found) == MOST_SOURCES:
            break
        index = source.get("index")
        number = index if isinstance(index, int) and index > 0 else place
        if number not in found:
            found[number] = shown_source(source, number)
    return tuple(found.values())


def shown_source(source: Mapping[str, Any], number: int) -> ShownSource:
    url = address(str(source.get("url") or ""))
    host = host_of(url).removeprefix("www.")
    site = one_line(source.get("site"))
    return ShownSource(
        index=number,
        title=one_line(source.get("title")) or host or _("Untitled page"),
        url=url,
        site="" if site in NO_SITE or site == host else site,
        host=host,
    )


def address(url: str) -> str:
    """An http or https address that names a host, "" for anything else."""
    url = IGNORED.sub("", url)
    usable = scheme_of(url) in ("http", "https") and bool(host_of(url))
    return url if usable and len(url) <= ADDRESS_CHARACTERS else ""


def one_line(value: Any) -> str:
    return UNSEEN.sub("", " ".join(str(value or "").split()))[:TITLE_CHARACTERS]


def sentence(searched: str, count: int) -> str:
    """Whether the model searched, as far as the service says.

    `searched` is "yes", "asked" (it might have, and did not), "untold" (it might have, and the protocol
    does not tell), or "".
    """
    if count:
        words = ngettext(
            "Searched the web, %(count)d source", "Searched the web, %(count)d sources", count
        )
        return words % {"count": count}
    match searched:
        case "yes":
            return _("Searched the web, no sources came")
        case "asked":
            return _("Did not search the web")
        case "untold":
            return _("Search was on; the service did not say whether it was used")
    return ""


def sources_html(
    message_id: UUID | str,
    sources: Iterable[Mapping[str, Any]],
    searched: str = "yes",
    *,
    read_only: bool = False,
    running: bool = False,
) -> str:
    """The search's line on the trail of an answer, as one `<li>`; "" where nothing was to be searched."""
    shown = shown_sources(sources)
    words = sentence(searched, len(shown))
    if not words:
        return ""
    context = {
        "id": message_id,
        "sources": shown,
        "sentence": words,
        "can_search": not (shown or read_only or running),
    }
    return render_to_string("conversations/_sources.html", context)
