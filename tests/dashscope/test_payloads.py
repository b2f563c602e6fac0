from __future__ import annotations

import pytest

from qwenchat.dashscope.payloads import FieldError, assistant, chat, system, thinking_for, user

HI = [user("hi")]
JSON = [system("Answer in JSON."), user("hi")]


def test_what_is_not_set_is_not_sent():
    assert chat("qwen-plus", HI) == {"model": "qwen-plus", "messages": HI}


def test_everything_that_is_set_is_sent():
    body = chat(
        "qwen-plus", HI, stream=True, include_usage=True, thinking=True, thinking_budget=100,
        temperature=0, top_p=1, top_k=0, presence_penalty=-2, repetition_penalty=1.05,
        max_tokens=32_768, seed=0, stop=["a"], response_format={"type": "text"},
    )  # fmt: skip
    assert body == {
        "model": "qwen-plus",
        "messages": HI,
        "stream": True,
        "stream_options": {"include_usage": True},
        "enable_thinking": True,
        "thinking_budget": 100,
        "temperature": 0,
        "top_p": 1,
        "top_k": 0,
        "presence_penalty": -2,
        "repetition_penalty": 1.05,
        "max_tokens": 32_768,
        "seed": 0,
        "stop": ["a"],
        "response_format": {"type": "text"},
    }


def test_other_servers_get_standard_fields_only():
    messages = [user("hi"), assistant("Once", reasoning="Hm", partial=True)]
    body = chat(
        "qwen-plus", messages, dialect="openai", stream=True, include_usage=True, thinking=True,
        thinking_budget=10, reasoning_effort="low", top_k=3, repetition_penalty=1.1,
        temperature=2, max_tokens=1_000_000, seed=1,
    )  # fmt: skip
    assert body == {
        "model": "qwen-plus",
        "messages": [user("hi"), assistant("Once")],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 2,
        "max_tokens": 1_000_000,
        "seed": 1,
    }


REFUSED = [
    ("qwen-plus", "temperature", {"temperature": 2}),
    ("qwen-plus", "temperature", {"temperature": -0.1}),
    ("qwen-plus", "temperature", {"temperature": float("nan")}),
    ("qwen-plus", "temperature", {"temperature": True}),
    ("qwen-plus", "temperature", {"temperature": "1"}),
    ("qwen-plus", "top_p", {"top_p": 0}),
    ("qwen-plus", "top_p", {"top_p": 1.01}),
    ("qwen-plus", "top_k", {"top_k": -1}),
    ("qwen-plus", "top_k", {"top_k": 1.5}),
    ("qwen-plus", "presence_penalty", {"presence_penalty": 2.1}),
    ("qwen-plus", "repetition_penalty", {"repetition_penalty": 0}),
    ("qwen-plus", "max_tokens", {"max_tokens": 0}),
    ("qwen-plus", "max_tokens", {"max_tokens": 32_769}),
    ("qwen-plus-2025-12-01", "max_tokens", {"max_tokens": 32_769}),
    ("qwen-plus", "seed", {"seed": 2**31}),
    ("qwen-plus", "seed", {"seed": -1}),
    ("qwen-plus", "stop", {"stop": ""}),
    ("qwen-plus", "stop", {"stop": []}),
    ("qwen-plus", "stop", {"stop": ["a", 1]}),
    ("qwen-plus", "stop", {"stop": [1, [2]]}),
    ("qwen-plus", "stop", {"stop": {"a": 1}}),
    ("qwen-plus", "stream", {"stream": "yes"}),
    ("qwen-plus", "include_usage", {"include_usage": True}),
    ("qwen-plus", "frequency_penalty", {"frequency_penalty": 1}),
    ("qwen-plus", "thinking_budget", {"thinking_budget": 0, "thinking": True}),
    ("qwen-plus", "thinking_budget", {"thinking_budget": 9, "thinking": False}),
    ("qwen3.7-max", "thinking_budget", {"thinking_budget": 262_145}),
    ("qwen-max", "thinking", {"thinking": True}),
    ("qwen-max", "thinking_budget", {"thinking_budget": 9}),
    ("qwq-plus", "thinking", {"thinking": False, "stream": True}),
    ("qwq-plus", "stream", {}),
    ("qwen-plus", "reasoning_effort", {"reasoning_effort": "low"}),
    ("qwen3.8-max", "reasoning_effort", {"reasoning_effort": "extreme"}),
    ("qwen3.8-max", "reasoning_effort", {"reasoning_effort": "low", "thinking_budget": 9}),
    ("qwen-plus", "response_format", {"response_format": {"type": "json_object"}}),
    ("qwen-plus", "response_format", {"response_format": {"type": "xml"}}),
    ("qwen-plus", "response_format", {"response_format": {"type": "json_schema"}}),
    ("", "model", {}),
]


