"""What OCR read for an answer: the text view of a page, and the whole of it as CSV or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import access, recognised
from conversations.times import seconds
from qwenchat.doors import data, page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from conversations.models import Message, Recognition
    from qwenchat.doors import MemberRequest

FORMAT_VERSION = 1
NAME_CHARACTERS = 100
# Should a browser show the file in place after all, nothing in it runs.
SEALED = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class View:
    """The dialog: one page, and the ways to its neighbours (empty: there is none)."""

    page: recognised.ShownPage
    badge: str
    place: str
    previous: str
    next: str
    csv: str
    json: str


@require_safe
@page
def recognition(request: MemberRequest, message: UUID) -> HttpResponse:
    """The text view of one page, `?page=` (from 1): a dialog for htmx, else a page of its own."""
    answer = access.message_for(request.user, message)
    pages = pages_of(answer)
    number = number_asked(request, len(pages))
    view = view_of(answer, pages, number)
    context = {"message": answer, "recognition": view, "heading": view.page.title}
    if request.htmx:
        return render(request, "conversations/_recognition.html", context)
    context["dialog"] = "conversations/_recognition.html"
    return render(request, "conversations/recognition.html", context)


@require_safe
@data
def recognition_csv(request: MemberRequest, message: UUID) -> HttpResponse:
    """All pages, or `?page=`, for a spreadsheet: fields, else tables, else lines with their places."""
    pages = pages_of(access.message_for(request.user, message))
    # The mark in front is what makes Excel read it as UTF-8.
    written = "\ufeff" + recognised.csv_of(chosen(request, pages))
    return download(stem_of(pages), written, "csv", "text/csv; charset=utf-8")


@require_safe
@data
def recognition_json(request: MemberRequest, message: UUID) -> HttpResponse:
    """All pages, or `?page=`, with everything that the service said of them."""
    answer = access.message_for(request.user, message)
    pages = pages_of(answer)
    whole = {
        "format": "qwenchat-recognition",
        "version": FORMAT_VERSION,
        "message": str(answer.id),
        "model": answer.model,
        "pages": [recognised.as_json(one, number) for number, one in chosen(request, pages)],
    }
    written = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    return download(stem_of(pages), written, "json", "application/json")


def pages_of(answer: Message) -> list[Recognition]:
    """What the answer read, in order; `NotFound` if it read nothing."""
    pages = list(answer.recognitions.select_related("attachment__file").order_by("position"))
    if not pages:
        raise access.NotFound
    return pages


def number_asked(request: MemberRequest, count: int) -> int:
    asked = request.GET.get("page") or "1"
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not 1 <= number <= count:
        raise access.NotFound
    return number


def chosen(request: MemberRequest, pages: Sequence[Recognition]) -> list[tuple[int, Recognition]]:
    numbered = list(enumerate(pages, 1))
    if "page" not in request.GET:
        return numbered
    number = number_asked(request, len(pages))
    return numbered[number - 1 : number]


def view_of(answer: Message, pages: Sequence[Recognition], number: int) -> View:
    here = reverse("recognition", args=[answer.id])
    only = f"?page={number}" if len(pages) > 1 else ""
    place = _("Page %(number)d of %(count)d")
    return View(
        page=recognised.page_of(pages[number - 1], number, delivery_of(answer, pages[number - 1])),
        badge=badge_of(answer, pages[number - 1]),
        place=place % {"number": number, "count": len(pages)} if len(pages) > 1 else "",
        previous=f"{here}?page={number - 1}" if number > 1 else "",
        next=f"{here}?page={number + 1}" if number < len(pages) else "",
        csv=reverse("recognition_csv", args=[answer.id]) + only,
        json=reverse("recognition_json", args=[answer.id]) + only,
    )


def badge_of(answer: Message, read: Recognition) -> str:
    took = seconds(read.total_ms) if read.total_ms is not None else ""
    return " · ".join(filter(None, [answer.model, took]))


def delivery_of(answer: Message, read: Recognition) -> dict[str, object]:
    """How the question's picture was sent: it may have been turned or cut."""
    if answer.parent is None or read.attachment_id is None:
        return {}
    sent = answer.parent.attached.filter(attachment=read.attachment_id).first()
    return sent.delivery if sent else {}


def stem_of(pages: Sequence[Recognition]) -> str:
    """The name of the first file, without its ending."""
    name = next((one.attachment.name for one in pages if one.attachment), "")
    return (name.rpartition(".")[0] or name or _("Text"))[:NAME_CHARACTERS]


def download(stem: str, written: str, extension: str, content_type: str) -> HttpResponse:
    response = HttpResponse(written, content_type=content_type)
    name = f"{stem}.{extension}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = SEALED
    return response
