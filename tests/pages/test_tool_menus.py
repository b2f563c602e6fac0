"""What the composer offers of search, tools, thinking and JSON, and answers in JSON as they are shown."""

from __future__ import annotations

import json

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from conversations import offered, structured
from conversations.structured import Misfit
from conversations.views import picker
from tests.pages.reading import Page


@pytest.fixture(autouse=True)
def _english():
    """Whatever language an earlier request has left behind."""
    with translation.override("en"):
        yield


TEA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "minutes": {"type": "integer"}},
    "required": ["name", "minutes"],
    "additionalProperties": False,
}
BY_SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": TEA}}
ENTRIES = [
    {
        "name": "current_time",
        "title": "Current time",
        "description": "Date and time.",
        "group": "Built in",
        "side_effects": False,
        "origin": "",
    },
    {
        "name": "notes_add",
        "title": "",
        "description": "Adds a note <b>now</b>.",
        "group": "Notes",
        "side_effects": True,
        "origin": "notes.example",
    },
]


# ---- what a model can ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("qwen-plus", "tools search json"),
        ("qwen3.7-plus", "tools search json schema thoughts interpreter"),
        ("qwen3.7-max", "tools search json schema thoughts"),
        ("qwen3.8-max", "tools search json schema effort thoughts"),
        ("qwen3-vl-plus", "tools json"),
        ("qwen-long", "json schema"),
        ("qwen-vl-ocr", ""),
    ],
)
def test_the_picker_says_what_the_composer_may_switch_on(model, words):
    assert picker.can(model) == words


def test_a_model_of_another_server_is_offered_what_its_requests_may_carry(settings):
    settings.DASHSCOPE_API_KEY = "sk-x"
    settings.DASHSCOPE_BASE_URL = "http://127.0.0.1:9/v1"
    words = picker.can("qwen-plus").split()
    assert set(words) == {"tools", "json", "schema"}


def test_the_radios_carry_abilities_and_the_most_thinking(look, settings):
    settings.QWENCHAT_MODELS = ["qwen-plus", "qwq-plus", "qwen-long"]
    radios = look("/").one(id_="model-pop").all("input", type_="radio")
    told = {radio.attributes["value"]: radio.attributes for radio in radios}
    assert told["auto"]["data-can"] == told["qwen-plus"]["data-can"] == "tools search json"
    assert told["qwen-long"]["data-can"] == "json schema"
    assert told["qwq-plus"]["data-budget"] == "32768"
    assert "data-budget" not in told["qwen-long"]
    assert all(offered.find(model) is not None for model in told if model != "auto")


# ---- the menus ----------------------------------------------------------------------------------------


def test_the_search_menu_offers_every_field_of_the_service(look):
    page = look("/")
    assert page.one(id_="search-toggle").attributes["aria-pressed"] == "false"
    menu = page.one(id_="search-pop")
    named = {e.attributes["name"] for e in menu.all() if e.attributes.get("name")}
    assert named == {
        "forced_search",
        "search_strategy",
        "freshness",
        "assigned_site_list",
        "prompt_intervene",
        "enable_search_extension",
    }
    values = [option.attributes["value"] for option in menu.all("option")]
    assert values == ["turbo", "max", "agent", "agent_max", "", "7", "30", "180", "365"]
    assert menu.one("textarea").attributes["data-most"] == "25"


def test_the_tools_menu_lists_each_tool_with_what_it_does(alice):
    page = tools_menu(ENTRIES, ["notes_add"])
    boxes = page.all("input", type_="checkbox")
    assert [box.attributes["value"] for box in boxes] == ["current_time", "notes_add"]
    assert ["checked" in box.attributes for box in boxes] == [False, True]
    assert [legend.words for legend in page.all("legend")] == ["Built in", "Notes"]
    first, second = page.all("label", class_="tool-entry")
    assert first.words.split() == ["Current", "time", "current_time", "Date", "and", "time."]
    assert "Changes something: asks you first" in second.words
    assert "notes.example" in second.words
    assert "Adds a note <b>now</b>." in second.words
    choices = [option.attributes["value"] for option in page.one("select").all("option")]
    assert choices == ["", "none", "current_time", "notes_add"]


def tools_menu(entries, chosen) -> Page:
    context = {"tool_entries": entries, "conversation": {"tools": chosen}}
    return Page(render_to_string("conversations/_tools_menu.html", context))


def test_without_tools_there_is_no_menu_for_them():
    context = {"tool_entries": None, "conversation": None, "picker": picker.picker("")}
    page = Page(render_to_string("conversations/_composer.html", context))
    assert not [e for e in page.all() if e.attributes.get("id") in ("tools-toggle", "tools-pop")]


def test_the_options_ask_for_thinking_and_for_the_form_of_the_answer(look):
    form = look("/").one(id_="options")
    budget = form.one(id_="o-thinking_budget")
    assert budget.attributes["name"] == "thinking_budget"
    efforts = form.one(id_="o-reasoning_effort").all("option")
    assert [one.attributes["value"] for one in efforts] == ["", "low", "medium", "xhigh"]
    kinds = form.one(id_="o-response_format").all("option")
    assert [one.attributes["value"] for one in kinds] == ["", "json_object", "json_schema"]


# ---- an answer in JSON --------------------------------------------------------------------------------


def test_an_answer_without_a_form_has_no_structure():
    assert structured.shown('{"a": 1}', None) is None
    assert structured.shown('{"a": 1}', {"type": "text"}) is None
    assert structured.shown("  ", {"type": "json_object"}) is None


