"""Search, tools, thinking and the answer's form in the composer: what is chosen is what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import expect

from conversations import structured
from conversations.models import Message

from .test_script import at, box, chat  # noqa: F401  -- the fixture

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.title(),
        "description": "",
        "group": "Built in",
        "side_effects": False,
        "origin": "",
        **fields,
    }


@pytest.fixture
def opened(chat: Page, server: Server) -> Page:  # noqa: F811
    server.tools = [entry("clock"), entry("sums"), entry("notes", side_effects=True)]
    at(chat, server)
    return chat


def sent(page: Page, server: Server, text: str = "Hello") -> dict[str, Any]:
    """Sends a message and gives its options."""
    count = len(server.commands("send"))
    box(page).fill(text)
    box(page).press("Enter")
    command = server.wait(lambda: server.commands("send")[count:])[0]
    options: dict[str, Any] = command["options"]
    server.end(server.answer)
    expect(page.locator(".msg--assistant").last).to_have_attribute("data-status", "complete")
    return options


def choose(page: Page, model: str) -> None:
    page.locator(f'input[name=model][value="{model}"]').evaluate("radio => radio.click()")


def test_nothing_is_said_of_search_and_tools_until_somebody_chooses(
    opened: Page, server: Server
) -> None:
    assert sent(opened, server) == {"model": "auto", "thinking": False}


def test_search_goes_on_and_off_and_keeps_its_wishes(opened: Page, server: Server) -> None:
    toggle = opened.locator("#search-toggle")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert sent(opened, server)["search"] is True

    opened.locator("#search-more").click()
    opened.get_by_text("Always", exact=True).click()
    opened.locator("#search-freshness").select_option("30")
    opened.locator("#search-sites").fill("https://Example.org/path\nexample.com")
    opened.keyboard.press("Escape")
    wishes = {
        "forced_search": True,
        "freshness": 30,
        "assigned_site_list": ["example.org", "example.com"],
    }
    assert sent(opened, server)["search"] == wishes
    toggle.click()
    assert sent(opened, server)["search"] is False
    opened.reload()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    assert sent(opened, server)["search"] == wishes


def test_wishes_that_the_strategy_does_not_take_are_not_sent(opened: Page, server: Server) -> None:
    opened.locator("#search-more").click()
    opened.locator("#search-freshness").select_option("7")
    opened.get_by_text("Always", exact=True).click()
    opened.locator("#search-strategy").select_option("max")
    expect(opened.locator("#search-freshness")).to_be_hidden()
    opened.keyboard.press("Escape")
    assert sent(opened, server)["search"] == {"search_strategy": "max", "forced_search": True}
    opened.locator("#search-more").click()
    opened.locator("#search-strategy").select_option("agent")
    opened.keyboard.press("Escape")
    assert sent(opened, server)["search"] == {"search_strategy": "agent"}


def test_sites_that_are_none_are_told_and_left_out(opened: Page, server: Server) -> None:
    opened.locator("#search-more").click()
    field = opened.locator("#search-sites")
    field.fill("not a site")
    expect(opened.locator("#search-sites-error")).to_have_text("“not” is no site's name.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("\n".join(f"site{n}.example" for n in range(30)))
    expect(opened.locator("#search-sites-error")).to_contain_text("At most 25 sites")
    opened.keyboard.press("Escape")
    assert len(sent(opened, server)["search"]["assigned_site_list"]) == 25


def test_the_plain_endpoint_is_the_same_choice_as_in_the_options(
    opened: Page, server: Server
) -> None:
    opened.locator("#search-more").click()
    opened.locator("#search-pop summary").click()
    opened.locator("#search-plain").check()
    opened.keyboard.press("Escape")
    expect(opened.locator("#o-protocol")).to_have_value("compatible")
    assert sent(opened, server)["protocol"] == "compatible"


def test_tools_go_on_together_or_one_by_one_and_none_is_said_too(
    opened: Page, server: Server
) -> None:
    toggle = opened.locator("#tools-toggle")
    toggle.click()
    assert sent(opened, server)["tools"] == ["clock", "sums", "notes"]
    opened.locator("#tools-more").click()
    opened.locator("input[name=tools][value=notes]").uncheck()
    opened.keyboard.press("Escape")
    expect(toggle).to_have_attribute("title", "2 of 3 tools are on")
    assert sent(opened, server)["tools"] == ["clock", "sums"]
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    assert sent(opened, server)["tools"] == []
    toggle.click()
    assert sent(opened, server)["tools"] == ["clock", "sums"]


def test_one_tool_can_be_asked_for_but_not_while_the_model_thinks(
    opened: Page, server: Server
) -> None:
    choice, hint = opened.locator("#tool-choice"), opened.locator("#tool-choice-hint")
    opened.locator("#tools-more").click()
    expect(choice).to_be_disabled()
    expect(hint).to_have_text("Switch a tool on first.")
    opened.locator("input[name=tools][value=sums]").check()
    choice.select_option("sums")
    opened.keyboard.press("Escape")
    assert sent(opened, server)["tool_choice"] == "sums"
    opened.locator("[data-option=thinking]").click()
    opened.locator("#tools-more").click()
    expect(choice.locator("option[value=sums]")).to_be_disabled()
    expect(hint).to_contain_text("While it thinks")
    opened.keyboard.press("Escape")
    options = sent(opened, server)
    assert options["thinking"] is True
    assert "tool_choice" not in options
    opened.locator("#tools-more").click()
    choice.select_option("none")  # to call nothing can be said all the same
    opened.keyboard.press("Escape")
    assert sent(opened, server)["tool_choice"] == "none"


def test_a_model_that_cannot_says_so_and_is_not_asked_to(opened: Page, server: Server) -> None:
    opened.locator("#search-toggle").click()
    opened.locator("#tools-toggle").click()
    choose(opened, "qwen-long")
    for name, why in (("search", "does not search the web"), ("tools", "calls no tools")):
        toggle = opened.locator(f"#{name}-toggle")
        expect(toggle).to_be_disabled()
        expect(toggle).to_have_attribute("title", f"qwen-long {why}")
        expect(opened.locator(f"#{name}-more")).to_be_hidden()
    options = sent(opened, server)
    assert "search" not in options
    assert "tools" not in options
    choose(opened, "qwen-plus")
    options = sent(opened, server)
    assert options["search"] is True
    assert options["tools"] == ["clock", "sums", "notes"]


def test_the_code_interpreter_makes_the_model_think_and_goes_with_no_other_tool(
    chat: Page,  # noqa: F811
    server: Server,
) -> None:
    server.tools = [entry("clock"), entry("code_interpreter", needs="interpreter")]
    at(chat, server)
    thinking, toggle = chat.locator("[data-option=thinking]"), chat.locator("#tools-toggle")
    note = chat.locator("[data-slot=interpreter-note]")
    own = chat.locator("input[name=tools][value=code_interpreter]")
    choose(chat, "qwen3-max")
    expect(thinking).to_have_attribute("aria-pressed", "false")
    toggle.click()  # all, but for the one that goes with no other
    assert sent(chat, server)["tools"] == ["clock"]

    chat.locator("#tools-more").click()
    expect(note).to_be_hidden()
    own.check()
    expect(note).to_have_text("Not together with other tools: switch those off, or this.")
    chat.locator("input[name=tools][value=clock]").uncheck()
    expect(note).to_be_hidden()
    chat.keyboard.press("Escape")
    expect(thinking).to_be_disabled()
    expect(thinking).to_have_attribute("aria-pressed", "true")
    expect(thinking).to_have_attribute(
        "title", "The code interpreter works only while the model thinks"
    )
    options = sent(chat, server)
    assert (options["tools"], options["thinking"]) == (["code_interpreter"], True)

    choose(chat, "qwen-plus")
    expect(thinking).to_be_enabled()
    expect(thinking).to_have_attribute("aria-pressed", "false")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    chat.locator("#tools-more").click()
    expect(own).to_be_checked()
    expect(note).to_have_text("qwen-plus has no code interpreter; it is left out.")
    chat.keyboard.press("Escape")
    options = sent(chat, server)
    assert (options["tools"], options["thinking"]) == (["code_interpreter"], False)

    choose(chat, "qwen3.7-plus")
    chat.get_by_role("button", name="Options for the answer").click()
    chat.locator("#o-response_format").select_option("json_object")
    chat.keyboard.press("Escape")
    chat.locator("#tools-more").click()
    expect(note).to_contain_text("JSON comes without")


def test_the_budget_has_the_model_s_limit_and_effort_takes_its_place(
    opened: Page, server: Server
) -> None:
    opened.get_by_role("button", name="Options for the answer").click()
    budget = opened.locator("#o-thinking_budget")
    choose(opened, "qwen3.7-max")
    expect(budget).to_have_attribute("max", "262144")
    expect(opened.locator("#o-thinking_budget-hint")).to_contain_text("at most 262,144")
    expect(opened.locator("#o-preserve_thinking")).to_be_enabled()
    budget.fill("1000")
    opened.locator("#o-preserve_thinking").select_option("true")
    opened.keyboard.press("Escape")
    options = sent(opened, server)
    assert (options["thinking_budget"], options["preserve_thinking"]) == (1000, True)
    opened.locator("[data-option=thinking]").click()
    assert "thinking_budget" not in sent(opened, server)
    choose(opened, "qwen-long")
    expect(budget).to_be_disabled()
    expect(opened.locator("#o-reasoning_effort")).to_be_disabled()


def test_json_needs_its_word_and_no_thinking(opened: Page, server: Server) -> None:
    thinking, note = opened.locator("[data-option=thinking]"), opened.locator("#json-word")
    thinking.click()
    opened.get_by_role("button", name="Options for the answer").click()
    form = opened.locator("#o-response_format")
    form.select_option("json_object")
    expect(thinking).to_be_disabled()
    expect(thinking).to_have_attribute("aria-pressed", "false")
    opened.keyboard.press("Escape")
    box(opened).fill("List three teas")
    expect(note).to_be_visible()
    note.get_by_role("button", name="Add it").click()
    expect(box(opened)).to_have_value("List three teas\n\nAnswer as JSON.")
    expect(note).to_be_hidden()
    options = sent(opened, server, "Three teas in json")
    assert options["response_format"] == {"type": "json_object"}
    assert options["thinking"] is False
    opened.get_by_role("button", name="Options for the answer").click()
    form.select_option("")
    expect(thinking).to_be_enabled()
    expect(thinking).to_have_attribute("aria-pressed", "true")


def test_a_schema_is_made_of_rows_or_written(opened: Page, server: Server) -> None:
    choose(opened, "qwen3.7-plus")
    opened.get_by_role("button", name="Options for the answer").click()
    opened.locator("#o-response_format").select_option("json_schema")
    rows = opened.locator(".answer-row")
    rows.nth(0).get_by_label("Name").fill("tea")
    rows.nth(0).get_by_label("Description").fill("its name")
    opened.locator("[data-action=answer-add]").click()
    rows.nth(1).get_by_label("Name").fill("tea")
    error = opened.locator("[data-slot=answer-error]")
    expect(error).to_have_text("“tea” is there twice.")
    rows.nth(1).get_by_label("Name").fill("minutes")
    rows.nth(1).get_by_label("Kind").select_option("integer")
    rows.nth(1).get_by_label("Required").uncheck()
    expect(error).to_be_hidden()
    schema = {
        "type": "object",
        "properties": {
            "tea": {"type": "string", "description": "its name"},
            "minutes": {"type": "integer"},
        },
        "required": ["tea"],
        "additionalProperties": False,
    }
    opened.keyboard.press("Escape")
    format_ = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    assert sent(opened, server)["response_format"] == format_

    opened.reload()
    expect(rows).to_have_count(2)
    opened.get_by_role("button", name="Options for the answer").click()
    opened.locator("[data-action=answer-json]").click()
    text = opened.locator("[data-slot=answer-text]")
    text.fill('{"type": "object", "properties": {"a": {"type": "object"')
    expect(error).to_have_text("This is not valid JSON.")
    text.fill('{"type": "object", "properties": {"a": {"enum": [1, 2]}}}')
    expect(error).to_be_hidden()
    opened.locator("[data-action=answer-json]").click()
    expect(error).to_contain_text("says more than the list can")
    expect(text).to_be_visible()
    opened.keyboard.press("Escape")
    sent_schema = sent(opened, server)["response_format"]["json_schema"]["schema"]
    assert sent_schema["properties"] == {"a": {"enum": [1, 2]}}


def test_the_tree_of_an_answer_goes_by_arrow_keys(
    chat: Page,  # noqa: F811
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conversation = server.conversation(0)
    found = server.conversations[conversation]
    answer = '{"tea": {"name": "Sencha", "minutes": 2}, "tags": ["green"]}'
    question = server.add(found, "Tea as JSON?", "user")
    message = server.add(found, answer, "assistant", parent=question)
    message.options = {"response_format": {"type": "json_object"}}
    assert structured.shown(answer, message.options["response_format"]) is not None
    assert isinstance(message, Message)
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at(chat, server, f"/c/{conversation}/")
    tree = chat.locator(".json")
    expect(tree).to_be_visible()
    expect(chat.locator(".structured__verdict")).to_have_text("Valid JSON")
    expect(chat.locator("[data-slot=prose]")).to_be_hidden()

    tree.locator("[data-row]").first.focus()
    keys = [
        ("ArrowDown", "tea"),
        ("ArrowDown", "name"),
        ("ArrowDown", "minutes"),
        ("ArrowLeft", "tea"),
        ("ArrowLeft", "tea"),  # closes it
        ("ArrowDown", "tags"),
        ("ArrowUp", "tea"),
        ("ArrowRight", "tea"),  # opens it
        ("ArrowRight", "name"),
        ("End", "0"),
        ("Home", "$"),
        ("ArrowDown", "tea"),
    ]
    for key, name in keys:
        chat.keyboard.press(key)
        expect(chat.locator("[data-row]:focus .json__name")).to_have_text(name)
    chat.keyboard.press("Tab")
    expect(chat.locator(":focus")).to_have_attribute("aria-label", "Copy the value of $.tea")
    chat.keyboard.press("Enter")
    assert '"minutes": 2' in chat.evaluate("navigator.clipboard.readText()")
    chat.keyboard.press("Tab")
    chat.keyboard.press("Enter")
    expect(chat.locator("#announcer")).to_have_text("Copied")
    assert chat.evaluate("navigator.clipboard.readText()") == "$.tea"

    chat.get_by_role("button", name="Text", exact=True).click()
    expect(chat.locator(".json-text")).to_contain_text('"name": "Sencha"')
    expect(tree).to_be_hidden()
