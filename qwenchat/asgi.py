"""The ASGI application: HTTP to Django, `/ws/` to the chat."""

from __future__ import annotations

import os
from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qwenchat.settings")
django_application = get_asgi_application()

# Imported once the apps are ready: consumers need the models.
from conversations import process  # noqa: E402
from conversations.consumers import ChatConsumer  # noqa: E402
from qwenchat.origins import OriginChecked  # noqa: E402

# Django's `path` is typed for views; Channels' documentation uses it for consumers as well.
ROUTES: list[Any] = [path("ws/", cast("Any", ChatConsumer.as_asgi()))]

router: Any = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OriginChecked(AuthMiddlewareStack(URLRouter(ROUTES))),
    }
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Starts the process's own tasks with the first connection of any kind, then routes."""
    process.start()
    await router(scope, receive, send)
