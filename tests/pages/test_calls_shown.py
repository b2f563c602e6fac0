"""Tool calls and sources on an answer's trail: every state in words, everything of others as text."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation
from markdown_it import MarkdownIt

from conversations import exporting, showing_sources, toolshow, visible
from conversations.models import ToolCall
from tests.pages.conftest import Tree, signed_in
from tests.pages.reading import Page

EVIL = "</code></pre><img src=x onerror=alert(1)><script>alert(2)</script>\"'&{{ 7 }}"
ID = "0d7e2a54-52a4-4b0b-9d3e-0a3f2f3f0a01"
ANSWER = "5f0f3a0e-12ab-4f5e-8c55-6a8f7d6e5c4b"


@pytest.fixture(autouse=True)
def _english():
    """Whatever language an earlier request has left behind."""
    with translation.override("en"):
        yield


def live(**fields):
    """A call as the socket's `tool` event has it."""
    return {
        "id": ID,
        "name": "current_weather",
        "title": "",
        "origin": "",
        "arguments": '{"city": "杭州", "days": 2}',
        "edited": None,
        "status": "done",
        "code": "",
        "result": '{"high": 19}',
        "duration_ms": 412,
        "side_effects": False,
        "expires": None,
        **fields,
    }


def line(read_only=False, **fields):
    page = Page(toolshow.call_html(live(**fields), ANSWER, read_only=read_only))
    return page.one("li", data_step="tool")


def waiting(**fields):
    return {"status": "waiting", "result": "", "duration_ms": None, "side_effects": True} | fields


def actions(element):
    return [each.attributes["data-action"] for each in element.all("button")]


def stored(message, position=0, **fields):
    fields = {"name": "current_weather", "arguments": "{}", "status": "done"} | fields
    return ToolCall.objects.create(
        message=message, round=1, position=position, call_id=f"call_{position}", **fields
    )


# ---- states ------------------------------------------------------------------------------------------


def test_a_done_call_says_so_and_shows_arguments_and_result_as_json():
    shown = line()
    assert shown.attributes["id"] == f"call-{ID}"
    assert shown.attributes["data-call"] == ID
    assert shown.attributes["data-status"] == "done"
    assert shown.one("summary").words == "current_weather 杭州 Done 0.4 s"
    assert "open" not in shown.one("details").attributes
    assert [pane.text for pane in shown.all("pre")] == [
        '{\n  "city": "杭州",\n  "days": 2\n}',
        '{\n  "high": 19\n}',
    ]
    assert all(pane.attributes["dir"] == "auto" for pane in shown.all("pre"))
    assert all(pane.attributes["tabindex"] == "0" for pane in shown.all("pre"))
    assert actions(shown) == ["copy-pane", "copy-pane"]


def test_a_running_call_has_its_arguments_and_no_result():
    shown = line(status="running", result="", duration_ms=None)
    assert shown.one("summary").words == "current_weather 杭州 Running"
    assert shown.one("span", class_="spinner")
    assert len(shown.all("pre")) == 1
    assert shown.one(data_slot="call-clock").words == "Running"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("cut", "ended in the middle of this call"),
        ("repeated", "repeated the id"),
        ("unknown", "not switched on"),
        ("too_many", "used up its tool calls"),
        ("timeout", "did not answer in time"),
        ("crash", "The tool failed."),
    ],
)
def test_a_call_that_never_ran_or_failed_says_why_in_the_persons_language(code, told):
    shown = line(status="failed", code=code, result="English for the model")
    ran = code in ("timeout", "crash")
    words = "Failed 0.4 s" if ran else "Not run"
    assert shown.one("summary").words == f"current_weather 杭州 {words}"
    assert told in shown.one("p", class_="tool__note").words
    assert "English for the model" not in shown.text
    assert shown.one("span", class_="trail__node--danger")


def test_what_a_tool_says_about_its_failure_is_shown():
    shown = line(status="failed", code="tool", result="No such city: Atlantis")
    assert shown.all("pre")[1].text == "No such city: Atlantis"


def test_a_refused_call_says_who_refused():
    assert line(status="refused", code="refused", decision="refused").one("summary").words == (
        "current_weather 杭州 You refused"
    )
    expired = line(status="refused", code="refused", decision="")
    assert "Nobody allowed this call in time" in expired.text
    reviewed = line(read_only=True, status="refused", code="refused", decision="refused")
    assert "You" not in reviewed.one("summary").words