@pytest.mark.parametrize(("model", "field", "options"), REFUSED)
def test_what_the_model_refuses_is_refused_before_it_is_sent(model, field, options):
    with pytest.raises(FieldError) as caught:
        chat(model, HI, **options)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def test_the_limits_are_told():
    with pytest.raises(FieldError) as caught:
        chat("qwen-plus", HI, max_tokens=40_000)
    assert (caught.value.minimum, caught.value.maximum) == (1, 32_768)
    with pytest.raises(FieldError, match=r"2 is not in \[0, 2.0\)"):
        chat("qwen-plus", HI, temperature=2)


def test_no_messages_are_refused():
    with pytest.raises(FieldError, match="messages"):
        chat("qwen-plus", [])


def test_an_unknown_model_may_be_asked_anything_in_the_services_ranges():
    body = chat("qwen9-ultra", HI, thinking=True, thinking_budget=10**6, max_tokens=10**6)
    assert body["enable_thinking"] is True
    with pytest.raises(FieldError, match="temperature"):
        chat("qwen9-ultra", HI, temperature=2)


@pytest.mark.parametrize("stop", ["x", ["x", "y"], [1, 2], [[1, 2], [3]]])
def test_all_shapes_of_stop_are_sent_as_they_are(stop):
    assert chat("qwen-plus", HI, stop=stop)["stop"] == stop


def test_json_mode_needs_the_word_and_no_thinking():
    wanted = {"type": "json_object"}
    assert chat("qwen-plus", JSON, response_format=wanted)["response_format"] == wanted
    parts = [{"role": "user", "content": [{"type": "text", "text": "as json"}]}]
    assert chat("qwen3-vl-plus", parts, response_format=wanted)["response_format"] == wanted
    with pytest.raises(FieldError, match="think"):
        chat("qwen-plus", JSON, response_format=wanted, thinking=True)
    for habit in ("qwen3.7-plus", "qwen3-235b-a22b-thinking-2507"):
        with pytest.raises(FieldError, match="think"):
            chat(habit, JSON, response_format=wanted, stream=True)
    other = chat("local", JSON, response_format=wanted, thinking=True, dialect="openai")
    assert other["response_format"] == wanted


def test_a_schema_goes_only_to_models_that_follow_one():
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}
    body = chat("qwen3.7-plus", HI, response_format=wanted, thinking=False)
    assert body["response_format"] == wanted
    with pytest.raises(FieldError, match="think"):
        chat("qwen3.7-plus", HI, response_format=wanted)
    with pytest.raises(FieldError, match="schema"):
        chat("qwen-plus", HI, response_format=wanted)


def test_a_model_goes_on_from_its_own_beginning_only_without_thinking():
    begun = [*HI, assistant("Once", partial=True)]
    assert chat("qwen-plus", begun)["messages"][-1]["partial"] is True
    assert chat("qwen3.7-plus", begun, thinking=False)["enable_thinking"] is False
    refused = [
        ("qwen-plus", {"thinking": True}),
        ("qwen3.7-plus", {}),
        ("qwq-plus", {"stream": True}),
        ("qwen-vl-ocr", {}),
    ]
    for model, options in refused:
        with pytest.raises(FieldError, match="partial"):
            chat(model, begun, **options)
    with pytest.raises(FieldError, match="partial"):
        chat("qwen-plus", [{"role": "user", "content": "x", "partial": True}])


@pytest.mark.parametrize(
    ("model", "wanted", "sent"),
    [
        ("qwen-plus", None, False),
        ("qwen-plus", True, True),
        ("qwen3.7-plus", None, True),
        ("qwen3.7-plus", False, False),
        ("qwen3.7-plus-2026-06-01", None, True),
        ("qwen-max", True, None),
        ("qwq-plus", False, None),
        ("unheard-of", True, None),
    ],
)
def test_thinking_is_said_to_those_who_have_a_choice(model, wanted, sent):
    assert thinking_for(model, wanted) is sent


def test_always_thinking_models_are_not_even_told_to():
    assert "enable_thinking" not in chat("qwq-plus", HI, stream=True, thinking=True)
    assert "enable_thinking" not in chat("qwen-max", HI, thinking=False)


def test_the_callers_messages_are_left_as_they_are():
    message = user("hi")
    chat("qwen-plus", [message])["messages"][0]["content"] = "changed"
    assert message == {"role": "user", "content": "hi"}


def test_reasoning_is_kept_in_an_assistants_message():
    assert assistant("a", reasoning="r") == {
        "role": "assistant",
        "content": "a",
        "reasoning_content": "r",
    }
