from __future__ import annotations

import re

import pytest
from django.db import DatabaseError

from conversations.models import Opening, Review

NOWHERE = "00000000-0000-4000-8000-000000000000"


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def test_reviewers_read_a_transcript_and_that_is_written_down(client, rita, alice, talk):
    client.force_login(rita)
    page = text_of(client.get(talk.url))
    assert "the-secret-question" in page
    assert "the-secret-answer" in page
    opening = Opening.objects.get()
    assert (opening.reader, opening.reader_name) == (rita.pk, "rita")
    assert (opening.owner, opening.owner_name) == (alice.pk, "alice")
    assert opening.conversation == talk.conversation.id
    assert opening.what == "transcript"
    assert opening.address == "127.0.0.1"


@pytest.mark.parametrize(("who", "status"), [("sam", 403), ("alice", 403), ("bob", 403)])
def test_others_read_nothing_not_even_their_own_there(client, request, who, status, talk):
    client.force_login(request.getfixturevalue(who))
    response = client.get(talk.url, follow=True)
    assert response.status_code == status
    assert "the-secret" not in response.content.decode()
    assert not Opening.objects.exists()


def test_the_signed_out_are_sent_to_the_sign_in_page(client, talk):
    response = client.get(talk.url, follow=True)
    assert response.request["PATH_INFO"] == "/accounts/login/"
    assert not Opening.objects.exists()


def test_superusers_are_written_down_as_well(client, root, talk):
    client.force_login(root)
    text_of(client.get(talk.url))
    assert Opening.objects.get().reader_name == "root"


def test_what_cannot_be_written_down_is_not_shown(client, rita, talk, monkeypatch):
    def full(*args, **kwargs):
        raise DatabaseError("disk full")

    monkeypatch.setattr(Opening, "save", full)
    client.raise_request_exception = False
    client.force_login(rita)
    response = client.get(talk.url)
    assert response.status_code == 500
    assert b"the-secret" not in response.content


def test_the_record_is_written_before_anything_is_read(
    client, rita, talk, django_assert_max_num_queries
):
    client.force_login(rita)
    with django_assert_max_num_queries(40) as queries:
        client.get(talk.url)
    statements = [query["sql"] for query in queries.captured_queries]
    written = next(i for i, sql in enumerate(statements) if "INSERT" in sql and "_opening" in sql)
    first_read = next(i for i, sql in enumerate(statements) if '"conversations_message"' in sql)
    assert written < first_read


def test_every_opening_is_a_line_of_its_own(client, rita, talk):
    client.force_login(rita)
    for _ in range(3):
        client.get(talk.url)
    assert Opening.objects.count() == 3
    assert text_of(client.get(talk.url)).count("opened the transcript") == 4


@pytest.mark.parametrize("query", ["leaf=x", f"leaf={NOWHERE}", f"before={NOWHERE}"])
def test_a_branch_that_is_not_there_is_not_found(client, rita, talk, query):
    client.force_login(rita)
    assert client.get(f"{talk.url}?{query}").status_code == 404


@pytest.mark.parametrize("id_", ["x", NOWHERE, "1"])
def test_a_conversation_that_is_not_there_is_not_found(client, rita, id_):
    client.force_login(rita)
    assert client.get(f"/admin/conversations/conversation/{id_}/change/").status_code == 404


def test_another_conversations_message_opens_no_branch(client, rita, bob, talk, talk_of):
    other = talk_of(bob).says("elsewhere")
    client.force_login(rita)
    assert client.get(f"{talk.url}?leaf={other.id}").status_code == 404


def test_every_branch_can_be_reached(client, rita, alice, talk_of):
    talk = talk_of(alice)
    first = talk.says("question one")
    talk.answers("answer A", first)
    talk.answers("answer B", first)
    together = {"options": {"models": ["qwen-plus", "qwen-max"]}}
    second = talk.says("question two")
    talk.answers("lane A", second, **together)
    talk.answers("lane B", second, model="qwen-max", **together)
    client.force_login(rita)
    seen, ahead = set(), [""]
    while ahead:
        query = ahead.pop()
        page = text_of(client.get(talk.url + query))
        links = set(re.findall(r'href="(\?leaf=[0-9a-f-]+)', page)) - seen
        seen |= links
        ahead += links
        for words in ("question one", "answer A", "answer B", "question two", "lane A", "lane B"):
            if words in page:
                seen.add(words)
    assert {"question one", "answer A", "answer B", "question two", "lane A", "lane B"} <= seen


