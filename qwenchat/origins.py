"""Which pages may open a socket: a socket carries the session cookie, and browsers let any page try.

Allowed are pages of this very host (which must be one of `ALLOWED_HOSTS`; `*` does not count) and the
origins in `CSRF_TRUSTED_ORIGINS`. A missing Origin is refused: every browser sends one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

PORTS = {"http": "80", "https": "443"}


def header(scope: Scope, name: bytes) -> str:
    return next(
        (value.decode("latin1") for key, value in scope["headers"] if key == name), ""
    ).strip()


def is_allowed(scope: Scope) -> bool:
    origin = header(scope, b"origin")
    try:
        parts = urlsplit(origin)
        port = str(parts.port or PORTS.get(parts.scheme, ""))
    except ValueError:
        return False
    if parts.scheme not in PORTS or not parts.hostname or parts.path or parts.query:
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host, host_port = split_domain_port(header(scope, b"host"))
    named = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    scheme = scheme_of(scope)
    return (
        bool(host)
        and validate_host(host, named)
        and parts.scheme == scheme
        and parts.hostname == host.strip("[]")
        and port == (host_port or PORTS[scheme])
    )


def scheme_of(scope: Scope) -> str:
    """How the page was reached: what the proxy says where one is trusted, else by the socket's own."""
    if settings.BEHIND_PROXY:
        return "https" if header(scope, b"x-forwarded-proto") == "https" else "http"
    return "https" if scope.get("scheme") == "wss" else "http"


class OriginChecked:
    """ASGI middleware: refuses a socket before its upgrade (403) unless its Origin is allowed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_allowed(scope):
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4403})
