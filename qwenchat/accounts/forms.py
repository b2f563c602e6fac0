"""The account forms: allauth's, with our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .throttle import Refused

if TYPE_CHECKING:
    from django.forms import Field

PASSWORD_HINT = _("At least 8 characters, and not one of the common ones.")


def worded(field: Field, *, label: Any, hint: Any = "") -> None:
    """Gives a field our label and hint, and takes allauth's placeholder away."""
    field.label = label
    field.help_text = hint
    field.widget.attrs.pop("placeholder", None)


class SignIn(forms.LoginForm):  # type: ignore[misc]
    """`login` is a name or an e-mail address. `refusal` says why no password was looked at."""

    refusal: Refused | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        worded(login, label=_("Name or e-mail"))
        login.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none"}
        login.max_length = 254
        worded(self.fields["password"], label=_("Password"))
        self.fields["remember"].label = _("Keep me signed in on this device")
        self.fields["remember"].initial = True

    def user_credentials(self) -> dict[str, str]:
        """Only `username`, which the back end tries as an address too: each try costs one hash.

        With allauth's own choice a known address costs two and an unknown one costs one, and the
        time it takes tells them apart.
        """
        return {
            "username": self.cleaned_data["login"],
            "password": self.cleaned_data["password"],
        }

    def clean(self) -> dict[str, Any] | None:
        try:
            cleaned: dict[str, Any] | None = super().clean()
        except Refused as refusal:
            self.refusal = refusal
            self.add_error(None, "")
            cleaned = self.cleaned_data
        except ValidationError:
            self.fields["password"].widget.attrs["aria-invalid"] = "true"
            raise
        return cleaned


class SignUp(forms.SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worded(self.fields["username"], label=_("Name"), hint=_("Letters, digits and . + - _"))
        self.fields["username"].widget.attrs["autocapitalize"] = "none"
        if "email" in self.fields:
            required = self.fields["email"].required
            worded(
                self.fields["email"], label=_("E-mail") if required else _("E-mail, if you like")
            )
        worded(self.fields["password1"], label=_("Password"), hint=PASSWORD_HINT)


class OncePassword:
    """A new password is asked for once: the person can look at what they typed."""

    fields: dict[str, Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        worded(self.fields["password1"], label=_("New password"), hint=PASSWORD_HINT)


class ChangePassword(OncePassword, forms.ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worded(self.fields["oldpassword"], label=_("Current password"))


class SetPassword(OncePassword, forms.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPassword(OncePassword, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass
