"""What every template may know about this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "sandbox": settings.SANDBOX,
        "signup": settings.QWENCHAT_SIGNUP,
        "can_share": settings.QWENCHAT_SHARES != "off",
    }
