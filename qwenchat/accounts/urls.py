"""Addresses under /accounts/: those of allauth that we show, and of the parts that are switched on.

The names are allauth's, since it looks its pages up by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth import app_settings as allauth_settings
from allauth.account import views as allauth_views
from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver

from . import views
from .views import guarded, with_mail

if TYPE_CHECKING:
    from collections.abc import Sequence


def all_guarded(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The same routes, each view `guarded`."""
    return [
        URLResolver(one.pattern, all_guarded(one.url_patterns), one.default_kwargs, one.app_name)
        if isinstance(one, URLResolver)
        else URLPattern(one.pattern, guarded(one.callback), one.default_args, one.name)
        for one in patterns
    ]


routes: list[URLPattern | URLResolver] = [
    path("login/", views.SignIn.as_view(), name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("signup/", views.SignUp.as_view(), name="account_signup"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("password/reset/", with_mail(allauth_views.password_reset), name="account_reset_password"),
    path(
        "password/reset/done/",
        with_mail(allauth_views.password_reset_done),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        with_mail(allauth_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        with_mail(allauth_views.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("email/", with_mail(allauth_views.email), name="account_email"),
    path(
        "confirm-email/",
        with_mail(allauth_views.email_verification_sent),
        name="account_email_verification_sent",
    ),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$",
        with_mail(allauth_views.confirm_email),
        name="account_confirm_email",
    ),
]

if allauth_settings.MFA_ENABLED:
    routes.append(path("2fa/", include("allauth.mfa.urls")))

if allauth_settings.SOCIALACCOUNT_ENABLED:
    from allauth.urls import build_provider_urlpatterns

    routes.append(path("3rdparty/", include("allauth.socialaccount.urls")))
    routes += build_provider_urlpatterns()

urlpatterns = all_guarded(routes)
