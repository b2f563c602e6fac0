"""What is behind a link to a conversation: the page of its copy, and the pictures that are shared with it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found

from attachments import access as files
from attachments import serving
from attachments.models import Made
from attachments.pipeline import derived
from attachments.views.files import label_of
from conversations import access
from conversations.sharing import links, shown
from conversations.sharing.frozen import shared_files
from qwenchat import locales
from qwenchat.accounts.throttle import TooMany, visit
from qwenchat.accounts.views import refusal_page
from qwenchat.doors import to_sign_in
from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from attachments.models import Attachment
    from conversations.sharing.frozen import FrozenFile

P = ParamSpec("P")

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "Cache-Control": "private, no-store",  # ended means gone, also from what stands in between
}


def for_readers(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view behind a link, for whom `QWENCHAT_SHARES` says; what is missing is the 404 page alike."""

    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            if not links.are_on():
                raise access.NotFound
            if not request.user.is_authenticated:
                if settings.QWENCHAT_SHARES != "anyone":
                    return to_sign_in(request)
                visit(request, "shares", settings.LIMITS.share_reads_per_minute)
            with timezone.override(locales.zone_of(request.COOKIES)):
                return view(request, *args, **kwargs)
        except TooMany as refusal:
            return refusal_page(request, refusal)
        except (access.NotFound, Refusal):
            return page_not_found(request, Http404())

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = answered(request, *args, **kwargs)
        for name, value in HEADERS.items():
            response.headers[name] = value
        # It names the stored file: two links with the same picture would tell that one person made both.
        response.headers.pop("ETag", None)
        return response

    return guarded


@require_safe
@for_readers
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The copy. It needs no script and gets none, so none can act on what people and models wrote."""
    found = links.share_by(token)
    context = {
        "title": found.title or _("New chat"),
        "made": found.created,
        "made_on": date_format(timezone.localtime(found.created), "DATE_FORMAT"),
        "models": shown.models_of(found.frozen),
        "messages": shown.articles(found.frozen, token),
        "was_sandbox": found.frozen["sandbox"],
    }
    return render(request, "conversations/share.html", context)


@require_safe
@for_readers
def file(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    """A picture that is shared: the clean copy, without what the camera wrote into it.

    Documents are not handed out: they go as they were uploaded, with their authors' names in them.
    """
    shared, found = shared_file(token, number)
    if not shared.get("whole"):
        raise access.NotFound
    kept = found.file
    what = serving.Bytes(
        kept.path, kept.stored_size, kept.content_type, shared["name"], kept.is_inline
    )
    return serving.respond(request, what)


@require_safe
@for_readers
def preview(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    """The small picture of a file that is shared."""
    _shared, found = shared_file(token, number)
    made = derived(found.file, Made.THUMBNAIL)
    if made is None:
        raise access.NotFound
    name = label_of(found, made)
    what = serving.Bytes(made.path, made.size, made.content_type, name, inline=True)
    return serving.respond(request, what)


def shared_file(token: str, number: int) -> tuple[FrozenFile, Attachment]:
    """A file by its place in the copy, through the one who shared it; `NotFound` for any other."""
    found = links.share_by(token)
    shared = shared_files(found.frozen)
    if not 1 <= number <= len(shared):
        raise access.NotFound
    wanted = shared[number - 1]
    attachment = files.attachment_for(found.conversation.owner, wanted["id"])
    if not attachment.is_ready:
        raise access.NotFound
    return wanted, attachment
