"""System checks: settings that do not fit together are said before somebody meets them.

`manage.py up` runs the plain ones at every start, `manage.py check --deploy` all of them. What would be
unsafe to start with at all is refused by `settings` itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from django.core.checks import CheckMessage

FORM_AROUND_BYTES = 65_536  # boundaries, a token, a name
SERVICE = "https://dashscope.aliyuncs.com/compatible-mode/v1"


@register("qwenchat")
def model_service(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*addresses(), *key(), *models()]


@register("qwenchat")
def sizes(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    limits = settings.LIMITS
    largest = max(limits.image_bytes, limits.document_bytes, limits.video_bytes)
    if largest + FORM_AROUND_BYTES <= limits.body_bytes:
        return []
    return [
        Warning(
            f"Files of up to {largest} bytes are allowed, bodies of {limits.body_bytes} bytes.",
            hint="Raise QWENCHAT_BODY_BYTES above the largest of the limits on files, or lower those.",
            id="qwenchat.W006",
        )
    ]


@register("qwenchat")
def data_folder(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    folder: Path = settings.QWENCHAT_DATA
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"QWENCHAT_DATA is {str(folder)!r}, and this process cannot write there.",
            hint="Name a folder that the server's user owns.",
            id="qwenchat.E003",
        )
    ]


@register(Tags.security, deploy=True)
def deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*doors(), *transport(), *service_in_use()]


# ---- at every start -----------------------------------------------------------------------------------


def addresses() -> Iterator[CheckMessage]:
    named = {"DASHSCOPE_BASE_URL": settings.DASHSCOPE_BASE_URL}
    if settings.DASHSCOPE_NATIVE_URL:  # empty: never used; None: the same host's
        named["DASHSCOPE_NATIVE_URL"] = settings.DASHSCOPE_NATIVE_URL
    for name, value in named.items():
        if not is_address(value):
            yield Error(
                f"{name} is {value!r}, which is no address of a server.",
                hint=f"It looks like this: {SERVICE}",
                id="qwenchat.E001",
            )


def is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # a malformed port raises here
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query


def key() -> Iterator[CheckMessage]:
    value = settings.DASHSCOPE_API_KEY
    if not value and settings.DASHSCOPE_BASE_URL != SERVICE:
        yield Warning(
            "DASHSCOPE_BASE_URL is set and DASHSCOPE_API_KEY is not, so the sandbox answers instead.",
            hint="Set DASHSCOPE_API_KEY. For a server that asks for no key, any word will do.",
            id="qwenchat.W005",
        )
    if value and not (value.isascii() and value.isprintable() and " " not in value):
        yield Error(
            "DASHSCOPE_API_KEY holds characters that no key has: a space, a line end or others.",
            hint="Copy it anew, without anything before or after it.",
            id="qwenchat.E002",
        )


def models() -> Iterator[CheckMessage]:
    offered: Sequence[str] = settings.QWENCHAT_MODELS
    chosen = settings.QWENCHAT_DEFAULT_MODEL
    if offered and chosen and chosen not in offered:
        yield Error(
            f"QWENCHAT_DEFAULT_MODEL is {chosen!r}, which QWENCHAT_MODELS does not list.",
            hint="Add it to QWENCHAT_MODELS, or choose one of those.",
            id="qwenchat.E004",
        )


# ---- before going into production -----------------------------------------------------------------------


def doors() -> Iterator[CheckMessage]:
    if settings.QWENCHAT_SIGNUP == "open" and not settings.ON_LOOPBACK:
        yield Warning(
            "QWENCHAT_SIGNUP is open on a public host: anybody may make an account and spend tokens.",
            hint="Use approval or closed, unless the network keeps strangers out.",
            id="qwenchat.W001",
        )
    if "*" in settings.ALLOWED_HOSTS and not settings.CSRF_TRUSTED_ORIGINS:
        yield Warning(
            'ALLOWED_HOSTS is "*", which opens no WebSocket: no page could ask anything.',
            hint="Name the hosts, or list the pages' origins in CSRF_TRUSTED_ORIGINS.",
            id="qwenchat.W002",
        )


def transport() -> Iterator[CheckMessage]:
    if settings.HTTPS and not settings.BEHIND_PROXY:
        yield Warning(
            "HTTPS is expected, but the server itself speaks plain HTTP and trusts no proxy's word for "
            "it: every request would be redirected for ever.",
            hint="Behind a proxy that sets X-Forwarded-Proto, set QWENCHAT_BEHIND_PROXY=true. Without "
            "HTTPS at all, in a closed network, set QWENCHAT_HTTPS=false.",
            id="qwenchat.W004",
        )


def service_in_use() -> Iterator[CheckMessage]:
    if not settings.DASHSCOPE_API_KEY:
        yield Warning(
            "DASHSCOPE_API_KEY is not set, so the sandbox would answer, which is no model.",
            hint="Set DASHSCOPE_API_KEY or DASHSCOPE_API_KEY_FILE.",
            id="qwenchat.W003",
        )
