"""The official SDK against the sandbox: answers, thinking, and errors as its exceptions."""

from __future__ import annotations

import openai
import pytest


def messages(text):
    return [{"role": "user", "content": text}]


def test_an_answer_comes_in_one_piece(client):
    answer = client.chat.completions.create(model="qwen-plus", messages=messages("Hello there"))
    choice = answer.choices[0]
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert "qwenchat sandbox" in choice.message.content
    assert "**2 words**" in choice.message.content
    assert answer.model == "qwen-plus"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens == 0


def test_a_streamed_answer_is_the_same_text(client):
    question = messages("Tell me about branches in 150 words")
    whole = client.chat.completions.create(model="qwen-plus", messages=question)
    chunks = list(
        client.chat.completions.create(
            model="qwen-plus",
            messages=question,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_usage_is_told_only_when_asked_for(client):
    stream = client.chat.completions.create(
        model="qwen-plus", messages=messages("Hello"), stream=True
    )
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


def test_thinking_comes_before_the_answer(client):
    stream = client.chat.completions.create(
        model="qwen-plus",
        messages=messages("A table please"),
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"enable_thinking": True},
    )
    phases, reasoning, usage = [], "", None
    for chunk in stream:
        usage = chunk.usage or usage
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        thought = getattr(delta, "reasoning_content", None)
        if thought:
            reasoning += thought
        phases += ["thinking"] if thought else ["answer"] if delta.content else []
    assert phases == sorted(phases, reverse=True)
    assert {"thinking", "answer"} == set(phases)
    assert "a table" in reasoning
    assert usage.completion_tokens_details.reasoning_tokens == phases.count("thinking")
    assert usage.completion_tokens == len(phases)


def test_models_think_by_default_as_the_catalogue_says(client):
    def thoughts(model, **extra):
        answer = client.chat.completions.create(
            model=model, messages=messages("Hello"), extra_body=extra
        )
        return getattr(answer.choices[0].message, "reasoning_content", None)

    assert thoughts("qwen3.6-plus")
    assert thoughts("qwen3.6-plus", enable_thinking=False) is None
    assert thoughts("qwen-plus") is None
    assert thoughts("qwen-plus", enable_thinking=True)


def test_a_thinking_budget_cuts_the_thoughts(client):
    answer = client.chat.completions.create(
        model="qwen-plus",
        messages=messages("Think hard about this"),
        extra_body={"enable_thinking": True, "thinking_budget": 7},
    )
    assert answer.usage.completion_tokens_details.reasoning_tokens == 7
    assert answer.choices[0].finish_reason == "stop"


def test_models_are_listed(client):
    listed = [model.id for model in client.models.list()]
    assert "qwen-plus" in listed
    assert listed == sorted(listed)


def test_max_tokens_cuts_the_answer(client):
    answer = client.chat.completions.create(
        model="qwen-plus", messages=messages("500 words"), max_tokens=10
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 10


def test_max_completion_tokens_counts_the_thinking_too(client):
    answer = client.chat.completions.create(
        model="qwen3.6-plus", messages=messages("Hello"), max_completion_tokens=5
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == ""
    assert answer.usage.completion_tokens_details.reasoning_tokens == 5


def test_stop_sequences_end_the_answer_before_them(client):
    question = messages("a table")
    whole = client.chat.completions.create(model="qwen-plus", messages=question)
    text = whole.choices[0].message.content
    cut = client.chat.completions.create(
        model="qwen-plus", messages=question, stop=["never in it", "| :---"]
    )
    # The options are told in the answer, so only what precedes them can be compared.
    assert cut.choices[0].message.content == text.split("| :---")[0]
    assert cut.choices[0].finish_reason == "stop"


def test_n_answers_come_when_asked_for(client):
    answer = client.chat.completions.create(model="qwen-plus", messages=messages("Hi"), n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_json_mode_gives_json(client):
    import json

    answer = client.chat.completions.create(
        model="qwen-plus",
        messages=messages("Count this, as json"),
        response_format={"type": "json_object"},
    )
    assert json.loads(answer.choices[0].message.content)["words"] == 4


def test_a_prompt_read_before_counts_as_cached(client):
    long = [*messages("remember " * 300), {"role": "assistant", "content": "I will."}]
    first = client.chat.completions.create(
        model="qwen-plus", messages=[*long, *messages("What was it?")]
    )
    second = client.chat.completions.create(
        model="qwen-plus", messages=[*long, *messages("And again?")]
    )
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    cached = second.usage.prompt_tokens_details.cached_tokens
    assert 300 <= cached < second.usage.prompt_tokens


@pytest.mark.parametrize(
    ("command", "exception"),
    [
        ("error 400", openai.BadRequestError),
        ("error 401", openai.AuthenticationError),
        ("error 403", openai.PermissionDeniedError),
        ("error 404", openai.NotFoundError),
        ("error 429", openai.RateLimitError),
        ("error 503", openai.InternalServerError),
        ("arrears", openai.BadRequestError),
        ("quota", openai.RateLimitError),
        ("moderation input", openai.BadRequestError),
    ],
)
def test_refusals_are_the_sdk_s_own_exceptions(client, command, exception):
    for stream in (False, True):
        with pytest.raises(exception):
            client.chat.completions.create(
                model="qwen-plus", messages=messages(f"/sandbox {command}"), stream=stream
            )


def test_a_wrong_key_is_an_authentication_error(sandbox):
    with (
        openai.OpenAI(base_url=sandbox.base_url, api_key="sk-invalid-1", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.chat.completions.create(model="qwen-plus", messages=messages("Hello"))
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id


def test_moderation_in_mid_stream_is_an_error(client):
    stream = client.chat.completions.create(
        model="qwen-plus", messages=messages("/sandbox moderation\n200 words"), stream=True
    )
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            text += chunk.choices[0].delta.content
    assert text
    assert caught.value.code == "data_inspection_failed"
