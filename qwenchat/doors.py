"""What stands before every view: who asks, in which time zone; what is not theirs is missing."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from . import locales, refusals
from .refusals import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http.response import HttpResponseBase
    from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


def page(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view for people: the signed-out sign in first, and what is missing is the 404 page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        with timezone.override(locales.zone_of(request.COOKIES)):
            try:
                return view(cast("MemberRequest", request), *args, **kwargs)
            except NotFound:
                raise Http404 from None

    return guarded


def data(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view for programs as well: what goes wrong is a JSON error of the protocol."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return refused(refusals.unauthenticated())
        with timezone.override(locales.zone_of(request.COOKIES)):
            try:
                return view(cast("MemberRequest", request), *args, **kwargs)
            except NotFound:
                return refused(refusals.not_found())
            except refusals.Refusal as refusal:
                return refused(refusal)

    return guarded


def refused(refusal: refusals.Refusal) -> JsonResponse:
    response = JsonResponse({"error": refusal.as_json()}, status=refusal.status)
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, coming back here; a fragment's request turns the whole page."""
    if not getattr(request, "htmx", False):
        return redirect_to_login(request.get_full_path())
    here = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
    response = HttpResponse(status=204)
    response["HX-Redirect"] = redirect_to_login(here, resolve_url(settings.LOGIN_URL)).url
    return response
