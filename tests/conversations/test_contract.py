"""The agreed requests about tools and searching, as the application sends them for a page's command.

What a page asks always streams, with its usage, and hybrid models are told whether to think: those fields
come on top, and nothing else does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conversations.generation import toolkit
from qwenchat.tools.declaring import tool

if TYPE_CHECKING:
    from .conftest import ChatUpstream, Socket

SEED = json.loads(
    (Path(__file__).parents[1] / "contract" / "seed-requests.json").read_text(encoding="utf-8")
)
AGREED = {case["name"]: case["requests"][-1] for case in SEED}
STREAMED = {"stream": True, "stream_options": {"include_usage": True}, "enable_thinking": False}
NATIVE = {"result_format": "message", "incremental_output": True, "enable_thinking": False}
NATIVE_PATH = "/api/v1/services/aigc/text-generation/generation"


@tool
def get_current_time() -> str:
    """当你想知道现在的时间时非常有用。"""
    return "12:00"


@tool
def get_current_weather(location: str) -> str:
    """当你想查询指定城市的天气时非常有用。

    location: 城市或县区,比如北京市、杭州市、余杭区等。
    """
    return f"{location}: 18"


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {each.name: each for each in (get_current_time, get_current_weather)}
    monkeypatch.setattr(toolkit, "offered", lambda names: [known[n] for n in names if n in known])


def options(case: str, protocol: str) -> dict[str, Any]:
    """What a person chooses for it to be asked."""
    agreed = AGREED[case]["json"]
    chosen: dict[str, Any] = {"model": agreed["model"], "format": "text", "protocol": protocol}
    if case == "tools":
        return chosen | {"tools": [each["function"]["name"] for each in agreed["tools"]]}
    return chosen | {"search": True, "system": agreed["messages"][0]["content"]}


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


async def sent(page: Socket, upstream: ChatUpstream, case: str, protocol: str) -> Any:
    question = AGREED[case]["json"]["messages"][-1]["content"]
    await page.ask(question, options=options(case, protocol))
    await page.until("end")
    return upstream.requests[0]


# The vendor's two sentences have no system prompt, so ours is switched off.
@pytest.mark.parametrize("case", ["tools", "search"])
async def test_the_compatible_protocol_is_asked_as_agreed(
    page: Socket, upstream: ChatUpstream, settings: Any, case: str
) -> None:
    settings.QWENCHAT_SYSTEM_PROMPT = ""
    received = await sent(page, upstream, case, "compatible")
    agreed = AGREED[case]
    assert (received.method, received.path) == (agreed["method"], agreed["path"])
    assert received.headers["content-type"] == agreed["content_type"]
    assert received.headers["authorization"].split(" ")[0] == agreed["authorization"]
    extra = STREAMED | ({"parallel_tool_calls": True} if case == "tools" else {})
    assert as_bytes(received.json) == as_bytes(agreed["json"] | extra)


@pytest.mark.parametrize("case", ["tools", "search"])
async def test_the_services_own_protocol_is_asked_the_same(
    page: Socket, upstream: ChatUpstream, settings: Any, case: str
) -> None:
    settings.QWENCHAT_SYSTEM_PROMPT = ""
    received = await sent(page, upstream, case, "native")
    agreed = dict(AGREED[case]["json"])
    assert (received.method, received.path) == ("POST", NATIVE_PATH)
    assert received.headers["x-dashscope-sse"] == "enable"
    parameters = NATIVE | {key: agreed[key] for key in agreed if key not in ("model", "messages")}
    if case == "tools":
        parameters["parallel_tool_calls"] = True
    else:
        parameters["search_options"] = {
            "enable_source": True,
            "enable_citation": True,
            "citation_format": "[ref_<number>]",
            "prepend_search_result": True,
        }
    wanted = {"model": agreed["model"], "input": {"messages": agreed["messages"]}}
    assert as_bytes(received.json) == as_bytes(wanted | {"parameters": parameters})