def test_long_conversations_come_in_pages(client, rita, alice, talk_of, settings):
    settings.LIMITS = type(settings.LIMITS)(messages_per_page=3)
    talk = talk_of(alice)
    last = None
    for number in range(8):
        last = talk.says(f"message-{number}.", last)
    client.force_login(rita)
    page = text_of(client.get(talk.url))
    found = re.findall(r"message-\d\.", page)
    assert found == ["message-5.", "message-6.", "message-7."]
    older = re.search(r'href="(\?leaf=[^"]*before=[^"]*)"', page).group(1).replace("&amp;", "&")
    page = text_of(client.get(talk.url + older))
    assert re.findall(r"message-\d\.", page) == ["message-2.", "message-3.", "message-4."]
    assert "Newer messages" in page


def test_a_long_page_costs_no_more_queries(client, rita, talk, django_assert_max_num_queries):
    client.force_login(rita)
    last = talk.conversation.leaf
    for _ in range(15):
        last = talk.answers("x", talk.says("y", last))
    client.get(talk.url)  # renders what was never rendered, once
    with django_assert_max_num_queries(22):
        client.get(talk.url)


def test_nothing_that_only_the_owner_may_do_is_offered(client, rita, talk):
    client.force_login(rita)
    page = text_of(client.get(talk.url))
    for action in ("copy", "edit", "regenerate", "retry", "continue", "source", "stop"):
        assert f'data-action="{action}"' not in page


def test_what_people_wrote_is_text(client, rita, alice, talk_of):
    talk = talk_of(alice, system="<script>alert(3)</script>")
    question = talk.says("<script>alert(1)</script>")
    talk.answers("<script>alert(2)</script>", question)
    client.force_login(rita)
    page = text_of(client.get(talk.url))
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") == 3


def test_the_exact_requests_are_shown_and_written_down(client, rita, talk):
    answer = talk.conversation.leaf
    client.force_login(rita)
    link = re.search(r'href="([^"]*/requests/)"', text_of(client.get(talk.url))).group(1)
    assert str(answer.id) in link
    page = text_of(client.get(link))
    assert "/chat/completions" in page
    assert "request-1" in page
    assert "你好 &lt;b&gt;" in page
    opening = Opening.objects.first()
    assert (opening.what, opening.message) == ("requests", answer.id)


def test_requests_are_for_reviewers_and_of_this_conversation(client, rita, sam, bob, talk, talk_of):
    base = f"/admin/conversations/conversation/{talk.conversation.id}/messages"
    elsewhere = talk_of(bob).says("elsewhere")
    client.force_login(rita)
    assert client.get(f"{base}/{elsewhere.id}/requests/").status_code == 404
    client.force_login(sam)
    assert client.get(f"{base}/{talk.conversation.leaf_id}/requests/").status_code == 403
    assert not Opening.objects.exists()


def test_marking_as_reviewed_keeps_the_note(client, rita, talk):
    client.force_login(rita)
    url = talk.url.replace("/change/", "/review/")
    response = client.post(url, {"note": "处理得体 <b>"}, follow=True)
    page = text_of(response)
    assert "Marked as reviewed." in page
    assert "处理得体 &lt;b&gt;" in page
    review = Review.objects.get()
    assert (review.reviewer, review.reviewer_name, review.messages) == (rita, "rita", 2)
    rita.delete()
    review.refresh_from_db()
    assert (review.reviewer, review.reviewer_name) == (None, "rita")


def test_a_note_that_is_too_long_stays_in_the_form(client, rita, talk):
    client.force_login(rita)
    response = client.post(talk.url.replace("/change/", "/review/"), {"note": "n" * 4001})
    assert response.status_code == 422
    page = response.content.decode()
    assert "n" * 4001 in page
    assert 'aria-invalid="true"' in page
    assert not Review.objects.exists()
    # The transcript is on that page, so it counts as opened.
    assert Opening.objects.count() == 1


def test_reviewing_needs_the_permission_and_a_post(client, rita, sam, talk):
    url = talk.url.replace("/change/", "/review/")
    client.force_login(sam)
    assert client.post(url, {"note": ""}).status_code == 403
    client.force_login(rita)
    assert client.get(url).status_code == 405
    assert not Review.objects.exists()


def test_deleting_a_conversation_takes_its_reviews_and_leaves_the_record(client, rita, talk, alice):
    client.force_login(rita)
    client.get(talk.url)
    client.post(talk.url.replace("/change/", "/review/"), {"note": "about it"})
    kept = str(talk.conversation.id)
    alice.delete()
    assert not Review.objects.exists()
    opening = Opening.objects.first()
    assert str(opening.conversation) == kept
    assert opening.owner_name == "alice"


def test_the_page_speaks_chinese_too(client, rita, talk):
    client.force_login(rita)
    client.cookies["django_language"] = "zh-hans"
    assert '<html lang="zh-Hans"' in text_of(client.get(talk.url))
