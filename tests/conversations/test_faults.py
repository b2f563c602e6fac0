"""What a faulty model service does to an answer: the right status, what came is kept, and a way on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations import service
from conversations.models import Message
from qwenchat.dashscope import Client, Timeouts
from tests.upstream import (
    Close,
    Hang,
    Reply,
    Reset,
    answer,
    chunk,
    completion,
    error_reply,
    json_reply,
    sse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.upstream import Upstream

    from .conftest import Socket

TEXT = {"format": "text"}
HTML_PAGE = Reply([b"<html><body>Bad gateway</body></html>"], 200, {"Content-Type": "text/html"})
MODERATION = sse(
    {
        "error": {
            "code": "data_inspection_failed",
            "message": "Output data may contain inappropriate content.",
        }
    }
)


@pytest.fixture
async def impatient(
    page: Socket, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A client that gives up soon and does not wait between tries."""
    client = Client(
        upstream.base_url,
        "sk-test",
        timeouts=Timeouts(first_data_s=0.3, gap_s=0.3, total_s=5),
        max_attempts=1,
    )
    monkeypatch.setattr(service, "_client", client)
    yield


FAULTS = [
    (
        "400",
        [error_reply(400, "invalid_parameter_error", "Range of top_p")],
        "failed",
        "upstream_invalid_request",
    ),
    ("401", [error_reply(401, "invalid_api_key", "Incorrect API key")], "failed", "upstream_auth"),
    (
        "arrears",
        [error_reply(400, "Arrearage", "Access denied, account")],
        "failed",
        "upstream_arrears",
    ),
    (
        "403",
        [error_reply(403, "AccessDenied.Unpurchased", "Access to model denied.")],
        "failed",
        None,
    ),
    ("404", [error_reply(404, "model_not_found", "Model not exist.")], "failed", "model_not_found"),
    (
        "context",
        [error_reply(400, "invalid_parameter_error", "Range of input length should be [1, 30720]")],
        "failed",
        "context_too_long",
    ),
    ("429", [error_reply(429, "limit_requests", "slow down")], "failed", "upstream_rate_limited"),
    (
        "429 wait",
        [error_reply(429, "limit_requests", "slow down", retry_after="77")],
        "failed",
        "upstream_rate_limited",
    ),
    ("500", [error_reply(500, "internal_error", "oops")], "failed", "upstream_unavailable"),
    ("503", [error_reply(503, "ModelUnavailable", "overload")], "failed", "upstream_unavailable"),
    ("reset before", [Reply([Reset()], status=None)], "failed", "upstream_unavailable"),
    ("html", [HTML_PAGE], "failed", "upstream_protocol"),
    ("empty body", [Reply([])], "failed", "upstream_protocol"),
    ("empty answer", [Reply(answer([]))], "failed", "upstream_protocol"),
    ("only thinking", [Reply(answer([], reasoning=["hm"]))], "failed", "upstream_protocol"),
    ("bad json", [Reply([b"data: {nonsense\n\n" * 3])], "failed", "upstream_protocol"),
    ("stall before", [Reply([Hang()])], "failed", "upstream_timeout"),
    ("moderated", [Reply([MODERATION])], "failed", "content_filtered"),
]
CUTS = [
    ("reset", [Reset()], None),
    ("closed", [Close()], None),
    ("stall", [Hang()], "upstream_timeout"),
    ("moderated", [MODERATION], "content_filtered"),
    (
        "error in the stream",
        [sse({"code": "InternalError", "message": "x", "request_id": "r"})],
        "upstream_unavailable",
    ),
    ("end without a reason", [], "upstream_protocol"),
]


