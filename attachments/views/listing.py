"""All files of a person: found by name, sorted, with where each is used, and a way to delete them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attachments import space, usage
from attachments.access import NotFound, attachment_for
from attachments.limits import limits
from attachments.models import Attachment, Kind
from qwenchat.doors import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from qwenchat.doors import MemberRequest

SORTS = {
    "newest": ("-created", "-id"),
    "oldest": ("created", "id"),
    "name": ("name", "id"),
    "largest": ("-file__size", "-created"),
}
QUERY_CHARACTERS = 120
USES_SHOWN = 3
NEARLY_FULL = 0.9  # of the room: from here on the page says it in colour
ICONS = {Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.DOCUMENT: "file"}


@dataclass(frozen=True, slots=True)
class Row:
    """One file, ready to print. `uses` has its first places, `more` counts the others."""

    attachment: Attachment
    icon: str
    kind: str
    size: str
    trouble: str
    uses: list[usage.Use]
    more: int


@dataclass(frozen=True, slots=True)
class Room:
    """What the files take, of what they may take, in bytes and in words."""

    used: int
    most: int
    words: str
    is_short: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to sort or a kind to show: its words, its address, whether it is the one shown."""

    value: str
    words: str
    is_current: bool


@page
def listing(request: MemberRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:QUERY_CHARACTERS].replace("\0", "").strip()
    sort = request.GET.get("sort", "newest")
    kind = request.GET.get("kind", "")
    found = Attachment.objects.filter(owner=request.user).select_related("file")
    if query:
        found = found.filter(name__icontains=query)
    if kind in Kind.values:
        found = found.filter(file__kind=kind)
    found = found.order_by(*SORTS.get(sort, SORTS["newest"]))
    paged = Paginator(found, limits().files_per_page).get_page(request.GET.get("page"))
    used = usage.uses(attachment.id for attachment in paged)
    rows = [row(attachment, used[attachment.id]) for attachment in paged]
    asked = {"q": query, "sort": sort, "kind": kind}
    context = {
        "rows": rows,
        "paged": paged,
        "newer": address(asked, paged.previous_page_number()) if paged.has_previous() else "",
        "older": address(asked, paged.next_page_number()) if paged.has_next() else "",
        "query": query,
        "sorts": sorts(sort),
        "kinds": kinds(kind),
        "is_filtered": bool(query or kind),
        "kept": kept_name(request),
        "count": ngettext("%(count)d file", "%(count)d files", paged.paginator.count)
        % {"count": paged.paginator.count},
        "room": room(request),
    }
    return render(request, "attachments/list.html", context)


def room(request: MemberRequest) -> Room:
    used, most = space.kept_bytes(request.user), limits().storage_bytes_per_user
    words = _("%(used)s of %(most)s used")
    return Room(
        used=min(used, most),
        most=most,
        words=words % {"used": filesizeformat(used), "most": filesizeformat(most)},
        is_short=used > NEARLY_FULL * most,
    )


def row(attachment: Attachment, uses: list[usage.Use]) -> Row:
    trouble = attachment.error
    return Row(
        attachment,
        ICONS.get(Kind(attachment.kind), "file"),
        str(Kind(attachment.kind).label),
        filesizeformat(attachment.size),
        trouble.message if trouble else "",
        uses[:USES_SHOWN],
        max(0, len(uses) - USES_SHOWN),
    )


def sorts(current: str) -> list[Choice]:
    words = {
        "newest": _("Newest first"),
        "oldest": _("Oldest first"),
        "name": _("By name"),
        "largest": _("Largest first"),
    }
    return [Choice(value, words[value], value == current) for value in words]


def kinds(current: str) -> list[Choice]:
    words = {
        "": _("All kinds"),
        Kind.IMAGE.value: _("Images"),
        Kind.VIDEO.value: _("Videos"),
        Kind.DOCUMENT.value: _("Documents"),
    }
    return [Choice(value, words[value], value == current) for value in words]


def address(asked: dict[str, str], number: int) -> str:
    return "?" + urlencode(
        {**{name: value for name, value in asked.items() if value}, "page": number}
    )


def kept_name(request: MemberRequest) -> str:
    """The name of a file that could not be deleted a moment ago, since something uses it."""
    if "kept" not in request.GET:
        return ""
    try:
        return attachment_for(request.user, request.GET["kept"]).name
    except NotFound:
        return ""
