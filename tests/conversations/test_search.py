"""Searching the web: sources through the native protocol, the vendor's sample through the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conversations.models import Message
from tests.upstream import Gate, Reply

from .conftest import ChatUpstream, Socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.upstream import Received

TEXT = {"format": "text"}
FOUND = [
    {
        "site_name": "无",
        "icon": "",
        "index": 1,
        "title": "Forty medals",
        "url": "https://a.example/1",
    },
    {"site_name": "Blog", "icon": "", "index": 2, "title": "Paris", "url": "https://b.example/2"},
]


class NativeUpstream(ChatUpstream):
    """Answers native requests from its script too."""

    def next_reply(self, received: Received) -> Reply:
        if received.path.endswith("/generation"):
            self.requests.append(received)
            return self._script.popleft()
        return super().next_reply(received)


@pytest.fixture
async def upstream(settings: Any) -> AsyncIterator[NativeUpstream]:
    async with NativeUpstream() as up:
        settings.DASHSCOPE_BASE_URL = up.base_url
        settings.DASHSCOPE_NATIVE_URL = up.base_url.replace("/compatible-mode/v1", "/api/v1")
        yield up


def frame(text: str, *, found: list[dict[str, Any]] | None = None, finish: str = "null") -> bytes:
    message = {"role": "assistant", "content": text}
    output: dict[str, Any] = {"choices": [{"finish_reason": finish, "message": message}]}
    if found is not None:
        output["search_info"] = {"search_results": found}
    body = {"output": output, "usage": {"input_tokens": 5, "output_tokens": 1}, "request_id": "r"}
    return b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:" + json.dumps(body).encode() + b"\n\n"


async def test_sources_come_first_and_stay_with_the_answer(
    page: Socket, upstream: NativeUpstream
) -> None:
    gate = Gate()
    upstream.script(
        Reply([frame("", found=FOUND), gate, frame("Forty [ref_1]."), frame("", finish="stop")])
    )
    ack = await page.ask("How many?", options={**TEXT, "search": True})
    event = await page.until("sources")
    assert [source["url"] for source in event["sources"]] == [one["url"] for one in FOUND]
    gate.open()
    end = await page.until("end")
    assert end["text"] == "Forty [ref_1]."
    stored = await Message.objects.aget(id=ack["messages"][1]["id"])
    assert [source["title"] for source in stored.sources] == ["Forty medals", "Paris"]
    sent = upstream.requests[0]
    assert sent.path == "/api/v1/services/aigc/text-generation/generation"
    assert sent.json["parameters"]["enable_search"] is True
    assert sent.json["parameters"]["search_options"] == {
        "enable_source": True,
        "enable_citation": True,
        "citation_format": "[ref_<number>]",
        "prepend_search_result": True,
    }


async def test_marks_become_links_where_the_page_is_html(
    page: Socket, upstream: NativeUpstream
) -> None:
    upstream.script(
        Reply(
            [
                frame("", found=FOUND),
                frame("Forty [ref_1] and `[ref_2]`."),
                frame("", finish="stop"),
            ]
        )
    )
    ack = await page.ask("How many?", options={"search": True})
    message = ack["messages"][1]["id"]
    event = await page.until("sources")
    assert f"s-{message}-1" in event["html"]
    end = await page.until("end")
    assert f'href="#s-{message}-1"' in end["html"]
    assert "<code>[ref_2]</code>" in end["html"]
    assert f'href="#s-{message}-1"' in page.shown(message, format="html")


async def test_what_a_person_wants_of_the_search_is_sent(
    page: Socket, upstream: NativeUpstream
) -> None:
    upstream.script(Reply([frame("Hi", finish="stop")]))
    wanted = {"forced_search": True, "freshness": 7, "assigned_site_list": ["example.org"]}
    await page.ask("How many?", options={**TEXT, "search": wanted})
    await page.until("end")
    options = upstream.requests[0].json["parameters"]["search_options"]
    assert options["freshness"] == 7
    assert options["forced_search"] is True
    assert options["enable_source"] is True


async def test_the_compatible_endpoint_gets_the_vendors_sample(
    page: Socket, upstream: NativeUpstream
) -> None:
    await page.ask(
        "中国队在巴黎奥运会获得了多少枚金牌",
        options={**TEXT, "search": True, "protocol": "compatible"},
    )
    await page.until("end")
    body = upstream.requests[0].json
    assert body["enable_search"] is True
    assert "search_options" not in body


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"search": {"freshness": 8}}, "options.search"),
        ({"search": {"nonsense": 1}}, "options.search"),
        ({"search": True, "model": "qwen-long"}, "options.search"),
        ({"search": "yes"}, "options.search"),
    ],
)
async def test_a_search_that_cannot_be_is_refused(
    page: Socket, upstream: NativeUpstream, options: dict[str, Any], field: str
) -> None:
    await page.say(
        "send", request="r", conversation=None, parent=None, text="?", options={**TEXT, **options}
    )
    refusal = await page.until("error")
    assert (refusal["code"], refusal["field"]) == ("invalid", field)
