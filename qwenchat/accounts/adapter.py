"""Where allauth asks how this server does things."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from . import throttle
from .address import address_of

if TYPE_CHECKING:
    from allauth.account.models import EmailConfirmation
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse

# One answer, whether the name or the password was wrong.
NO_MATCH = _("Check the name and the password. After five tries there is a pause of a minute.")


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": NO_MATCH,
        "email_password_mismatch": NO_MATCH,
        "email_taken": _("This e-mail address cannot be used. Leave it out, or use another."),
        "enter_current_password": _("That is not your current password."),
        "incorrect_password": _("That is not your password."),
        "name_with_at": _("A name cannot have an @ in it: it would look like an e-mail address."),
    }

    # ---- who may come in ----

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.QWENCHAT_SIGNUP != "closed")

    def new_user(self, request: HttpRequest) -> AbstractBaseUser:
        """Everybody new comes through here, also from an OpenID Connect provider."""
        user: AbstractBaseUser = super().new_user(request)
        user.is_active = settings.QWENCHAT_SIGNUP != "approval"
        return user

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Who never signed in is waiting for approval; everybody else was switched off."""
        waiting = "" if user.last_login else "?waiting=1"
        return HttpResponseRedirect(reverse("account_inactive") + waiting)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        username = unicodedata.normalize("NFKC", username)
        if "@" in username:
            # It could be somebody's address, and one signs in with either.
            raise ValidationError(self.error_messages["name_with_at"], code="name_with_at")
        cleaned: str = super().clean_username(username, shallow)
        return cleaned

    # ---- passwords ----

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        name = credentials.get("username") or credentials.get("email") or ""
        self.attempt = throttle.attempt(request, name)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user:
            self.attempt.succeeded()
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        self.attempt.failed()

    # ---- addresses ----

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def is_safe_url(self, url: str) -> bool:
        """Only this very host: allauth would also go to others of ALLOWED_HOSTS."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse(
            "account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}
        ).replace("UID-KEY", quote(key))
        return f"{settings.QWENCHAT_URL}{path}"

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: EmailConfirmation
    ) -> str:
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.QWENCHAT_URL}{path}"