@pytest.mark.parametrize(
    ("replies", "status", "code"),
    [fault[1:] for fault in FAULTS],
    ids=[fault[0] for fault in FAULTS],
)
async def test_a_fault_before_any_text_fails_with_a_way_on(
    page: Socket,
    impatient: None,
    upstream: Upstream,
    replies: list[Reply],
    status: str,
    code: str | None,
) -> None:
    upstream.script(*replies)
    ack = await page.ask("Hello", options=TEXT)
    end = await page.until("end")
    assert end["status"] == status
    assert end["text"] == ""
    assert code is None or end["error"]["code"] == code
    assert end["error"]["message"]
    assert (await Message.objects.aget(id=ack["messages"][0]["id"])).text == "Hello"
    await page.say("regenerate", request="retry", message=ack["messages"][1]["id"], options=TEXT)
    assert (await page.until("end"))["status"] == "complete"


@pytest.mark.parametrize(("steps", "code"), [cut[1:] for cut in CUTS], ids=[cut[0] for cut in CUTS])
async def test_a_fault_after_some_text_keeps_it_and_can_be_continued(
    page: Socket, impatient: None, upstream: Upstream, steps: list[Any], code: str | None
) -> None:
    upstream.script(Reply([*answer("One two")[:3], *steps]), Reply(answer(" three")))
    ack = await page.ask("Count", options=TEXT)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("interrupted", "One two")
    assert end["error"] is not None
    assert code is None or end["error"]["code"] == code
    await page.say("continue", request="c", message=ack["messages"][1]["id"], options=TEXT)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "One two three")


async def test_the_wait_that_the_service_asks_for_is_passed_on(
    page: Socket, impatient: None, upstream: Upstream
) -> None:
    upstream.script(error_reply(429, "limit_requests", "slow down", retry_after="77"))
    await page.ask("Hello", options=TEXT)
    error = (await page.until("end"))["error"]
    assert (error["retry_after"], error["retryable"]) == (77, True)
    assert "77" in error["message"]


async def test_a_whole_json_answer_instead_of_a_stream_is_used(
    page: Socket, upstream: Upstream
) -> None:
    upstream.script(json_reply(completion("All at once.")))
    await page.ask("Hello", options=TEXT)
    end = await page.until("end")
    assert (end["status"], end["text"]) == ("complete", "All at once.")


async def test_an_answer_that_never_ends_is_bounded(
    page: Socket, upstream: Upstream, settings: Any
) -> None:
    from .conftest import limits

    settings.LIMITS = limits(settings, answer_bytes=1000)
    endless = (sse(chunk({"content": "x" * 50})) for _ in range(100_000))
    upstream.script(Reply(endless))
    ack = await page.ask("Hello", options=TEXT)
    end = await page.until("end")
    assert (end["status"], end["finish_reason"]) == ("complete", "length")
    assert 1000 <= len(end["text"]) < 70_000
    await upstream.requests[0].closed.wait()
    assert (await Message.objects.aget(id=ack["messages"][1]["id"])).can_continue


async def test_an_answer_cut_at_its_length_can_be_continued(
    page: Socket, upstream: Upstream
) -> None:
    upstream.script(Reply(answer("One", finish="length")), Reply(answer(" two")))
    ack = await page.ask("Count", options=TEXT)
    end = await page.until("end")
    assert (end["status"], end["finish_reason"]) == ("complete", "length")
    await page.say("continue", request="c", message=ack["messages"][1]["id"], options=TEXT)
    assert (await page.until("end"))["text"] == "One two"


async def test_what_the_service_said_is_kept_for_the_log_and_not_shown(
    page: Socket, impatient: None, upstream: Upstream
) -> None:
    upstream.script(error_reply(401, "invalid_api_key", "Incorrect key sk-abcdef123456 provided"))
    ack = await page.ask("Hello", options=TEXT)
    end = await page.until("end")
    assert "sk-abcdef" not in str(end)
    message = await Message.objects.aget(id=ack["messages"][1]["id"])
    round_ = await message.rounds.aget()
    assert round_.error_code == "upstream_auth"
    assert "sk-abcdef" not in round_.error_detail
