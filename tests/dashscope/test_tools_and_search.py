from __future__ import annotations

import pytest

from qwenchat.dashscope import ToolCall
from qwenchat.dashscope.payloads import (
    FieldError,
    assistant,
    chat,
    function_tool,
    tool,
    user,
)

ASK = [user("Weather in Paris?")]
WEATHER = function_tool("get_weather", "Current weather", {"type": "object", "properties": {}})
CLOCK = function_tool("clock", "The time")
FORCED = {"type": "function", "function": {"name": "get_weather"}}
CALL = ToolCall("call_1", "get_weather", '{"city":"Paris"}')
CALLED = assistant("", "Hm.", tool_calls=[CALL])
DONE = tool("call_1", '{"temp":18}')


def test_tools_and_how_to_choose_are_sent():
    body = chat("qwen-plus", ASK, tools=[WEATHER], tool_choice="auto", parallel_tool_calls=True)
    assert (body["tools"], body["tool_choice"], body["parallel_tool_calls"]) == (
        [WEATHER],
        "auto",
        True,
    )
    assert chat("qwen-plus", ASK, tools=[WEATHER, CLOCK], tool_choice=FORCED)["tool_choice"] == (
        FORCED
    )


def test_no_tools_are_not_sent():
    assert chat("qwen-plus", ASK, tools=[]) == chat("qwen-plus", ASK)


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("tools", {"tools": [function_tool("search", "x")]}),
        ("tools", {"tools": [function_tool("two words", "x")]}),
        ("tools", {"tools": [function_tool("x" * 65, "x")]}),
        ("tools", {"tools": [CLOCK, CLOCK]}),
        ("tools", {"tools": [{"type": "retrieval"}]}),
        ("tools", {"tools": [function_tool(f"t{number}", "x") for number in range(129)]}),
        ("tool_choice", {"tools": [CLOCK], "tool_choice": "required"}),
        ("tool_choice", {"tools": [CLOCK], "tool_choice": FORCED}),
        ("tool_choice", {"tools": [WEATHER], "tool_choice": FORCED, "thinking": True}),
        ("tool_choice", {"tool_choice": "auto"}),
        ("parallel_tool_calls", {"parallel_tool_calls": True}),
        ("parallel_tool_calls", {"tools": [CLOCK], "parallel_tool_calls": 1}),
    ],
)
def test_what_the_service_refuses_is_refused_before_it_is_sent(field, options):
    with pytest.raises(FieldError) as caught:
        chat("qwen-plus", ASK, **options)
    assert caught.value.field == field


def test_models_without_tools_and_models_that_think_by_habit_are_known():
    with pytest.raises(FieldError, match="tools"):
        chat("qwen-long", ASK, tools=[CLOCK])
    with pytest.raises(FieldError, match="think"):
        chat("qwen3.7-plus", ASK, tools=[WEATHER], tool_choice=FORCED)


def test_other_servers_may_be_told_to_call():
    body = chat("llama", ASK, tools=[CLOCK], tool_choice="required", dialect="openai")
    assert body["tool_choice"] == "required"


def test_other_servers_are_told_of_calls_in_openais_terms():
    body = chat("llama", [*ASK, CALLED, tool(CALL.id, "18")], tools=[WEATHER], dialect="openai")
    (call,) = body["messages"][-2]["tool_calls"]
    assert set(call) == {"id", "type", "function"}
    assert "reasoning_content" not in body["messages"][-2]


def test_a_call_and_its_answer_go_into_the_history():
    assert CALLED == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "Hm.",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "index": 0,
                "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
            }
        ],
    }
    assert DONE == {"role": "tool", "tool_call_id": "call_1", "content": '{"temp":18}'}
    assert chat("qwen-plus", [*ASK, CALLED, DONE], tools=[WEATHER])["messages"][1:] == [
        CALLED,
        DONE,
    ]


def test_a_call_without_arguments_has_an_empty_object():
    (call,) = assistant("", tool_calls=[ToolCall("c", "clock", " ")])["tool_calls"]
    assert call["function"]["arguments"] == "{}"


