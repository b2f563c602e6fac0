"""One attachment: its upload, its facts, its bytes and what was made of it, and its end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attachments import (
    access,
    arriving,
    deliver,
    intake,
    plans,
    refusals,
    removal,
    sampling,
    serving,
    space,
)
from attachments.limits import limits
from attachments.models import Kind, Made
from attachments.pipeline import derived
from attachments.wishes import Wish
from qwenchat import rates
from qwenchat.doors import data, page
from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from attachments.models import Attachment, DerivedFile
    from qwenchat.doors import MemberRequest

HOUR = 3600
MALFORMED = (
    MultiPartParserError,
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    UnreadablePostError,
)


def count_upload(user: User) -> None:
    most = limits().uploads_per_hour
    rates.spend("uploads", user.pk, most, seconds=HOUR, refusal=refusals.too_many_uploads)


@csrf_exempt
@data
def upload(request: MemberRequest) -> HttpResponseBase:
    """Takes one file. Exempt only so that the body is parsed here: the token is checked within."""
    count_upload(request.user)
    handler = arriving.stage(request)
    try:
        return accept(request, handler)
    except MALFORMED:
        raise refusals.no_file() from None
    except OSError as error:
        if space.is_full(error):
            raise refusals.storage_full() from error
        raise
    finally:
        handler.discard()


@csrf_protect
def accept(request: HttpRequest, handler: arriving.StagingHandler) -> HttpResponse:
    if not request.content_type == "multipart/form-data":
        raise refusals.no_file()
    request.POST.get("")  # reads the body, if the token's check has not
    if handler.staged is None:
        raise refusals.no_file()
    attachment = intake.accept(request.user, handler.staged)  # type: ignore[arg-type]
    response = JsonResponse(attachment.as_json(), status=201)
    response["Location"] = attachment.get_absolute_url()
    return response


@require_http_methods(["GET", "HEAD", "DELETE"])
@data
def attachment(request: MemberRequest, attachment: UUID) -> HttpResponseBase:
    """The bytes, the JSON for who asks for that, or, with DELETE, the end of it."""
    if request.method == "DELETE":
        removal.delete(access.attachment_for(request.user, attachment))
        return HttpResponse(status=204)
    found = access.readable_by(request.user, attachment)
    if "application/json" in request.headers.get("Accept", ""):
        return private(JsonResponse(found.as_json()))
    must_be_ready(found)
    file = found.file
    what = serving.Bytes(file.path, file.stored_size, file.content_type, found.name, file.is_inline)
    return serving.respond(request, what)


@require_POST
@page
def delete(request: MemberRequest, attachment: UUID) -> HttpResponseBase:
    """The same from a form, for pages without script."""
    try:
        removal.delete(access.attachment_for(request.user, attachment))
    except Refusal:
        return redirect(f"{reverse('attachments')}?kept={attachment}")
    return redirect("attachments")


@require_safe
@data
def thumbnail(request: MemberRequest, attachment: UUID) -> HttpResponseBase:
    found = access.readable_by(request.user, attachment)
    return piece(request, found, derived(found.file, Made.THUMBNAIL))


@require_safe
@data
def text(request: MemberRequest, attachment: UUID) -> HttpResponseBase:
    """The text that a model gets, as plain text to look at."""
    found = access.readable_by(request.user, attachment)
    must_be_ready(found)
    return piece(request, found, derived(found.file, Made.TEXT), inline=True)


@require_safe
@data
def page_image(request: MemberRequest, attachment: UUID, number: int) -> HttpResponseBase:
    """A page of a PDF as a picture, made when it is first asked for."""
    found = access.readable_by(request.user, attachment)
    must_be_ready(found)
    if found.file.format != "pdf" or not 1 <= number <= (found.pages or 0):
        raise access.NotFound
    return piece(request, found, deliver.page_images(found, [number])[0], inline=True)


@require_safe
@data
def frames(request: MemberRequest, attachment: UUID) -> HttpResponseBase:
    """Which frames a sampling gives: `{"frames": [{"n", "time", "url"}], "fps"}`.

    `?count=` or `?fps=`, `?start=` and `?end=` in seconds; without them the strip's.
    """
    found = video_of(request, attachment)
    times = plans.times_of(found, wish_asked(request))
    query = request.GET.urlencode()
    places = [
        {
            "n": number,
            "time": at / 1000,
            "url": reverse("attachment_frame", args=[found.id, number])
            + (f"?{query}" if query else ""),
        }
        for number, at in enumerate(times)
    ]
    return private(JsonResponse({"frames": places, "fps": sampling.rate_fps(times)}))


@require_safe
@data
def frame(request: MemberRequest, attachment: UUID, number: int) -> HttpResponseBase:
    """One frame of a sampling, counted from 0."""
    found = video_of(request, attachment)
    times = plans.times_of(found, wish_asked(request))
    if number >= len(times):
        raise access.NotFound
    made = {item.number: item for item in deliver.frames(found, times)}
    return piece(request, found, made[times[number]], inline=True)


def video_of(request: MemberRequest, attachment: UUID) -> Attachment:
    found = access.readable_by(request.user, attachment)
    if found.kind != Kind.VIDEO:
        raise access.NotFound
    must_be_ready(found)
    return found


def wish_asked(request: MemberRequest) -> Wish:
    start, end = number_asked(request, "start"), number_asked(request, "end")
    if start is not None and end is not None and end <= start:
        raise Refusal("invalid", _("The end must come after the start."), field="end")
    count = number_asked(request, "count")
    fps = number_asked(request, "fps")
    return Wish(count=int(count) if count else None, fps=fps, start=start, end=end)


def number_asked(request: MemberRequest, name: str) -> float | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not 0 <= value <= 1e6:
        raise Refusal("invalid", _("This must be a number, 0 or more."), field=name)
    return value


def must_be_ready(found: Attachment) -> None:
    if found.error:
        raise access.NotFound
    if not found.is_ready:
        raise refusals.being_prepared()


def piece(
    request: MemberRequest,
    found: Attachment,
    made: DerivedFile | None,
    *,
    inline: bool | None = None,
) -> HttpResponseBase:
    if made is None:
        raise access.NotFound
    what = serving.Bytes(
        made.path, made.size, made.content_type, label_of(found, made), inline is not False
    )
    return serving.respond(request, what)


ENDINGS = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png"}


def label_of(found: Attachment, made: DerivedFile) -> str:
    stem = found.name.rpartition(".")[0] or found.name
    ending = ENDINGS.get(made.content_type, "txt")
    number = f"-{made.number}" if made.kind in (Made.FRAME, Made.PAGE) else ""
    return f"{stem}{number}.{ending}"


def private(response: JsonResponse) -> JsonResponse:
    response["Cache-Control"] = "private, no-store"
    return response
