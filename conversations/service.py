"""The model service as this server is configured to reach it: one client for the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from attachments import upstream
from qwenchat import __version__
from qwenchat.dashscope import Client, dialect_of

if TYPE_CHECKING:
    from qwenchat.dashscope.client import Dialect

_client: Client | None = None


def dialect() -> Dialect:
    """Whose fields may be sent: the service's own, or only the standard ones."""
    return dialect_of(settings.DASHSCOPE_BASE_URL)


def account() -> str:
    """A name for the account at the service that files are copied to; says nothing of the key."""
    return upstream.account(settings.DASHSCOPE_BASE_URL, settings.DASHSCOPE_API_KEY)


def client() -> Client:
    """The process's client, opened on first use."""
    global _client
    if _client is None:
        _client = opened()
    return _client


def opened() -> Client:
    """A client of the caller's own, who closes it."""
    return Client(
        settings.DASHSCOPE_BASE_URL,
        settings.DASHSCOPE_API_KEY,
        dialect=dialect(),
        native_url=settings.DASHSCOPE_NATIVE_URL,
        user_agent=f"qwenchat/{__version__}",
    )


async def close() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()
