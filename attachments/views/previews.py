"""A look at the text that a model gets of a document: its beginning, in a dialog or on a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from attachments import access
from attachments.models import Made
from attachments.pipeline import derived
from qwenchat.doors import page

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from attachments.models import DerivedFile
    from qwenchat.doors import MemberRequest

# About 30 pages: more is slow to lay out on a phone, and who wants all of it opens the text itself.
MOST_BYTES = 120_000


@require_safe
@page
def preview(request: MemberRequest, attachment: UUID) -> HttpResponse:
    found = access.readable_by(request.user, attachment)
    made = derived(found.file, Made.TEXT) if found.is_ready and found.file.has_text else None
    if made is None:
        raise access.NotFound
    context = {
        "attachment": found,
        "heading": found.name,
        "text": beginning(made),
        "is_cut": made.size > MOST_BYTES,
        "facts": facts(found.details),
    }
    if request.htmx:
        return render(request, "attachments/_preview.html", context)
    return render(request, "attachments/preview.html", context)


def beginning(made: DerivedFile) -> str:
    """As much of the text as is shown; a character that the cut went through is left out."""
    try:
        with default_storage.open(made.path, "rb") as file:
            data: bytes = file.read(MOST_BYTES)
    except FileNotFoundError:
        raise access.NotFound from None
    return data.decode("utf-8", "ignore")


def facts(details: dict[str, object]) -> str:
    """How long the text is: characters, and tokens as they are estimated."""
    words = {
        "text_characters": _("%(characters)s characters"),
        "text_tokens": _("about %(tokens)s tokens"),
    }
    return " · ".join(
        sentence % {name.removeprefix("text_"): number_format(value, 0, force_grouping=True)}
        for name, sentence in words.items()
        if isinstance(value := details.get(name), int)
    )
