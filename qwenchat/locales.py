"""The language and the time zone of a page, for a request as for a socket.

Both come from cookies: the language that was chosen, else what the browser prefers; the zone as the page's
script said it, else UTC.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from .origins import header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Scope = dict[str, Any]

ZONE_CHARACTERS = 64


def activate(scope: Scope) -> None:
    """For everything that runs in a socket's own context from now on."""
    cookies = cookies_of(scope)
    translation.activate(language_of(scope, cookies))
    timezone.activate(zone_of(cookies))


def cookies_of(scope: Scope) -> dict[str, str]:
    try:
        parsed = SimpleCookie(header(scope, b"cookie"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}


def language_of(scope: Scope, cookies: Mapping[str, str]) -> str:
    for code in wanted(scope, cookies):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def wanted(scope: Scope, cookies: Mapping[str, str]) -> Iterator[str]:
    if settings.LANGUAGE_COOKIE_NAME in cookies:
        yield cookies[settings.LANGUAGE_COOKIE_NAME]
    for code, _quality in parse_accept_lang_header(header(scope, b"accept-language")):
        yield code


def zone_of(cookies: Mapping[str, str]) -> ZoneInfo:
    name = unquote(cookies.get("timezone", ""))
    if name and len(name) <= ZONE_CHARACTERS:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
            pass
    return ZoneInfo("UTC")
