"""The pictures of a question, one at a time and as large as they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from attachments.models import Kind
from conversations import access, showing_files
from qwenchat.doors import page

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from qwenchat.doors import MemberRequest


@require_safe
@page
def pictures(request: MemberRequest, message: UUID) -> HttpResponse:
    """All pictures of the question, with that of `?at=` shown first: a dialog, or a page of its own."""
    question = access.message_for(request.user, message)
    images = question.attached.select_related("attachment__file").filter(
        attachment__file__kind=Kind.IMAGE
    )
    shown = [one for one in showing_files.attachments_of(images) if one.is_ready]
    first = next((one for one in shown if str(one.id) == request.GET.get("at")), None)
    if first is None:
        raise access.NotFound
    context = {"message": question, "pictures": shown, "first": first, "heading": first.name}
    if request.htmx:
        return render(request, "conversations/_pictures.html", context)
    context["dialog"] = "conversations/_pictures.html"
    return render(request, "conversations/recognition.html", context)
