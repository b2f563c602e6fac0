"""What the service's own SDK and OpenAI's send for the same wish, over sockets, beside ours."""

from __future__ import annotations

import asyncio
import json
import warnings

import openai
import pytest

from qwenchat.dashscope import Client
from qwenchat.dashscope.payloads import chat, image_part, native_ocr, text_part, user
from tests.dashscope.conftest import KEY, collect, form_of, native_frame
from tests.upstream import Reply, ThreadedUpstream, json_reply

USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
FRAME = native_frame({"role": "assistant", "content": "x"}, finish="stop", usage=USAGE)
PICTURE = "https://example.org/a.jpg"
OPTIONS = {"enable_source": True, "enable_citation": True, "citation_format": "[ref_<number>]"}

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Now", "parameters": {"type": "object"}},
}


@pytest.fixture
def up():
    with ThreadedUpstream() as upstream:
        yield upstream


@pytest.fixture
def sdk(up, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip("dashscope")
    own = up.base_url.replace("/compatible-mode/v1", "/api/v1")
    monkeypatch.setattr(found, "base_http_api_url", own)
    return found


def ours(up, ask):
    async def run():
        client = Client(up.base_url, KEY)
        try:
            await ask(client)
        finally:
            await client.aclose()

    asyncio.run(run())


def alike(theirs, ours):
    """Compare two requests in all that the service looks at."""
    for header in ("x-dashscope-sse", "authorization"):
        assert theirs.headers.get(header) == ours.headers.get(header)
    assert (theirs.method, theirs.path) == (ours.method, ours.path)
    assert theirs.json == ours.json


def test_a_streamed_search_is_asked_for_as_the_services_sdk_does(up, sdk):
    up.script(Reply([FRAME]), Reply([FRAME]))
    said = [user("Medals?")]
    frames = list(
        sdk.Generation.call(
            model="qwen-plus",
            api_key=KEY,
            messages=said,
            result_format="message",
            stream=True,
            incremental_output=True,
            enable_search=True,
            search_options=OPTIONS,
        )
    )
    assert frames[0].output.choices[0].message.content == "x"
    body = chat(
        "qwen-plus", said, stream=True, enable_search=True, search_options=OPTIONS, native=True
    )
    ours(up, lambda client: collect(client, body, native=True))
    alike(*up.requests)


def test_a_task_of_ocr_is_asked_as_the_services_sdk_does(up, sdk):
    message = {"role": "assistant", "content": [{"text": "x"}]}
    reply = {"output": {"choices": [{"finish_reason": "stop", "message": message}]}}
    up.script(json_reply({**reply, "usage": USAGE}), json_reply({**reply, "usage": USAGE}))
    schema = {"Date": "YYYY-MM-DD"}
    part = {"image": PICTURE, "min_pixels": 3072, "max_pixels": 8_388_608, "enable_rotate": True}
    sdk.MultiModalConversation.call(
        model="qwen-vl-ocr-latest",
        api_key=KEY,
        messages=[{"role": "user", "content": [part]}],
        ocr_options={
            "task": "key_information_extraction",
            "task_config": {"result_schema": schema},
        },
    )
    body = native_ocr(
        "qwen-vl-ocr-latest",
        PICTURE,
        task="key_information_extraction",
        schema=schema,
        min_pixels=3072,
        max_pixels=8_388_608,
        rotate=True,
    )
    ours(up, lambda client: client.complete(body, native=True))
    alike(*up.requests)


def test_a_file_is_uploaded_as_openais_sdk_does(up, tmp_path):
    row = {"id": "file-fe-1", "object": "file", "bytes": 4, "created_at": 1, "filename": "a.txt"}
    reply = {**row, "purpose": "file-extract", "status": "processed"}
    up.script(json_reply(reply), json_reply(reply))
    path = tmp_path / "a.txt"
    path.write_bytes(b"text")
    with openai.OpenAI(base_url=up.base_url, api_key=KEY, max_retries=0) as other:
        other.files.create(file=path, purpose="file-extract")
    ours(up, lambda client: client.upload_file(path, "a.txt"))
    theirs, mine = up.requests
    assert (theirs.method, theirs.path) == (mine.method, mine.path)
    assert sorted(form_of(theirs), key=str) == sorted(form_of(mine), key=str)


def test_a_picture_and_a_tool_are_sent_as_openais_sdk_does(up):
    said = [user([image_part(PICTURE), text_part("?")])]
    tools = chat("qwen3-vl-plus", [user("x")], tools=[WEATHER])["tools"]
    with openai.OpenAI(base_url=up.base_url, api_key=KEY, max_retries=0) as other:
        other.chat.completions.create(
            model="qwen3-vl-plus", messages=said, tools=tools, tool_choice="auto"
        )
    body = chat("qwen3-vl-plus", said, tools=tools, tool_choice="auto")
    ours(up, lambda client: client.complete(body))
    theirs, mine = up.requests
    assert json.dumps(theirs.json, sort_keys=True) == json.dumps(mine.json, sort_keys=True)
