"""Whether the model searched: said as far as the service tells, from the wire to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import translation

from conversations import presenting
from conversations.models import Message
from tests.dashscope.conftest import native_frame
from tests.upstream import Reply, answer, error_reply

if TYPE_CHECKING:
    from .conftest import ChatUpstream, Socket

TEXT = {"format": "text", "search": True}
FOUND = [
    {"site_name": "无", "icon": "", "index": number, "title": "Tea", "url": "https://t.example/"}
    for number in (1, 2)
]
NO = "Did not search the web"
YES = "Searched the web, no sources came"


def native(*texts: str, searches: int = 0, found: list[Any] | None = None) -> Reply:
    """Frames as the service writes them: sources in the first, counts in each, a search from the second."""
    frames = []
    for at, text in enumerate(texts):
        usage: dict[str, Any] = {"input_tokens": 9, "output_tokens": at + 1, "total_tokens": 10}
        if searches and at:
            usage["plugins"] = {"search": {"count": searches}}
        more: dict[str, Any] = {}
        if found is not None:
            more = {"search_info": {"search_results": [] if at else found}}
        finish = "stop" if at == len(texts) - 1 else "null"
        message = {"role": "assistant", "content": text}
        frames.append(native_frame(message, finish=finish, number=at + 1, usage=usage, **more))
    return Reply(frames)


@sync_to_async
def said(message: str) -> str:
    with translation.override("en"):
        return presenting.searched(Message.objects.get(id=message))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (native("", "A [ref_1]", searches=1, found=FOUND), "Searched the web, 2 sources"),
        (native("", "A", searches=1, found=FOUND[:1]), "Searched the web, 1 source"),
        (native("", "A", searches=1), YES),
        (native("", "A", searches=1, found=[]), YES),
        (native("", "A", found=[]), NO),
        (native("", "A"), NO),
        (native("", "", searches=1), YES),
        (error_reply(400, "invalid_parameter_error"), ""),
        (native("", ""), ""),
    ],
)
async def test_the_services_own_protocol_tells(
    page: Socket, upstream: ChatUpstream, reply: Reply, words: str
) -> None:
    upstream.script(reply)
    ack = await page.ask("What is new?", options=TEXT)
    await page.until("end")
    assert await said(ack["messages"][1]["id"]) == words
    sent = upstream.requests[0]
    assert sent.path == "/api/v1/services/aigc/text-generation/generation"
    assert sent.json["parameters"]["search_options"]["enable_source"] is True


async def test_the_compatible_one_does_not(page: Socket, upstream: ChatUpstream) -> None:
    options = TEXT | {"protocol": "compatible"}
    ack = await page.ask("What is new?", options=options)
    await page.until("end")
    words = "Search was on; the service did not say whether it was used"
    assert await said(ack["messages"][1]["id"]) == words
    assert upstream.requests[0].json["enable_search"] is True
    counted = {"prompt_tokens": 9, "completion_tokens": 1, "plugins": {"search": {"count": 1}}}
    upstream.script(Reply(answer("A", usage=counted)))
    ack = await page.ask("What is new?", options=options)
    await page.until("end")
    assert await said(ack["messages"][1]["id"]) == YES


async def test_without_a_search_nothing_is_said(page: Socket, upstream: ChatUpstream) -> None:
    ack = await page.ask("Hello", options={"format": "text"})
    await page.until("end")
    assert await said(ack["messages"][1]["id"]) == ""


@pytest.mark.parametrize("count", [True, "1", -1, None, {}, 10**12])
async def test_a_count_that_is_none_counts_nothing(
    page: Socket, upstream: ChatUpstream, count: Any
) -> None:
    upstream.script(native("", "A", searches=count))
    ack = await page.ask("What is new?", options=TEXT)
    assert (await page.until("end"))["status"] == "complete"
    assert await said(ack["messages"][1]["id"]) == NO