def test_a_stopped_call_says_so():
    stopped = line(status="cancelled", code="cancelled")
    assert stopped.one("summary").words == "current_weather 杭州 Stopped 0.4 s"
    never = line(status="cancelled", code="cancelled", duration_ms=0)
    assert never.one("summary").words == "current_weather 杭州 Stopped"


def test_the_server_that_a_tool_belongs_to_is_named():
    assert "mcp.example.org" in line(origin="mcp.example.org").one("p", class_="tool__foot").words


def test_arguments_that_are_no_json_are_shown_as_they_came():
    shown = line(status="failed", code="arguments", arguments='{"city": "Par', result="No JSON")
    assert shown.all("pre")[0].text == '{"city": "Par'
    assert shown.one("summary").words.startswith("current_weather Not run")


def test_arguments_that_the_person_changed_are_those_that_are_shown():
    shown = line(edited={"city": "Oslo"})
    assert shown.all("pre")[0].text == '{\n  "city": "Oslo"\n}'
    assert "as you changed them" in shown.text


def test_json_is_coloured_and_other_text_is_not():
    shown = line(arguments='{"a": "<b>"}', result="[no JSON]")
    assert shown.all("pre")[0].one("span", class_="nt").text == '"a"'
    assert shown.all("pre")[0].text == '{\n  "a": "<b>"\n}'
    assert not shown.all("pre")[1].all("span")


def test_a_result_cannot_turn_what_is_read():
    shown = line(result="invoice\u202efdp.exe, soft\u00adhyphen")
    assert shown.all("pre")[1].text == "invoice\\u202efdp.exe, soft\u00adhyphen"


def test_a_running_call_says_since_when():
    started = (timezone.now() - timedelta(seconds=90)).isoformat()
    shown = line(status="running", result="", duration_ms=None, started=started)
    assert 90_000 <= int(shown.one(data_slot="call-clock").attributes["data-ms"]) < 100_000


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"status": "running"}, "cancelled", "The server ended while this ran."),
        (waiting(expires="2026-01-01T00:00:00+00:00"), "refused", "Nobody allowed this call"),
        (waiting(expires="2999-01-01T00:00:00+00:00"), "waiting", ""),
    ],
)
def test_of_an_answer_that_is_over_nothing_runs_and_nothing_waits_in_vain(fields, status, told):
    shown = toolshow.shown_call(live(**fields), ANSWER, over=True)
    assert shown.status == status
    assert shown.note.startswith(told)
    assert shown.needs_approval is (status == "waiting")


def test_a_long_result_is_bounded_and_says_so():
    shown = line(result="x" * 90_000)
    assert len(shown.all("pre")[1].text) == visible.SHOWN_CHARACTERS
    assert "74,000 more characters" in shown.text


# ---- approval ----------------------------------------------------------------------------------------


def test_a_waiting_call_shows_tool_host_and_full_arguments_and_asks():
    long = {"note": "word " * 8_000, "last": "the end"}
    expires = datetime(2026, 11, 25, 14, 12, tzinfo=UTC)
    shown = line(
        **waiting(
            name="create_reminder",
            origin="calendar.example.org",
            arguments=json.dumps(long),
            expires=expires.isoformat(),
        )
    )
    ask = shown.one("div", class_="tool--ask")
    assert "Allow create_reminder on calendar.example.org?" in ask.words
    assert '"last": "the end"' in ask.one("pre").text
    assert ask.one("textarea").text == ask.one("pre").text
    assert actions(ask.one(data_slot="decide")) == ["approve", "refuse", "edit-call"]
    assert "Open until" in ask.one("time").words
    assert ask.one("form").attributes["data-slot"] == "edit"
    assert "hidden" in ask.one("form").attributes


def test_a_waiting_call_without_a_host_is_asked_for_by_its_name():
    assert "Allow current_weather?" in line(**waiting()).words


def test_an_address_that_the_model_made_up_is_asked_about_with_its_host():
    url = "https://ev\u0456l.example/?q=" + "secret " * 300
    shown = line(
        **waiting(
            name="fetch_page",
            code="address",
            side_effects=False,
            arguments=json.dumps({"url": url}, ensure_ascii=False),
        )
    )
    assert "Open a page on xn--evl-khd.example?" in shown.words
    assert "The model wrote this address itself" in shown.words
    assert "can change something" not in shown.words
    assert url in shown.one("pre").text
    assert actions(shown).count("approve") == 1
    assert "edit-call" in actions(shown)
    odd = line(**waiting(name="fetch_page", code="address", arguments='["no object"]'))
    assert "Allow fetch_page?" in odd.words


