"""Web search: sources in the native protocol alone, clearly made up, and cited as asked."""

from __future__ import annotations

import json
import re

import pytest

from .test_native import TEXT, native, sdk  # noqa: F401 -- fixtures

QUESTION = "What is the latest news about lighthouses?"
FULL = {"enable_source": True, "enable_citation": True, "citation_format": "[ref_<number>]"}


@pytest.fixture
def search(sdk):  # noqa: F811
    def ask(question=QUESTION, model="qwen-plus", **options):
        return sdk.Generation.call(
            model=model,
            messages=[{"role": "user", "content": question}],
            result_format="message",
            enable_search=True,
            search_options=options,
        )

    return ask


def text_of(answer):
    return answer.output.choices[0].message.content


def test_sources_are_told_and_cited(search):
    answer = search(**FULL)
    found = answer.output.search_info["search_results"]
    assert [source["index"] for source in found] == [1, 2, 3]
    for source in found:
        assert set(source) == {"site_name", "icon", "index", "title", "url"}
        assert "made up" in source["title"]
        assert re.match(r"https://[\w.]*sandbox\.example/", source["url"])
    assert found[2]["site_name"] == "无"
    assert re.findall(r"\[ref_\d\]", text_of(answer)) == ["[ref_1]", "[ref_2]", "[ref_3]"]
    assert answer.usage["plugins"] == {"search": {"count": 1}}


def test_citations_have_the_format_that_was_asked_for(search):
    numbers = text_of(search(enable_source=True, enable_citation=True))
    assert re.findall(r" \[\d\]", numbers) == [" [1]", " [2]", " [3]"]
    assert not re.search(r"\[\w*\d\]", text_of(search(enable_source=True)))
    without = search(enable_citation=True)
    assert "search_info" not in without.output
    assert "[1]" not in text_of(without)


def test_the_model_decides_unless_it_is_forced(search):
    calm = search("Tell me a story", enable_source=True)
    assert "search_info" not in calm.output
    assert "I made none" in text_of(calm)
    assert search("Tell me a story", enable_source=True, forced_search=True).output.search_info


def test_sites_and_strategies_change_what_is_found(search):
    sites = search(enable_source=True, assigned_site_list=["example.org", "example.net"])
    hosts = [source["url"].split("/")[2] for source in sites.output.search_info["search_results"]]
    assert hosts == ["example.org", "example.net", "example.org"]
    more = search(enable_source=True, search_strategy="max", assigned_site_list=["example.org"])
    found = more.output.search_info["search_results"]
    assert len(found) == 5
    assert not any("example.org" in source["url"] for source in found)  # turbo alone knows sites


def test_special_fields_are_told_apart(search):
    info = search(enable_search_extension=True, **FULL).output.search_info
    assert "Made up" in info["extra_tool_info"][0]["result"]
    assert "extra_tool_info" not in search(**FULL).output.search_info


def frames(native, **options):  # noqa: F811
    body = {
        "model": "qwen-plus",
        "input": {"messages": [{"role": "user", "content": QUESTION}]},
        "parameters": {
            "result_format": "message",
            "incremental_output": True,
            "enable_search": True,
            "search_options": options,
        },
    }
    answer = native.post(TEXT, json=body, headers={"X-DashScope-SSE": "enable"})
    lines = [line[5:] for line in answer.text.split("\n") if line.startswith("data:")]
    return [json.loads(line)["output"] for line in lines]


def test_a_stream_has_its_sources_first(native):  # noqa: F811
    outputs = frames(native, **FULL)
    assert len(outputs[0]["search_info"]["search_results"]) == 3
    assert outputs[0]["choices"][0]["message"]["content"]
    assert all(output["search_info"] == {"search_results": []} for output in outputs[1:])
    first, second, *_ = frames(native, prepend_search_result=True, **FULL)
    assert first["choices"][0]["message"]["content"] == ""
    assert len(first["search_info"]["search_results"]) == 3
    assert second["choices"][0]["message"]["content"]


def test_the_compatible_protocol_tells_no_sources(post):
    messages = [{"role": "user", "content": QUESTION}]
    plain = post(messages=messages).json()
    found = post(messages=messages, enable_search=True, search_options=FULL).json()
    assert "search_info" not in json.dumps(found)
    assert "I searched and read 3 pages" in found["choices"][0]["message"]["content"]
    assert found["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"] + 500


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"model": "qwen-long", "enable_search": True},
            "<400> InternalError.Algo.InvalidParameter: This model does not support enable_search.",
        ),
        ({"enable_search": "yes"}, "'yes' is not of type 'boolean' - 'enable_search'"),
        (
            {"enable_search": True, "search_options": {"freshness": 8}},
            "8 is not one of [7, 30, 180, 365] - 'search_options.freshness'",
        ),
        (
            {"enable_search": True, "search_options": {"search_strategy": "best"}},
            "best is not one of ['turbo', 'max', 'agent', 'agent_max', 'standard', 'pro'] - "
            "'search_options.search_strategy'",
        ),
        (
            {"enable_search": True, "search_options": {"citation_format": "(1)"}},
            "(1) is not one of ['[<number>]', '[ref_<number>]'] - 'search_options.citation_format'",
        ),
        (
            {"enable_search": True, "search_options": {"forced_search": 1}},
            "1 is not of type 'boolean' - 'search_options.forced_search'",
        ),
        (
            {"enable_search": True, "search_options": []},
            "[] is not of type 'object' - 'search_options'",
        ),
    ],
)
def test_what_the_service_refuses_is_refused(post, fields, message):
    refused = post(**fields)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == message


def test_at_most_so_many_sites_are_taken(post):
    options = {"assigned_site_list": ["a.example"] * 26}
    refused = post(enable_search=True, search_options=options)
    assert "is too long - 'search_options.assigned_site_list'" in refused.text
