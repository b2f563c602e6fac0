"""The application and the sandbox, with real tools between them: calls in every shape, both protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conversations.models import Message, Round, ToolCall
from qwenchat.sandbox.process import SandboxProcess

from .conftest import Socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

QUESTION = "What time is it in Tokyo and London?"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(rate=0) as process:
        yield process


@pytest.fixture
async def chat(
    settings: Any, sandbox: SandboxProcess, server: None, alice_cookie: str
) -> AsyncIterator[Socket]:
    """A page whose model service is the sandbox."""
    settings.DASHSCOPE_BASE_URL = sandbox.base_url
    settings.DASHSCOPE_API_KEY = sandbox.api_key
    async with Socket(alice_cookie) as socket:
        yield socket


async def answered(chat: Socket, question: str, **options: Any) -> tuple[dict[str, Any], str]:
    chosen = {"format": "text", "model": "qwen-plus", "tools": ["current_time"], **options}
    ack = await chat.ask(question, options=chosen)
    return await chat.until("end"), ack["messages"][1]["id"]


@pytest.mark.parametrize("shape", "ABCDEFGHIJ")
async def test_calls_of_every_shape_run_and_are_answered_with_their_results(
    chat: Socket, shape: str
) -> None:
    end, message = await answered(chat, f"{QUESTION}\n/sandbox shape {shape}")
    assert (end["status"], end["error"]) == ("complete", None)
    rows = [row async for row in ToolCall.objects.filter(message=message)]
    assert [row.status for row in rows] == ["done", "failed" if shape == "J" else "done"]
    assert '"Asia/Tokyo"' in end["text"]
    if shape == "J":
        assert rows[1].code == "repeated"
    else:
        assert '"Europe/London"' in end["text"]
    assert await Round.objects.filter(message=message).acount() == 2


@pytest.mark.parametrize(
    ("model", "shape"),
    [*(("qwen-plus", shape) for shape in "ABCDE"), ("qwen3.7-plus", "A"), ("qwen3-vl-plus", "B")],
)
async def test_the_services_own_protocol_runs_them_too(
    chat: Socket, model: str, shape: str
) -> None:
    """Models that see are asked at another path, where every message's content is a list."""
    question = f"{QUESTION}\n/sandbox shape {shape}"
    end, message = await answered(chat, question, protocol="native", model=model)
    assert (end["status"], end["error"]) == ("complete", None)
    assert await ToolCall.objects.filter(message=message, status="done").acount() == 2
    assert '"Europe/London"' in end["text"]


async def test_a_search_after_a_call_has_its_sources(chat: Socket) -> None:
    question = "What time is it in Tokyo? And what is the latest news?"
    end, message = await answered(chat, question, search=True)
    row = await Message.objects.aget(id=message)
    assert (end["status"], row.searched) == ("complete", True)
    assert [source["index"] for source in row.sources] == [1, 2, 3]
    assert "[ref_1]" in end["text"]
    assert '"Asia/Tokyo"' in end["text"]


async def test_a_model_that_thinks_by_habit_runs_a_loop(chat: Socket) -> None:
    end, message = await answered(chat, QUESTION, model="qwen3.7-plus")
    row = await Message.objects.aget(id=message)
    assert end["status"] == "complete"
    assert row.reasoning
    assert "</think>" not in row.text
    assert await ToolCall.objects.filter(message=message, status="done").acount() == 2