def test_an_answer_that_fits_its_schema_says_so_and_is_a_tree():
    found = structured.shown('{"name": "Sencha", "minutes": 2}', BY_SCHEMA)
    assert found is not None
    assert (found.sentence, found.fits, found.problems) == ("Fits the schema", True, ())
    assert found.root is not None
    assert [(one.name, one.path, one.value, one.copied) for one in found.root.children] == [
        ("name", "$.name", '"Sencha"', "Sencha"),
        ("minutes", "$.minutes", "2", "2"),
    ]
    assert found.text == '{\n  "name": "Sencha",\n  "minutes": 2\n}'


def test_an_answer_that_does_not_fit_says_what_is_wrong():
    value = {"name": "Sencha", "minutes": "two"}
    found = structured.shown(json.dumps(value), BY_SCHEMA)
    assert found is not None
    assert found.sentence == "Valid JSON that does not fit the schema"
    assert found.problems == (Misfit("minutes", "must be a whole number, not a text"),)
    assert not found.fits
    assert structured.shown("[1]", BY_SCHEMA).problems == (
        Misfit("$", "must be an object, not a list"),
    )


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"enum": ["hot", 2]}, "cold", 'must be one of "hot", 2'),
        ({"const": True}, False, "must be true"),
        ({"minLength": 2}, "x", "must have at least 2 characters"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 item"),
        ({"minimum": 1000}, 1, "must be at least 1,000"),
        ({"exclusiveMaximum": 3.5}, 4, "must be less than 3.5"),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "x", "fits none of the ways"),
        ({"required": ["a"]}, {}, "is missing"),
        ({"properties": {}, "additionalProperties": False}, {"a": 1}, "is not in the schema"),
        ({"not": {}, "type": ["string", "null"]}, 3, "must be a text or null, not a whole number"),
    ],
)
def test_each_way_not_to_fit_has_its_sentence(schema, value, told):
    format = {"type": "json_schema", "json_schema": {"schema": schema}}
    (problem,) = structured.shown(json.dumps(value), format).problems
    assert problem.sentence.startswith(told)


def test_numbers_are_shown_as_they_were_written():
    found = structured.shown('{"a": 1.50, "b": 1e400, "c": 12345678901234567890}', BY_SCHEMA)
    assert [one.value for one in found.root.children] == ["1.50", "1e400", "12345678901234567890"]
    assert '"a": 1.50,' in found.text


def test_a_long_list_within_does_not_push_the_rest_out_of_sight():
    found = structured.shown(json.dumps({"long": list(range(50)), "short": [1]}), BY_SCHEMA)
    assert [one.is_open for one in found.root.children] == [False, True]


def test_plain_json_is_an_object():
    assert structured.shown("{}", {"type": "json_object"}).sentence == "Valid JSON"
    assert structured.shown("[1]", {"type": "json_object"}).sentence == "Valid JSON, but no object"


@pytest.mark.parametrize("text", ['{"a": ', "Sure! Here it is.", '{"a": NaN}', "1" * 500_000])
def test_what_is_no_json_is_said_and_shown_as_it_is(text):
    found = structured.shown(text, {"type": "json_object"})
    assert found is not None
    assert (found.sentence, found.root, found.text) == ("This is not valid JSON.", None, text)


def test_json_that_is_nested_without_end_is_not_called_invalid():
    found = structured.shown("[" * 5000 + "]" * 5000, {"type": "json_object"})
    assert found.sentence == "This is nested too deeply to be read as JSON."
    assert found.root is None


def test_json_in_a_block_of_code_counts_as_json():
    found = structured.shown('```json\n{"a": 1}\n```\n', {"type": "json_object"})
    assert found is not None
    assert found.fits


def test_a_large_answer_is_cut_in_the_tree_and_whole_in_the_text():
    value = {"rows": [{"n": n, "text": "x" * 5000 if n == 0 else "y"} for n in range(400)]}
    found = structured.shown(json.dumps(value), {"type": "json_object"})
    assert found is not None
    assert found.root is not None
    assert count(found.root) <= structured.MOST_NODES + 1
    assert "values are only in the text" in found.left_out
    assert json.loads(found.text) == value
    first = found.root.children[0].children[0].children[1]
    assert len(first.value) == structured.VALUE_CHARACTERS + 1
    assert first.copied == "x" * 5000


def count(node: structured.Node) -> int:
    return 1 + sum(map(count, node.children))


def test_names_that_are_no_words_are_quoted_in_paths():
    found = structured.shown('{"a b": {"茶": [true]}}', {"type": "json_object"})
    assert found is not None
    assert found.root is not None
    inner = found.root.children[0].children[0]
    assert inner.path == '$["a b"]["茶"]'
    assert json.loads(inner.children[0].steps) == ["a b", "茶", 0]


def test_a_deep_answer_ends_in_a_leaf():
    found = structured.shown("[" * 60 + "1" + "]" * 60, BY_SCHEMA)
    assert found is not None
    node, depth = found.root, 0
    while node is not None and node.children:
        node, depth = node.children[0], depth + 1
    assert depth == structured.MOST_DEPTH
    assert node is not None
    assert node.copied.count("[") == 60 - structured.MOST_DEPTH


def test_the_fragment_shows_verdict_tree_and_text_and_escapes_them():
    text = json.dumps({"<i>": "<script>alert(1)</script>", "list": [1, None]})
    found = structured.shown(text, {"type": "json_object"})
    html = render_to_string("conversations/_structured.html", {"structure": found})
    assert "<script>" not in html
    page = Page(html)
    assert page.one("p", class_="structured__verdict").words == "Valid JSON"
    rows = [e for e in page.all() if "data-row" in e.attributes]
    assert len(rows) == 5
    assert [e.attributes["data-path"] for e in page.all("li")] == [
        "$",
        '$["<i>"]',
        "$.list",
        "$.list[0]",
        "$.list[1]",
    ]
    assert json.loads(page.one("pre").words) == json.loads(text)