@pytest.mark.parametrize("levels", [300, *range(800, 1000, 20), 5000])
def test_arguments_and_results_nested_without_end_are_shown(levels):
    deep = "[" * levels + "]" * levels
    shown = line(arguments=f'{{"a": {deep}}}', result=deep)
    assert all(each.text.count("[") > 100 for each in shown.all("pre"))


@pytest.mark.parametrize(
    ("side_effects", "code", "perhaps"),
    [(True, "halfway", True), (True, "timeout", True), (False, "timeout", False)],
)
def test_what_may_have_had_its_effect_says_so(side_effects, code, perhaps):
    shown = line(status="failed", code=code, side_effects=side_effects, result="In English.")
    assert ("It may have had its effect." in shown.words) is perhaps
    assert "In English." not in shown.words


def test_staff_see_a_waiting_call_and_cannot_decide():
    shown = line(read_only=True, **waiting())
    assert not shown.all("form")
    assert not actions(shown)  # their pages have no script
    assert "Waiting for you" not in shown.text
    assert "Waiting" in shown.one("summary").words


def test_characters_that_hide_or_turn_others_are_written_out_where_leave_is_asked():
    arguments = json.dumps(
        {"to": "bob\u202egro.live\u200b@x", "tag": "\U000e0041"}, ensure_ascii=False
    )
    text = line(**waiting(arguments=arguments, origin="a\u202eb")).one("pre").text
    assert "\\u202e" in text
    assert "\\u200b" in text
    assert "\\udb40\\udc41" in text
    assert json.loads(text) == json.loads(
        arguments
    )  # what is edited from here is what was asked for
    assert "\u202e" not in line(**waiting(origin="a\u202eb")).text


# ---- hostile words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sign", ["\u034f", "\u115f", "\u3164", "\uffa0", "\ufe00", "\U000e0100", "\U0001d173", "\u180b"]
)
def test_what_a_model_could_hide_in_arguments_is_written_out(sign):
    """A person who cannot see it would allow a call without knowing what it tells."""
    arguments = json.dumps({"text": f"Hi{sign}!"}, ensure_ascii=False)
    text = line(**waiting(arguments=arguments)).one("pre").text
    assert f"Hi{json.dumps(sign)[1:-1]}!" in text


def test_what_scripts_and_emoji_need_stays_as_it_is():
    words = "می\u200cخواهم 👩\u200d💻 ❤\ufe0f"
    text = (
        line(**waiting(arguments=json.dumps({"text": words}, ensure_ascii=False))).one("pre").text
    )
    assert words in text


@pytest.mark.parametrize("status", ["running", "waiting", "done", "failed", "refused", "cancelled"])
def test_nothing_of_a_call_becomes_markup(status):
    hostile = {
        "name": EVIL,
        "title": EVIL,
        "origin": EVIL,
        "arguments": json.dumps({"a": EVIL}),
        "result": EVIL,
    }
    shown = line(status=status, **hostile)
    tags = {element.tag for element in shown.walk()}
    assert tags.isdisjoint({"img", "script", "a", "iframe"})
    assert EVIL in shown.text
    for element in shown.walk():
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "style" not in element.attributes


def test_a_call_of_an_unknown_state_is_still_shown():
    assert line(status="strange").attributes["data-status"] == "strange"


# ---- sources -----------------------------------------------------------------------------------------


def source(index=1, **fields):
    return {
        "index": index,
        "title": "Lake boats",
        "url": "https://westlake.example.cn/boats?a=1",
        "site": "West Lake",
        **fields,
    }


def search(sources, searched="yes", **how):
    return Page(showing_sources.sources_html(ANSWER, sources, searched, **how))


def test_sources_are_numbered_cards_with_title_site_and_host():
    page = search([source(), source(2, title="Tea", url="http://www.tea.example/", site="无")])
    assert page.one("li", data_step="search").attributes["id"] == f"sources-{ANSWER}"
    assert page.one("summary").words == "Searched the web, 2 sources"
    first, second = page.all("a", class_="cite-card")
    assert first.attributes["id"] == f"s-{ANSWER}-1"
    assert first.attributes["rel"] == "noopener noreferrer nofollow ugc"
    assert first.attributes["target"] == "_blank"
    assert first.words == "Lake boats 1 westlake.example.cn West Lake"
    assert second.words == "Tea 2 tea.example"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/",
        "/logout/",
        "https://",
        "http://[",
        "mailto:a@b.example",
        "https://a.example/" + "x" * 3000,
        "",
    ],
)
def test_an_address_that_is_not_of_the_web_never_becomes_a_link(url):
    page = search([source(url=url)])
    assert not page.all("a")
    assert page.one("div", class_="cite-card").words.startswith("Lake boats")


