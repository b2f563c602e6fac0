"""Code that the model service ran, wherever an answer is shown: as code, with what is not known said."""

from __future__ import annotations

import json

import pytest
from django.utils import translation
from markdown_it import MarkdownIt

from conversations import interpreter, toolshow, visible
from conversations.models import ToolCall
from tests.pages.conftest import signed_in
from tests.pages.reading import Page

EVIL = "print('</code></pre><img src=x onerror=alert(1)>')  # ``` \u202e {{ 7 }}"
ON = {"code_interpreter": True, "tools": ["code_interpreter"]}


@pytest.fixture(autouse=True)
def _english():
    """Whatever language an earlier request has left behind."""
    with translation.override("en"):
        yield


def ran(message, code=EVIL, position=0):
    return ToolCall.objects.create(
        message=message,
        round=1,
        position=position,
        name=interpreter.NAME,
        title=interpreter.TITLE,
        origin=interpreter.ORIGIN,
        arguments=json.dumps({"code": code}) if code else "{}",
        result=interpreter.RESULT if code else interpreter.UNTOLD,
        status="done",
        by_service=True,
    )


@pytest.fixture
def computed(tree):
    answer = tree.answer(tree.ask("2?"), "It is 2.", model="qwen3.7-plus", options=ON)
    ran(answer)
    return answer


def line(look, tree):
    return look(tree.url).one("li", data_step="tool")


def test_the_card_has_the_code_in_colours_and_says_that_the_result_is_not_told(
    look, tree, computed
):
    shown = line(look, tree)
    assert (shown.attributes["data-tool"], shown.attributes["data-status"]) == (
        "code_interpreter",
        "done",
    )
    assert shown.one("summary").words.endswith("Done")
    (pane,) = shown.all("pre")
    assert pane.text == EVIL.replace("\u202e", "\\u202e")
    assert pane.attributes["aria-label"] == "Code"
    assert pane.one("span", class_="nb").text == "print"
    assert not shown.all("img")
    assert shown.one("p", class_="tool__note").words == (
        "The model service ran this code. It does not tell the result."
    )
    assert "Code interpreter" in shown.one("p", class_="tool__foot").words
    assert not look(tree.url).all(data_step="interpreter")


def test_a_run_whose_code_was_not_told_says_so(look, tree):
    ran(tree.answer(tree.ask(), options=ON), code="")
    shown = line(look, tree)
    assert not shown.all("pre")
    assert "neither the code nor the result" in shown.one("p", class_="tool__note").words


def test_long_code_is_bounded_and_whole_in_an_export(browser, look, tree):
    code = "x = 1\n" * 10_000
    ran(tree.answer(tree.ask(), options=ON), code=code)
    shown = line(look, tree)
    assert len(shown.one("pre").text) == visible.SHOWN_CHARACTERS
    assert "44,000 more characters" in shown.text
    assert not shown.one("pre").all("span")  # too long to be worth colours
    whole = browser.get(f"{tree.url}export/?as=markdown").content.decode()
    assert whole.count("> x = 1\n") == 10_000


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (ON, "complete", "The code interpreter was on; no code was run"),
        (
            {**ON, "protocol": "compatible"},
            "complete",
            "The code interpreter was on; the service did not say whether it ran code",
        ),
        (ON, "stopped", None),
        ({"tools": ["code_interpreter"]}, "complete", None),
    ],
)
def test_the_page_says_truthfully_whether_code_ran(look, tree, options, status, words):
    tree.answer(tree.ask(), options=options, status=status)
    lines = look(tree.url).all("li", data_step="interpreter")
    assert [each.words for each in lines] == ([words] if words else [])


def test_an_exported_markdown_has_the_code_as_code(browser, tree, computed):
    text = browser.get(f"{tree.url}export/?as=markdown").content.decode()
    assert "> **code\\_interpreter** (Done · model service)" in text
    assert "> ````python\n> print(" in text
    assert "It does not tell the result." in text
    page = Page(MarkdownIt("commonmark", {"html": True}).render(text))
    assert not page.all("img")
    assert page.one("code").text.startswith("print(")


def test_an_exported_json_marks_it_as_the_service_s(browser, tree, computed):
    whole = json.loads(browser.get(f"{tree.url}export/?as=json").content)
    (call,) = whole["messages"][1]["calls"]
    assert call["by_service"] is True
    assert json.loads(call["arguments"]) == {"code": EVIL}
    assert call["result"] == interpreter.RESULT


def test_an_exported_page_has_the_code_and_runs_nothing(browser, tree, computed):
    page = Page(browser.get(f"{tree.url}export/?as=html").content.decode())
    assert any(each.text.startswith("print('</code>") for each in page.all("code"))
    assert "It does not tell the result." in page.root.words
    assert not page.all("img")


def test_a_reviewer_reads_the_code(rita, tree, computed):
    path = f"/admin/conversations/conversation/{tree.conversation.id}/change/"
    page = Page(signed_in(rita).get(path).content.decode())
    article = page.one("article", class_="msg--assistant")
    assert article.one(data_step="tool").one("pre").text.startswith("print(")
    assert not article.all("img")


def test_the_menu_lists_it_apart_and_nobody_can_force_it(look):
    menu = look("/").one(id_="tools-pop")
    box = menu.one("input", value="code_interpreter")
    assert box.attributes["data-needs"] == "interpreter"
    assert "At the model service" in [each.words for each in menu.all("legend")]
    note = menu.one(data_slot="interpreter-note")
    assert "hidden" in note.attributes
    choices = [each.attributes["value"] for each in menu.one("select").all("option")]
    assert "code_interpreter" not in choices
    assert "calculator" in choices


def test_its_run_never_waits_for_anybody(computed):
    call = ToolCall.objects.get()
    call.status = "waiting"
    html = toolshow.call_html(call, computed.id)
    assert 'data-action="approve"' not in html


@pytest.mark.parametrize(("text", "button"), [("", "retry"), ("It", "continue")])
def test_an_answer_that_was_cut_goes_on_from_words_and_not_from_what_ran(look, tree, text, button):
    answer = tree.answer(tree.ask(), text, options=ON, status="interrupted", reasoning="Hm.")
    ran(answer)
    actions = [each.attributes.get("data-action") for each in look(tree.url).all("button")]
    assert button in actions
    assert ({"retry", "continue"} - {button}).isdisjoint(actions)
