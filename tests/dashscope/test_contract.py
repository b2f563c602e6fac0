"""The requests that were agreed on, what the builders give, and what a client really sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwenchat.dashscope.payloads import chat, system, user
from tests.dashscope.conftest import collect

SEED = json.loads(
    (Path(__file__).parents[1] / "contract" / "seed-requests.json").read_text(encoding="utf-8")
)
AGREED = {case["name"]: case["requests"][0] for case in SEED}

HELPFUL = system("You are a helpful assistant.")
BUILT = {
    "text": chat("qwen-plus", [HELPFUL, user("你是谁?")]),
    "stream": chat("qwen-plus", [HELPFUL, user("你是谁?")], stream=True, include_usage=True),
    "async": chat("qwen-plus", [user("你是谁")]),
}


def normalised(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", BUILT)
def test_the_builders_give_the_agreed_bodies(name):
    assert normalised(BUILT[name]) == normalised(AGREED[name]["json"])


@pytest.mark.parametrize("name", BUILT)
async def test_the_client_sends_the_agreed_requests(up, client, name):
    if BUILT[name].get("stream"):
        await collect(client, BUILT[name])
    else:
        await client.complete(BUILT[name])
    sent, agreed = up.requests[0], AGREED[name]
    assert (sent.method, sent.path) == (agreed["method"], agreed["path"])
    assert sent.headers["authorization"].split(" ")[0] == agreed["authorization"]
    assert sent.headers["content-type"] == agreed["content_type"]
    assert normalised(sent.json) == normalised(agreed["json"])
