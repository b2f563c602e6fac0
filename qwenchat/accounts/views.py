"""Account pages: allauth's views, with the right status and what our templates show."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.account import views
from django.conf import settings
from django.http import Http404
from django.shortcuts import render

from .throttle import Refused, TooMany, Unavailable, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]

# allauth's own limits are per minute or per five; it does not say which one was met.
RETRY_SECONDS = 60


class SignIn(views.LoginView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["refusal"] = described(context["form"].refusal)
        context["mail"] = settings.EMAIL_IS_SET_UP
        return context

    def form_invalid(self, form: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().form_invalid(form)
        return refused(response, form.refusal) if form.refusal else response


class SignUp(views.SignupView):  # type: ignore[misc]
    def closed(self) -> HttpResponseBase:
        response: HttpResponseBase = super().closed()
        response.status_code = 403
        return response


def guarded(view: View) -> View:
    """The view, within the limits of one address; a refusal becomes a page with `Retry-After`."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if not request.user.is_authenticated:
                visit(request)
            response = view(request, *args, **kwargs)
        except Refused as refusal:
            return refusal_page(request, refusal)
        if response.status_code == 429 and not response.has_header("Retry-After"):
            return refusal_page(request, TooMany(RETRY_SECONDS))
        if request.method == "POST" and leads_elsewhere(response):
            # Our Content-Security-Policy keeps forms, and what they redirect to, on this host. A
            # page that goes on by itself may leave: to the OpenID Connect provider.
            return render(request, "account/onward.html", {"url": response.headers["Location"]})
        return response

    return inner


def leads_elsewhere(response: HttpResponseBase) -> bool:
    location = response.headers.get("Location", "")
    return response.status_code in (302, 303) and location.startswith(("https://", "http://"))


def with_mail(view: View) -> View:
    """The view, which does not exist on a server that cannot send e-mail."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_IS_SET_UP:
            raise Http404
        return view(request, *args, **kwargs)

    return inner


def refusal_page(request: HttpRequest, refusal: Refused) -> HttpResponseBase:
    page = render(request, "account/refused.html", {"refusal": described(refusal)})
    return refused(page, refusal)


def refused(response: HttpResponseBase, refusal: Refused) -> HttpResponseBase:
    response.status_code = refusal.status
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def described(refusal: Refused | None) -> dict[str, Any] | None:
    """What a template says about a refusal: its kind, and the wait in whole minutes or seconds."""
    if refusal is None:
        return None
    kind = "down" if isinstance(refusal, Unavailable) else "many"
    seconds = refusal.retry_after
    minutes = -(-seconds // 60) if seconds > 90 else 0
    return {
        "kind": kind if not isinstance(refusal, TooMany) else "requests",
        "seconds": seconds,
        "minutes": minutes,
    }
