"""The requests that were agreed on, what the builders give, and what a client really sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwenchat.dashscope.payloads import (
    chat,
    file_messages,
    frames_part,
    function_tool,
    image_part,
    native,
    ocr,
    system,
    text_part,
    user,
)
from tests.dashscope.conftest import collect, form_of
from tests.upstream import completion, json_reply

SEED = json.loads(
    (Path(__file__).parents[1] / "contract" / "seed-requests.json").read_text(encoding="utf-8")
)
AGREED = {case["name"]: case["requests"][-1] for case in SEED}
UPLOAD = next(case["requests"][0] for case in SEED if case["name"] == "document")

HELPFUL = system("You are a helpful assistant.")
DOG = "https://dashscope.oss-cn-beijing.aliyuncs.com/images/dog_and_girl.jpeg"
RECEIPT = (
    "https://help-static-aliyun-doc.aliyuncs.com/file-manage-files/zh-CN/20241108/ctdzex/"
    "biaozhun.jpg"
)
FRAMES = [
    f"https://img.alicdn.com/imgextra/{name}-tps-3840-2160.jpg"
    for name in (
        "i3/O1CN01K3SgGo1eqmlUgeE9b_!!6000000003923-0",
        "i4/O1CN01BjZvwg1Y23CF5qIRB_!!6000000003000-0",
        "i4/O1CN01Ib0clU27vTgBdbVLQ_!!6000000007859-0",
        "i1/O1CN01aygPLW1s3EXCdSN4X_!!6000000005710-0",
    )
]
WEATHER = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "description": "城市或县区,比如北京市、杭州市、余杭区等。"}
    },
    "required": ["location"],
}
ABOUT_THE_FILE = [*file_messages(["file-fe-xxx"]), user("这篇文章讲了什么?")]

BUILT = {
    "text": chat("qwen-plus", [HELPFUL, user("你是谁?")]),
    "stream": chat("qwen-plus", [HELPFUL, user("你是谁?")], stream=True, include_usage=True),
    "async": chat("qwen-plus", [user("你是谁")]),
    "image": chat("qwen-vl-plus", [user([text_part("这是什么"), image_part(DOG)])]),
    "video": chat(
        "qwen-vl-max-latest", [user([frames_part(FRAMES), text_part("描述这个视频的具体过程")])]
    ),
    "tools": chat(
        "qwen-plus",
        [user("杭州天气怎么样")],
        tools=[
            function_tool("get_current_time", "当你想知道现在的时间时非常有用。"),
            function_tool("get_current_weather", "当你想查询指定城市的天气时非常有用。", WEATHER),
        ],
    ),
    "search": chat(
        "qwen-plus", [HELPFUL, user("中国队在巴黎奥运会获得了多少枚金牌")], enable_search=True
    ),
    "document": chat("qwen-long", ABOUT_THE_FILE),
    "document-native": native(chat("qwen-long", ABOUT_THE_FILE)),
    "ocr": ocr(
        "qwen-vl-ocr",
        RECEIPT,
        prompt="Read all the text in the image.",
        min_pixels=3136,
        max_pixels=1003520,
    ),
}


def normalised(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def test_every_agreed_request_is_built():
    assert set(BUILT) == set(AGREED)


@pytest.mark.parametrize("name", BUILT)
def test_the_builders_give_the_agreed_bodies(name):
    assert normalised(BUILT[name]) == normalised(AGREED[name]["json"])


@pytest.mark.parametrize("name", BUILT)
async def test_the_client_sends_the_agreed_requests(up, client, name):
    body, is_native = BUILT[name], name.endswith("-native")
    if body.get("stream"):
        await collect(client, body)
    else:
        if is_native:
            message = {"role": "assistant", "content": "Hello there."}
            choices = [{"finish_reason": "stop", "message": message}]
            up.script(json_reply({"output": {"choices": choices}, "request_id": "r"}))
        else:
            up.script(json_reply(completion(model=body["model"])))
        assert (await client.complete(body, native=is_native)).text == "Hello there."
    sent, agreed = up.requests[0], AGREED[name]
    assert (sent.method, sent.path) == (agreed["method"], agreed["path"])
    assert client.path_of(body, native=is_native) == agreed["path"]
    assert sent.headers["authorization"].split(" ")[0] == agreed["authorization"]
    assert sent.headers["content-type"] == agreed["content_type"]
    assert normalised(sent.json) == normalised(agreed["json"])


async def test_the_client_uploads_a_document_as_agreed(up, client, tmp_path):
    source = tmp_path / "stored"
    source.write_bytes(b"%PDF-1.7 \x00\xff\r\n--")
    up.script(json_reply({"id": "file-fe-xxx", "object": "file", "status": "processed"}))
    info = await client.upload_file(source, "报告.pdf")
    assert info.id == "file-fe-xxx"
    sent = up.requests[0]
    assert (sent.method, sent.path) == (UPLOAD["method"], UPLOAD["path"])
    assert sent.headers["authorization"].split(" ")[0] == UPLOAD["authorization"]
    assert sent.headers["content-type"].split(";")[0] == UPLOAD["content_type"]
    parts = form_of(sent)
    assert [name for name, _, _ in parts] == UPLOAD["parts"]
    assert parts[0][1:] == ("报告.pdf", b"%PDF-1.7 \x00\xff\r\n--")
    assert parts[1] == ("purpose", None, UPLOAD["purpose"].encode())
