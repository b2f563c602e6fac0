"""Everything the service refuses is refused, with its status and its words."""

from __future__ import annotations

import json

import pytest

from . import media

USER = {"role": "user", "content": "Hello"}
ALGO = "<400> InternalError.Algo.InvalidParameter: "
TOOL = {"type": "function", "function": {"name": "look", "parameters": {}}}
AS_JSON = {"role": "user", "content": "As JSON"}
JSON = {"type": "json_object"}
JSON_SCHEMA = {"type": "json_schema"}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
IMAGE = media.image_part()
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    ],
}

REFUSED = {
    "temperature too high": ({"temperature": 2}, "Temperature should be in [0.0, 2.0)"),
    "temperature negative": ({"temperature": -0.1}, "Temperature should be in [0.0, 2.0)"),
    "temperature no number": ({"temperature": "1"}, "'temperature' must be Float"),
    "top_p zero": ({"top_p": 0}, "Range of top_p should be (0.0, 1.0]"),
    "top_p above one": ({"top_p": 1.01}, "Range of top_p should be (0.0, 1.0]"),
    "top_k negative": ({"top_k": -1}, ALGO + "Parameter top_k be greater than or equal to 0"),
    "presence_penalty": ({"presence_penalty": 2.1}, "Presence_penalty should be in [-2.0, 2.0]"),
    "repetition_penalty": (
        {"repetition_penalty": 0},
        ALGO + "Repetition_penalty should be greater than 0.0",
    ),
    "n": ({"n": 5}, "Range of n should be [1, 4]"),
    "n with tools": ({"n": 2, "tools": [TOOL]}, "n should be 1 when tools are given"),
    "seed negative": ({"seed": -1}, "-1 is less than the minimum of 0 - 'seed'"),
    "seed too large": (
        {"seed": 2**31},
        "2147483648 is greater than the maximum of 2147483647 - 'seed'",
    ),
    "seed no integer": ({"seed": 1.5}, "1.5 is not of type 'integer' - 'seed'"),
    "max_tokens above the model": (
        {"max_tokens": 32769},
        "Range of max_tokens should be [1, 32768]",
    ),
    "max_tokens zero": ({"max_tokens": 0}, "Range of max_tokens should be [1, 32768]"),
    "stop mixed": ({"stop": ["a", 1]}, "'stop' must not mix strings and token ids"),
    "stream no boolean": ({"stream": "yes"}, "'yes' is not of type 'boolean' - 'stream'"),
    "stream_options without stream": (
        {"stream_options": {"include_usage": True}},
        "'stream_options' only set this when you set stream: true",
    ),
    "no messages": ({"messages": []}, "[] is too short - 'messages'"),
    "messages no list": ({"messages": "Hi"}, "'Hi' is not of type 'array' - 'messages'"),
    "developer role": (
        {"messages": [{"role": "developer", "content": "x"}, USER]},
        "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - "
        "'messages.[0].role'",
    ),
    "no content": (
        {"messages": [{"role": "user"}]},
        ALGO + "The content field is a required field.",
    ),
    "no user message": (
        {"messages": [{"role": "system", "content": "x"}]},
        ALGO + "The input messages do not contain elements with the role of user.",
    ),
    "an array for a text model": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        ALGO + "input content must be a string.",
    ),
    "an image for a text model": (
        {"messages": [{"role": "user", "content": [IMAGE]}]},
        ALGO + "The provided messages input is invalid. The error info is "
        "[Unexpected item type in content.]",
    ),
    "system message later": (
        {
            "model": "qwen3.6-plus",
            "messages": [USER, {"role": "system", "content": "x"}],
        },
        ALGO + "System message must be at the beginning.",
    ),
    "thinking of a model without": (
        {"model": "qwen-max", "enable_thinking": False},
        "The model qwen-max does not support enable_thinking.",
    ),
    "no thinking of a model that must": (
        {"model": "qwq-plus", "enable_thinking": False, "stream": True},
        ALGO + "The value of the enable_thinking parameter is restricted to True.",
    ),
    "a stream-only model at once": (
        {"model": "qvq-max"},
        "This model only support stream mode, please enable the stream parameter to access "
        "the model. ",
    ),
    "thinking_budget zero": (
        {"model": "qwen3.6-plus", "thinking_budget": 0},
        ALGO + "The thinking_budget parameter must be a positive integer and not greater than "
        "{max_thinking}",
    ),
    "thinking_budget and reasoning_effort": (
        {"model": "qwen3.6-plus", "thinking_budget": 1, "reasoning_effort": "low"},
        "thinking_budget and reasoning_effort cannot be set at the same time",
    ),
    "tool_choice unknown": (
        {"tools": [TOOL], "tool_choice": "any"},
        ALGO + 'tool_choice is one of the strings that should be ["none", "auto"]',
    ),
    "tool_choice required while thinking": (
        {"tools": [TOOL], "tool_choice": "required", "enable_thinking": True},
        ALGO + "The tool_choice parameter does not support being set to required or object in "
        "thinking mode",
    ),
    "a tool named search": (
        {"tools": [{"type": "function", "function": {"name": "search"}}]},
        ALGO + "Tool names are not allowed to be [search]",
    ),
    "a tool call without its answer": (
        {"messages": [USER, CALL, USER]},
        ALGO + 'An assistant message with "tool_calls" must be followed by tool messages '
        'responding to each "tool_call_id".',
    ),
    "a tool answer without its call": (
        {"messages": [USER, {"role": "tool", "content": "x", "tool_call_id": "c1"}]},
        ALGO + 'messages with role "tool" must be a response to a preceeding message with '
        '"tool_calls"',
    ),
    "json without the word": (
        {"response_format": {"type": "json_object"}},
        ALGO + "'messages' must contain the word 'json' in some form, to use 'response_format' "
        "of type 'json_object'.",
    ),
    "json while thinking": (
        {"model": "qwen3.7-plus", "response_format": SCHEMA, "enable_thinking": True},
        ALGO + "Json mode response is not supported when enable_thinking is true",
    ),
    "json while it thinks by habit": (
        {"model": "qwen3.6-plus", "messages": [AS_JSON], "response_format": JSON},
        ALGO + "Json mode response is not supported when enable_thinking is true",
    ),
    "json of a model without it": (
        {"model": "qwen-mt-plus", "messages": [AS_JSON], "response_format": JSON},
        "json_object is not one of ['text'] - 'response_format.type'",
    ),
    "a schema for a model that follows none": (
        {"messages": [AS_JSON], "response_format": SCHEMA},
        "json_schema is not one of ['text', 'json_object'] - 'response_format.type'",
    ),
    "a schema that is missing": (
        {"model": "qwen3.7-plus", "enable_thinking": False, "response_format": JSON_SCHEMA},
        "'json_schema' is a required property - 'response_format'",
    ),
    "a schema that is half strict": (
        {
            "model": "qwen3.7-plus",
            "enable_thinking": False,
            "response_format": JSON_SCHEMA
            | {"json_schema": SCHEMA["json_schema"] | {"strict": "half"}},
        },
        "'half' is not of type 'boolean' - 'strict'",
    ),
    "an effort that nobody knows": (
        {"model": "qwen3.8-max", "reasoning_effort": "extreme"},
        "extreme is not one of ['low', 'medium', 'xhigh', 'high', 'max', 'minimal', 'none'] - "
        "'reasoning_effort'",
    ),
    "partial not last": (
        {"messages": [{"role": "assistant", "content": "x", "partial": True}, USER]},
        ALGO + "The partial parameter is only allowed in the last message, and its role must be "
        "assistant.",
    ),
    "partial while thinking": (
        {
            "messages": [USER, {"role": "assistant", "content": "x", "partial": True}],
            "enable_thinking": True,
        },
        ALGO + "Partial mode is not supported when enable_thinking is true",
    ),
    "search where there is none": (
        {"model": "qwen3-coder-plus", "enable_search": True},
        ALGO + "This model does not support enable_search.",
    ),
    "too long": (
        {"model": "qwen-max", "messages": [{"role": "user", "content": "word " * 40_000}]},
        ALGO + "Range of input length should be [1, 30720]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_service_refuses_is_refused(post, case):
    from qwenchat.dashscope.catalogue import find

    fields, message = REFUSED[case]
    model = find(fields.get("model", "qwen-plus"))
    refused = post(**fields)
    assert refused.status_code == 400
    # A refused stream is framed as an event; without the frame both are the same JSON.
    body = json.loads(refused.text.removeprefix("data: "))
    expected = message.replace("{max_thinking}", str(model.max_thinking_tokens))
    assert body["error"]["message"] == expected
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["param"] is None
    assert body["request_id"] == refused.headers["x-request-id"]
    expected_code = (
        "InvalidParameter.NotSupportEnableThinking"
        if "does not support enable_thinking" in message
        else "invalid_parameter_error"
    )
    assert body["error"]["code"] == expected_code


def test_what_the_service_takes_is_taken(post):
    for fields in (
        {"temperature": 0, "top_p": 1, "top_k": 0, "presence_penalty": -2, "seed": 0},
        {"temperature": 1.99, "repetition_penalty": 0.01, "max_tokens": 32768, "n": 4},
        {"tools": [TOOL], "tool_choice": "auto", "enable_thinking": True},
        {"tools": [TOOL], "tool_choice": "required"},
        {"messages": [USER, CALL, {"role": "tool", "content": "x", "tool_call_id": "c1"}]},
        {"messages": [USER, {"role": "system", "content": "later"}]},
        {"messages": [AS_JSON], "response_format": JSON},
        {"model": "qwen3.7-plus", "response_format": SCHEMA, "enable_thinking": False},
        {"model": "qwen3.7-max", "messages": [AS_JSON], "response_format": JSON}
        | {"enable_thinking": False},
        {"model": "qwen3.8-max", "reasoning_effort": "minimal"},
        {"model": "qwen-plus", "enable_thinking": True, "thinking_budget": 40_000},
        {"model": "qwen3-vl-plus", "messages": [{"role": "user", "content": [IMAGE]}]},
        {"a_field_nobody_knows": 1, "enable_search": True},
        {"model": "qwen-max", "messages": [USER]},
        {"model": "qwen-plus-2025-07-28"},
    ):
        answer = post(**fields)
        assert answer.status_code == 200, (fields, answer.text)
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize("model", ["qwen-nothing", "Qwen-Plus", "qwen-plus "])
def test_unknown_models_are_not_found_to_the_letter(post, model):
    refused = post(model=model)
    assert refused.status_code == 404
    error = refused.json()["error"]
    assert error["code"] == "model_not_found"
    assert error["message"] == (
        f"The model `{model}` does not exist or you do not have access to it."
    )


def test_a_missing_model_is_asked_for(http):
    refused = http.post("/chat/completions", json={"messages": [USER]})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "you must provide a model parameter"


def test_missing_messages_are_asked_for(http):
    refused = http.post("/chat/completions", json={"model": "qwen-plus"})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "'messages' is a required property"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
def test_a_body_that_is_no_object_is_refused(http, body):
    refused = http.post("/chat/completions", content=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "invalid_request_error"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic sk-x", "Bearer key", "Bearer sk-invalid"],
)
def test_without_a_right_key_nothing_is_answered(http, authorization):
    headers = {"authorization": authorization} if authorization is not None else {}
    del http.headers["authorization"]
    for refused in (
        http.get("/models", headers=headers),
        http.post("/chat/completions", json={"model": "qwen-plus"}, headers=headers),
    ):
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_api_key"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]


def test_other_paths_and_methods_are_refused_flat(http):
    missing = http.get("/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "Not Found")
    wrong = http.get("/chat/completions")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "Method Not Allowed")
    assert http.post("/models").status_code == 405


def test_a_refused_stream_answers_with_its_status_and_an_event(post):
    refused = post(stream=True, max_tokens=10**9)
    assert refused.status_code == 400
    assert refused.headers["content-type"].startswith("text/event-stream")
    assert refused.text.startswith("data: {")
    assert refused.text.endswith("}\n\n")
    error = json.loads(refused.text.removeprefix("data: "))["error"]
    assert error["message"] == "Range of max_tokens should be [1, 32768]"


def test_refusals_say_when_to_come_back(post):
    refused = post(messages=[{"role": "user", "content": "/sandbox error 429 7"}])
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "7"
    assert refused.json()["error"]["code"] == "limit_requests"


async def test_a_bug_of_ours_is_told_in_the_service_s_shape(monkeypatch, caplog):
    from qwenchat.sandbox import Sandbox, rules

    def broken(body, native=None):
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "read_chat", broken)
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/compatible-mode/v1/chat/completions",
        "headers": [(b"authorization", b"Bearer sk-x")],
    }
    await Sandbox()(scope, receive, send)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["code"] == "internal_error"
    assert "ZeroDivisionError" in caplog.text
