"""With Redis between them, processes share counters and news; answers still live where they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from channels.layers import channel_layers
from django.utils import timezone

from conversations import news
from conversations.models import Message, Status
from tests.redis_server import RedisServer

from .conftest import Socket, limits
from .test_socket import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer.found()
    if server is None:
        pytest.skip("redis-server is not installed")
    with server:
        yield server


@pytest.fixture
def with_redis(redis: RedisServer, settings: Any) -> Iterator[None]:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis.url]},
        }
    }
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis.url,
        }
    }
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


async def test_another_tabs_question_arrives(
    with_redis: None, page: Socket, alice_cookie: str
) -> None:
    first = await page.ask("Hello", options=TEXT)
    await page.until("end")
    async with Socket(alice_cookie) as other:
        await other.ask("More", conversation=first["conversation"], options=TEXT)
        assert (await page.until("message"))["message"]["text"] == "More"
        assert (await page.until("end"))["status"] == "complete"


async def test_counters_are_shared(with_redis: None, page: Socket, settings: Any) -> None:
    settings.LIMITS = limits(settings, answers_per_minute=1)
    await page.ask("One", options=TEXT)
    await page.say("send", request="r2", conversation=None, parent=None, text="Two")
    assert (await page.until("error"))["code"] == "rate_limited"


async def test_the_end_of_another_processs_answer_arrives(
    with_redis: None, page: Socket, alice: User
) -> None:
    ack = await page.ask("Hello", options=TEXT)
    await page.until("end")
    answer_id = ack["messages"][1]["id"]
    await Message.objects.filter(id=answer_id).aupdate(
        status=Status.STREAMING, worker="elsewhere", heartbeat=timezone.now()
    )
    await page.say("open", conversation=ack["conversation"], format="text")
    await page.until("opened")
    await page.say("ping")
    await page.until("pong")
    await Message.objects.filter(id=answer_id).aupdate(status=Status.COMPLETE, text="Elsewhere.")
    row = await Message.objects.select_related("conversation").aget(id=answer_id)
    sidebar = news.row_of(row.conversation, generating=False)
    await news.answer_ended(alice.pk, row.id, sidebar)
    assert (await page.until("end"))["text"] == "Elsewhere."


async def test_without_the_cache_nothing_is_spent(page: Socket, settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    await page.say("send", request="r", conversation=None, parent=None, text="Hello")
    assert (await page.until("error"))["code"] == "rate_limited"
    assert not await Message.objects.aexists()
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