@pytest.mark.parametrize("arguments", ['{"city":"Par', '{"a": NaN}', "[" * 5000])
def test_a_broken_call_does_not_get_into_the_history(arguments):
    with pytest.raises(FieldError, match="tool_calls"):
        assistant("", tool_calls=[ToolCall("c", "clock", arguments)])


def test_half_a_character_in_arguments_is_replaced():
    (call,) = assistant("", tool_calls=[ToolCall("c", "f", r'{"a":"\ud83d", "b": "é"}')])[
        "tool_calls"
    ]
    assert call["function"]["arguments"] == '{"a": "\ufffd", "b": "é"}'


@pytest.mark.parametrize(
    "history",
    [
        [*ASK, CALLED],
        [*ASK, CALLED, user("And?"), DONE],
        [*ASK, DONE],
        [*ASK, CALLED, DONE, DONE],
        [*ASK, CALLED, tool("call_2", "x")],
    ],
)
def test_each_call_has_one_answer_directly_after_it(history):
    with pytest.raises(FieldError, match="messages"):
        chat("qwen-plus", history, tools=[WEATHER])


ALL_OPTIONS = {
    "forced_search": True,
    "search_strategy": "turbo",
    "freshness": 30,
    "assigned_site_list": ["example.org"],
    "enable_search_extension": False,
    "intention_options": {"prompt_intervene": "prefer technical sources"},
}
NATIVE_OPTIONS = {
    "enable_source": True,
    "enable_citation": True,
    "citation_format": "[ref_<number>]",
    "prepend_search_result": True,
}


def test_a_search_is_asked_for_with_its_options():
    body = chat("qwen-plus", ASK, enable_search=True, search_options=ALL_OPTIONS)
    assert (body["enable_search"], body["search_options"]) == (True, ALL_OPTIONS)


def test_sources_and_citations_are_asked_for_in_the_native_protocol_only():
    options = ALL_OPTIONS | NATIVE_OPTIONS
    body = chat("qwen-plus", ASK, enable_search=True, search_options=options)
    assert body["search_options"] == ALL_OPTIONS
    own = chat("qwen-plus", ASK, enable_search=True, search_options=options, native=True)
    assert own["parameters"] == {
        "result_format": "message",
        "enable_search": True,
        "search_options": options,
    }
    only = chat("qwen-plus", ASK, enable_search=True, search_options=NATIVE_OPTIONS)
    assert "search_options" not in only


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("forced_search", {"forced_search": "yes"}),
        ("search_strategy", {"search_strategy": "pro"}),
        ("freshness", {"freshness": 31}),
        ("freshness", {"freshness": 7, "search_strategy": "max"}),
        ("assigned_site_list", {"assigned_site_list": ["a.org"] * 26}),
        ("assigned_site_list", {"assigned_site_list": "a.org"}),
        ("citation_format", {"citation_format": "<number>"}),
        ("enable_citation", {"enable_citation": True}),
        ("intention_options", {"intention_options": "x"}),
        ("search_options", {"depth": 3}),
    ],
)
def test_search_options_that_cannot_be_right_are_refused(field, options):
    with pytest.raises(FieldError) as caught:
        chat("qwen-plus", ASK, enable_search=True, search_options=options)
    assert caught.value.field == field


def test_models_that_do_not_search_are_not_even_told_not_to():
    with pytest.raises(FieldError, match="enable_search"):
        chat("qwen-long", ASK, enable_search=True)
    assert "enable_search" not in chat("qwen-long", ASK, enable_search=False)
    assert chat("qwen-plus", ASK, enable_search=False)["enable_search"] is False
    with pytest.raises(FieldError, match="search_options"):
        chat("qwen-plus", ASK, search_options={"forced_search": True})


def test_other_servers_are_not_told_to_search():
    body = chat("llama", ASK, enable_search=True, search_options={}, dialect="openai")
    assert "enable_search" not in body
