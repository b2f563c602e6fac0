"""Each state of an answer shows what happened and offers the next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Message, ToolCall


def answer_in(look, tree):
    return look(tree.url).one("article", class_="msg--assistant")


def actions(article):
    return [
        element.attributes["data-action"]
        for element in article.all()
        if "data-action" in element.attributes
    ]


@pytest.mark.parametrize("status", ["complete", "stopped"])
def test_what_the_service_did_not_count_is_an_estimate_and_says_so(look, tree, status):
    tree.answer(tree.ask(), "Green. " * 300, status=status, total_ms=2100)
    usage = answer_in(look, tree).one("span", class_="usage")
    assert usage.words == "about 701 out 2.1 s"
    first = next(figure for figure in usage.children if not isinstance(figure, str))
    assert first.attributes["title"].startswith("Tokens written, estimated")


def test_an_answer_of_nothing_is_no_estimate(look, tree):
    tree.answer(tree.ask(), "", status="failed", error_code="upstream_unavailable")
    assert "about" not in answer_in(look, tree).words


def test_a_complete_answer_has_its_text_figures_and_actions(look, tree):
    tree.answer(
        tree.ask(),
        "Drink **green** tea.",
        prompt_tokens=6214,
        cached_tokens=100,
        completion_tokens=96,
        reasoning_tokens=40,
        first_token_ms=600,
        total_ms=2100,
    )
    article = answer_in(look, tree)
    assert article.attributes["data-status"] == "complete"
    assert article.one("strong").text == "green"
    usage = article.one("span", class_="usage")
    assert usage.words == "6,214 in 96 out 0.6 s · 2.1 s"
    assert [
        figure.attributes["title"] for figure in usage.children if not isinstance(figure, str)
    ] == [
        "Tokens read, 100 of them from the cache",
        "Tokens written, 40 of them while thinking",
        "Time to the first token · in all",
    ]
    assert actions(article) == ["copy", "regenerate", "source", "request"]
    assert "aria-busy" not in article.attributes
    assert not article.all("div", class_="notice")


@pytest.mark.parametrize(("status", "badge"), [("queued", "Waiting"), ("streaming", "Writing")])
def test_a_running_answer_is_busy_and_shows_what_is_saved(look, tree, status, badge):
    tree.answer(tree.ask(), "So far.", status=status, heartbeat=timezone.now())
    article = answer_in(look, tree)
    assert article.attributes["aria-busy"] == "true"
    assert article.one(data_slot="badge").words == badge
    prose = article.one("div", class_="prose")
    assert prose.words == "So far."
    assert prose.one("div", data_slot="tail").text == ""
    assert "hidden" in article.one("ol", class_="trail").attributes
    assert not article.all("div", class_="msg__bar")


def test_an_answer_that_thinks_has_its_step_open(look, tree):
    tree.answer(tree.ask(), "", status="streaming", reasoning="Let me see")
    article = answer_in(look, tree)
    step = article.one("details")
    assert "open" in step.attributes
    assert step.one(data_slot="thinking-label").words == "Thinking"
    assert step.one(data_slot="reasoning").text == "Let me see"
    assert "hidden" not in article.one("ol", class_="trail").attributes


def test_an_answer_that_thought_says_for_how_long(look, tree):
    tree.answer(tree.ask(), reasoning="Hm.\n\n<b>", reasoning_ms=8200)
    step = answer_in(look, tree).one("details")
    assert "open" not in step.attributes
    assert step.one("summary").words == "Thought for 8 s"
    assert step.one(data_slot="reasoning").text == "Hm.\n\n<b>"


def test_a_stopped_answer_can_go_on(look, tree):
    tree.answer(tree.ask(), "Half", status="stopped")
    notice = answer_in(look, tree).one("div", class_="notice")
    assert notice.words == "You stopped this answer. Continue"
    assert actions(notice) == ["continue"]


def test_an_answer_stopped_before_its_first_word_can_be_asked_again(look, tree):
    tree.answer(tree.ask(), "", status="stopped")
    assert actions(answer_in(look, tree).one("div", class_="notice")) == ["retry"]


def test_an_interrupted_answer_says_that_the_server_restarted(look, tree):
    tree.answer(tree.ask(), "Half", status="interrupted")
    notice = answer_in(look, tree).one("div", class_="notice--warn")
    assert notice.words == (
        "The server restarted while this was being written. What you see is saved. Continue"
    )


def called(answer, **fields):
    return ToolCall.objects.create(
        message=answer, round=1, position=0, call_id="c1", name="lend", arguments="{}", **fields
    )


def test_an_answer_that_only_called_tools_can_go_on(look, tree):
    called(tree.answer(tree.ask(), "", status="interrupted"), status="running")
    article = answer_in(look, tree)
    assert "before the answer began" not in article.one("div", class_="notice").words
    assert actions(article.one("div", class_="notice")) == ["continue"]
    assert article.one("li", data_step="tool").attributes["data-status"] == "cancelled"


def test_an_interrupted_answer_whose_call_waits_goes_on_with_the_decision(look, tree):
    until = timezone.now() + timedelta(minutes=5)
    call = called(
        tree.answer(tree.ask(), "", status="interrupted"), status="waiting", expires=until
    )
    article = answer_in(look, tree)
    assert article.one("div", class_="notice").words == (
        "The server restarted. Allow or refuse the call, and the answer goes on."
    )
    assert article.all("button", data_action="approve")
    ToolCall.objects.filter(id=call.id).update(expires=timezone.now())
    article = answer_in(look, tree)
    assert not article.all("button", data_action="approve")
    assert actions(article.one("div", class_="notice")) == ["continue"]


def test_an_answer_cut_by_the_service_says_why(look, tree):
    tree.answer(tree.ask(), "Half", status="interrupted", error_code="upstream_timeout")
    notice = answer_in(look, tree).one("div", class_="notice--warn")
    assert notice.words == "The model service took too long. What you see is saved. Continue"


def test_an_answer_cut_by_its_length_can_go_on(look, tree):
    tree.answer(tree.ask(), "Half", finish_reason="length")
    notice = answer_in(look, tree).one("div", class_="notice")
    assert notice.words == "The answer reached its longest length. Continue"
    assert actions(notice) == ["continue"]


def test_a_failed_answer_says_what_happened_with_its_code(look, tree):
    tree.answer(tree.ask(), "", status="failed", error_code="upstream_auth")
    alert = answer_in(look, tree).one("div", class_="alert")
    assert alert.one("p", class_="alert__title").text == "The API key was refused"
    assert alert.one("code").text == "upstream_auth"
    assert actions(alert) == ["retry", "request"]


def test_a_refused_request_offers_to_edit_the_question(look, tree):
    question = tree.ask()
    tree.answer(question, "", status="failed", error_code="content_filtered")
    alert = answer_in(look, tree).one("div", class_="alert")
    edit = alert.one("button", data_action="edit")
    assert edit.attributes["data-message"] == str(question.id)


def test_a_model_that_is_missing_offers_the_picker(look, tree):
    tree.answer(tree.ask(), "", status="failed", error_code="model_not_found")
    button = answer_in(look, tree).one("button", data_action="choose-model")
    assert button.attributes["popovertarget"] == "model-pop"


def test_a_limited_request_counts_down_only_what_is_left(look, tree):
    now = timezone.now()
    answer = tree.answer(
        tree.ask(),
        "",
        status="failed",
        error_code="upstream_rate_limited",
        retry_after=60,
        heartbeat=now,
    )
    retry = answer_in(look, tree).one("button", data_action="retry")
    assert 50 <= int(retry.attributes["data-wait"]) <= 60
    assert retry.attributes["aria-disabled"] == "true"

    Message.objects.filter(id=answer.id).update(heartbeat=now - timedelta(minutes=5))
    retry = answer_in(look, tree).one("button", data_action="retry")
    assert "data-wait" not in retry.attributes
    assert retry.words == "Retry"


def test_a_trimmed_context_is_marked_before_the_first_message_that_was_sent(look, tree):
    first = tree.answer(tree.ask())
    second = tree.ask("And then?", after=first)
    tree.answer(second, "Then black.", context_from=second)
    thread = look(tree.url).one(id_="thread")
    parts = [child for child in thread.children if not isinstance(child, str)]
    kinds = [part.attributes.get("id", part.words) for part in parts]
    assert kinds.index("Earlier messages no longer fit the model’s window") + 1 == kinds.index(
        f"m-{second.id}"
    )


def test_rendered_html_is_kept_with_its_version_and_renewed_with_a_new_renderer(look, tree):
    from qwenchat import markup

    answer = tree.answer(tree.ask(), "*one*", html="<p>old</p>", render_version=0)
    assert answer_in(look, tree).one("em").text == "one"
    answer.refresh_from_db()
    assert answer.render_version == markup.RENDER_VERSION
    assert "<em>one</em>" in answer.html

    Message.objects.filter(id=answer.id).update(html="<p>kept</p>")
    assert answer_in(look, tree).one("div", class_="prose").words == "kept"


def test_a_reviewer_sees_the_answer_without_what_only_its_owner_may_do(tree):
    from conversations.presenting import message_html
    from tests.pages.reading import Page

    question = tree.ask()
    answer = tree.answer(question, "Half", status="stopped")
    for message in (question, answer):
        page = Page(message_html(message, None, read_only=True))
        assert page.one("article").attributes["id"] == f"m-{message.id}"
        assert not [e for e in page.all() if "data-action" in e.attributes]
