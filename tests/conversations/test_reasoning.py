"""Where a chain of thought goes, and where it never does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.test import Client as Browser

from conversations.generation import toolkit
from conversations.models import Message
from tests.upstream import Close, Reply, answer, chunk, sse

from .test_tools import _tools, calls  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from typing import Any

    from django.contrib.auth.models import User

    from .conftest import ChatUpstream, Socket

THOUGHT = "pondering"
TEXT = {"format": "text", "thinking": True}


@sync_to_async
def read(user: User, path: str) -> str:
    browser = Browser()
    browser.force_login(user)
    response = browser.get(path)
    assert response.status_code == 200
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


async def asked(page: Socket, upstream: ChatUpstream, **options: Any) -> tuple[str, str]:
    upstream.script(Reply(answer("Green.", reasoning=[f"{THOUGHT} hard"])))
    ack = await page.ask("Which colour?", options={**TEXT, **options})
    assert (await page.until("end"))["status"] == "complete"
    return ack["conversation"], ack["messages"][1]["id"]


async def test_it_is_in_no_title_no_copy_and_no_later_request(
    page: Socket, upstream: ChatUpstream, alice: User
) -> None:
    conversation, message = await asked(page, upstream)
    await page.until("conversation", lambda event: not event["conversation"]["generating"])
    assert THOUGHT in (await Message.objects.aget(id=message)).reasoning
    assert await read(alice, f"/messages/{message}/source/") == "Green."
    await page.ask("And now?", conversation=conversation, options=TEXT)
    await page.until("end")
    assert len(upstream.titles) == 1
    for received in [*upstream.titles, *upstream.requests]:
        assert THOUGHT not in json.dumps(received.json)


async def test_it_is_folded_away_in_a_page_and_left_out_of_markdown(
    page: Socket, upstream: ChatUpstream, alice: User
) -> None:
    conversation, _ = await asked(page, upstream)
    export = f"/c/{conversation}/export/?as="
    assert THOUGHT not in await read(alice, export + "markdown")
    html = await read(alice, export + "html")
    before, thought, _ = html.partition(THOUGHT)
    assert thought
    assert before.rindex("<details") > before.rindex("</details>") if "</details>" in before else 1
    assert "<details open" not in before
    found = json.loads(await read(alice, export + "json"))
    assert [each.get("reasoning", "") for each in found["messages"]] == ["", f"{THOUGHT} hard"]


async def test_no_search_finds_it(page: Socket, upstream: ChatUpstream, alice: User) -> None:
    conversation, _ = await asked(page, upstream)
    found = sync_to_async(toolkit.found)
    assert await found(alice.id, uuid4(), "green", 5)
    assert not await found(alice.id, uuid4(), THOUGHT, 5)
    assert conversation not in await read(alice, f"/conversations/?q={THOUGHT}")


async def test_what_goes_on_from_a_beginning_is_not_told_the_thought(
    page: Socket, upstream: ChatUpstream
) -> None:
    thought = chunk({"content": None, "reasoning_content": THOUGHT})
    begun = [sse(thought), sse(chunk({"content": "Gre"})), Close()]
    upstream.script(Reply(begun), Reply(answer("en.")))
    ack = await page.ask("Which colour?", options=TEXT)
    message = ack["messages"][1]["id"]
    assert (await page.until("end"))["status"] == "interrupted"
    await page.say("continue", request="c", message=message, options=TEXT)
    end = await page.until("end")
    assert end["text"] == "Green."
    assert upstream.requests[1].json["messages"][-1] == {
        "role": "assistant",
        "content": "Gre",
        "partial": True,
    }
    assert THOUGHT in (await Message.objects.aget(id=message)).reasoning


async def test_within_a_loop_of_tools_the_service_is_told(
    page: Socket, upstream: ChatUpstream
) -> None:
    """Qwen 3.5 leaks what it thinks when it is not told what it thought (dashscope-api §13.2)."""
    first = calls(("c1", "add", '{"a": 1, "b": 1}'))
    thought = sse(chunk({"content": None, "reasoning_content": THOUGHT}))
    upstream.script(Reply([thought, *first.chunks]), Reply(answer("Two.")))
    ack = await page.ask("Go", options={"format": "text", "tools": ["add"]})
    await page.until("end")
    said = upstream.requests[1].json["messages"][-2]
    assert said["reasoning_content"] == THOUGHT
    await page.ask("And?", conversation=ack["conversation"], options={"format": "text"})
    await page.until("end")
    assert THOUGHT not in json.dumps(upstream.requests[2].json)