def test_nothing_of_a_source_becomes_markup():
    page = search([source(title=EVIL, site=EVIL, url=f"https://a.example/{EVIL}")])
    assert not page.all("img")
    assert not page.all("script")
    assert page.one(class_="cite-card__title").text == " ".join(EVIL.split())
    assert page.one("a").attributes["href"].startswith("https://a.example/")


def test_a_number_that_comes_twice_or_not_at_all_is_given_once():
    shown = showing_sources.shown_sources(
        [source(1), source(1, title="Again"), source(None), source("x"), source(-4), {}]
    )
    assert [each.index for each in shown] == [1, 3, 4, 5, 6]
    assert shown[-1].title == "Untitled page"


def test_the_page_says_truthfully_whether_the_model_searched():
    assert search([source()]).one("summary").words == "Searched the web, 1 source"
    asked = search([], "asked")
    assert "Did not search the web" in asked.root.words
    assert "did not say whether it was used" in search([], "untold").root.words
    assert showing_sources.sources_html(ANSWER, [], "") == ""


def test_an_answer_without_a_search_offers_one():
    button = search([], "asked").one("button")
    assert button.attributes["data-action"] == "search-again"
    assert button.attributes["data-message"] == ANSWER
    assert not search([], "asked", read_only=True).all("button")
    assert not search([], "asked", running=True).all("button")
    assert not search([source()]).all("button")


# ---- the page, the export, the reviewer ----------------------------------------------------------------


@pytest.fixture
def answered(tree):
    answer = tree.answer(
        tree.ask(),
        "Take a boat [ref_1].",
        reasoning="Hm.",
        reasoning_ms=3000,
        options={"search": True},
        sources=[source(title=EVIL), source(2, url="javascript:alert(1)")],
    )
    stored(answer, 1, name="fetch_page", result=EVIL, duration_ms=90, origin="a.example")
    stored(answer, 0, arguments='{"city": "杭州"}', result="Sunny ``` ````", title="Weather")
    return answer


def test_the_trail_has_thinking_calls_in_order_and_the_search(look, tree, answered):
    article = look(tree.url).one("article", class_="msg--assistant")
    trail = article.one("ol", class_="trail")
    assert "hidden" not in trail.attributes
    steps = [each for each in trail.children if not isinstance(each, str)]
    assert [step.attributes["data-step"] for step in steps] == [
        "thinking",
        "tool",
        "tool",
        "search",
    ]
    assert [step.attributes.get("data-tool") for step in steps] == [
        None,
        "current_weather",
        "fetch_page",
        None,
    ]
    assert not article.all("img")


def test_calls_are_shown_where_nothing_was_thought(look, tree):
    stored(tree.answer(tree.ask()))
    trail = look(tree.url).one("ol", class_="trail")
    assert "hidden" not in trail.attributes
    assert not trail.all(data_step="thinking")
    assert trail.one(data_step="tool")


def test_answer_now_is_offered_while_the_model_thinks_and_not_later(look, tree):
    answer = tree.answer(
        tree.ask(), "", status="streaming", reasoning="Hm", heartbeat=timezone.now()
    )
    button = look(tree.url).one("button", data_action="answer-now")
    assert "hidden" not in button.attributes
    assert button.attributes["data-message"] == str(answer.id)
    answer.text, answer.status, answer.reasoning_ms = "Yes.", "complete", 900
    answer.save()
    assert not look(tree.url).all("button", data_action="answer-now")


def test_a_waiting_call_asks_again_on_every_page_that_is_opened(look, tree):
    answer = tree.answer(tree.ask(), "", status="streaming", heartbeat=timezone.now())
    call = stored(
        answer, status="waiting", side_effects=True, expires=timezone.now() + timedelta(minutes=9)
    )
    ask = look(tree.url).one("div", class_="tool--ask")
    approve = ask.one("button", data_action="approve")
    assert approve.attributes["data-call"] == str(call.id)


