"""The language of a socket: as the page that opened it, by the cookie, else by what the browser prefers."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from .origins import header

if TYPE_CHECKING:
    from collections.abc import Iterator

    Scope = dict[str, Any]


def of(scope: Scope) -> str:
    for code in wanted(scope):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def wanted(scope: Scope) -> Iterator[str]:
    try:
        cookie = SimpleCookie(header(scope, b"cookie")).get(settings.LANGUAGE_COOKIE_NAME)
    except CookieError:
        cookie = None
    if cookie is not None:
        yield cookie.value
    for code, _quality in parse_accept_lang_header(header(scope, b"accept-language")):
        yield code
