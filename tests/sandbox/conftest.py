"""One sandbox process for all tests of this folder, at full speed."""

from __future__ import annotations

import time

import httpx
import openai
import pytest

from qwenchat.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox():
    with SandboxProcess(rate=0, reading=0.2) as process:
        yield process


@pytest.fixture
def client(sandbox):
    """The official SDK, as its users set it up."""
    with openai.OpenAI(
        base_url=sandbox.base_url, api_key=sandbox.api_key, max_retries=0, timeout=30
    ) as client:
        yield client


@pytest.fixture
def http(sandbox):
    """A plain HTTP client with the key, for what the SDK hides."""
    headers = {"authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.base_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def ready(client):
    """`ready(file_id)`: the file, once questions may name it."""

    def wait(file_id):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                client.chat.completions.create(
                    model="qwen-long",
                    messages=[
                        {"role": "system", "content": f"fileid://{file_id}"},
                        {"role": "user", "content": "?"},
                    ],
                )
            except openai.BadRequestError as error:
                if "in progress" in error.message:
                    continue
            return client.files.retrieve(file_id)
        raise AssertionError("still being read")

    return wait


@pytest.fixture
def post(http):
    """`post(field=value, ...)`: a chat request that is right but for what is given."""

    def post(**fields):
        body = {"model": "qwen-plus", "messages": [{"role": "user", "content": "Hello"}]}
        body |= fields
        return http.post("/chat/completions", json=body)

    return post