def test_an_exported_markdown_has_calls_and_sources_as_text(browser, tree, answered):
    text = browser.get(f"{tree.url}export/?as=markdown").content.decode()
    assert "> **current\\_weather** (Done)" in text
    assert "> **fetch\\_page** (Done · 90 ms · a.example)" in text
    assert "**Sources**\n\n1. " in text
    assert " <https://westlake.example.cn/boats?a=1>" in text
    assert text.index("current\\_weather") < text.index("Take a boat") < text.index("**Sources**")
    page = Page(MarkdownIt("commonmark", {"html": True}).render(text))
    assert not page.all("img")
    assert not page.all("script")
    assert not [a for a in page.all("a") if not a.attributes["href"].startswith("https://")]
    # A fence in a result closes nothing: all results are still code within quotes.
    assert [code.text for code in page.all("code")].count("Sunny ``` ````\n") == 1
    assert all(code.is_inside("blockquote") for code in page.all("code"))


def test_an_address_with_angle_brackets_ends_no_link_in_markdown():
    sources = [source(url="https://a.example/<b>/> <i>")]
    answer = type("Answer", (), {"sources": sources})
    text = exporting.sources_markdown(answer)
    assert "<https://a.example/%3Cb%3E/%3E%3Ci%3E>" in text


def test_an_exported_json_has_every_field(browser, tree, answered):
    whole = json.loads(browser.get(f"{tree.url}export/?as=json").content)
    answer = whole["messages"][1]
    assert [call["name"] for call in answer["calls"]] == ["current_weather", "fetch_page"]
    assert answer["calls"][0]["arguments"] == '{"city": "杭州"}'
    assert answer["calls"][0]["title"] == "Weather"
    assert answer["calls"][1]["result"] == EVIL
    assert answer["calls"][1]["duration_ms"] == 90
    assert answer["sources"][1]["url"] == "javascript:alert(1)"


def test_an_exported_page_has_calls_and_sources_and_runs_nothing(browser, tree, answered):
    page = Page(browser.get(f"{tree.url}export/?as=html").content.decode())
    assert page.all("code")[0].words == "current_weather"
    assert EVIL in [each.text for each in page.all("code")]
    assert page.all("a", class_="cite-card")[0].attributes["rel"].startswith("noopener")
    assert len(page.all("a", class_="cite-card")) == 1
    assert not page.all("button")
    assert not page.all("img")
    assert not page.all("script")
    assert ".tool__note" in page.one("style").text


def test_a_long_result_is_whole_in_an_export(browser, tree):
    stored(tree.answer(tree.ask()), result="x" * 50_000)
    assert "x" * 50_000 in browser.get(f"{tree.url}export/?as=markdown").content.decode()


def test_a_reviewer_sees_calls_and_sources_and_can_do_nothing_with_them(rita, tree, answered):
    stored(answered, 2, name="create_reminder", status="waiting", side_effects=True)
    client = signed_in(rita)
    path = f"/admin/conversations/conversation/{tree.conversation.id}/change/"
    response = client.get(path)
    assert response.status_code == 200
    page = Page(response.content.decode())
    article = page.one("article", class_="msg--assistant")
    assert len(article.all(data_step="tool")) == 3
    assert article.all("a", class_="cite-card")
    assert not article.all("form")
    assert not article.all(data_action="approve")
    assert not article.all("img")
    assert any(each.attributes["href"].endswith("css/tools.css") for each in page.all("link"))


def test_a_page_with_many_calls_asks_the_database_no_more_often(
    browser, tree, django_assert_max_num_queries
):
    answers = [tree.answer(tree.ask(after=tree.conversation.leaf)) for _ in range(5)]
    browser.get(tree.url)
    with django_assert_max_num_queries(60) as few:
        browser.get(tree.url)
    for answer in answers:
        for position in range(4):
            stored(answer, position, name=f"tool_{uuid.uuid4().hex[:4]}")
    with django_assert_max_num_queries(60) as many:
        browser.get(tree.url)
    assert len(many) <= len(few)


def test_trees_of_others_have_no_calls_of_mine(others, alice):
    tree = Tree(alice)
    stored(tree.answer(tree.ask()))
    assert others.get(tree.url).status_code == 404


def test_an_answer_in_json_is_exported_as_json(tree):
    text = '{"a_b": "*x*", "n": 1.50}'
    first = tree.answer(tree.ask(), text, options={"response_format": {"type": "json_object"}})
    tree.answer(tree.ask("And?", first), "I knew.", options={"search": True})
    markdown = exporting.as_markdown(tree.conversation)
    assert '```json\n{\n  "a_b": "*x*",\n  "n": 1.50\n}\n```' in markdown
    assert "*Did not search the web*" in markdown
    page = Page(exporting.as_html(tree.conversation))
    assert '"n": 1.50' in page.one("figure", class_="code").one("pre").text
