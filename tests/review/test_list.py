from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.utils import timezone

from conversations.models import Conversation, Message, Review

LIST = "/admin/conversations/conversation/"


def ids(response):
    assert response.status_code == 200
    found = re.findall(r"conversation/([0-9a-f-]{36})/change/", response.content.decode())
    return set(found)


def test_reviewers_find_conversations_without_reading_them(client, rita, talk):
    client.force_login(rita)
    page = client.get(LIST).content.decode()
    assert str(talk.conversation.id) in page
    assert "alice" in page
    assert "qwen-plus" in page
    assert "the-secret" not in page


@pytest.mark.parametrize("who", ["sam", "alice"])
def test_others_see_no_list(client, request, who, talk):
    client.force_login(request.getfixturevalue(who))
    assert client.get(LIST, follow=True).status_code == 403
    assert LIST not in client.get("/admin/", follow=True).content.decode()


def test_superusers_may_review(client, root, talk):
    client.force_login(root)
    assert ids(client.get(LIST)) == {str(talk.conversation.id)}


def test_every_filter_finds_what_it_names(client, rita, alice, bob, talk_of):
    good = talk_of(alice)
    good.answers("fine", good.says("one"))
    bad = talk_of(bob)
    question = bad.says("two")
    bad.answers("", question, status="failed", error_code="upstream_timeout", model="qwen-max")
    for _ in range(2):
        bad.says("more", question)
    old = timezone.now() - timedelta(days=40)
    Conversation.objects.filter(id=good.conversation.id).update(updated=old)
    Review.objects.create(conversation=good.conversation, reviewer_name="x", messages=2)
    good_id, bad_id = {str(good.conversation.id)}, {str(bad.conversation.id)}
    client.force_login(rita)
    now = timezone.now()
    updated = urlencode({"updated__gte": now - timedelta(days=1), "updated__lt": now})
    expected = {
        "q=alice": good_id,
        "q=bob@example": bad_id,
        f"q={bad.conversation.id}": bad_id,
        "model=qwen-max": bad_id,
        "status=failed": bad_id,
        "status=complete": good_id | bad_id,
        "error=upstream_timeout": bad_id,
        "messages=1-2": good_id,
        "messages=3-10": bad_id,
        "reviewed=yes": good_id,
        "reviewed=no": bad_id,
        updated: bad_id,
        f"owner__id__exact={alice.pk}": good_id,
        "q=alice&status=failed": set(),
    }
    assert {query: ids(client.get(f"{LIST}?{query}")) for query in expected} == expected


@pytest.mark.parametrize(
    "query",
    [
        "title__startswith=the",
        "title=the-secret-title",
        "messages__text__contains=secret",
        "system__contains=a",
        "owner__password__startswith=md5",
        "leaf__text__startswith=t",
    ],
)
def test_no_query_reaches_what_was_written(client, rita, talk, query):
    client.force_login(rita)
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 400


def test_searching_does_not_read_texts_or_titles(client, rita, talk):
    client.force_login(rita)
    assert ids(client.get(f"{LIST}?q=the-secret")) == set()


def test_all_models_that_ever_answered_can_be_chosen(client, rita, talk):
    question = talk.says("again")
    for model in ("qwen-max", "deepseek-r1", "qwen-max"):
        talk.answers("x", question, model=model)
    client.force_login(rita)
    page = client.get(LIST).content.decode()
    offered = re.findall(r"\?model=([\w-]+)", page)
    assert offered == ["deepseek-r1", "qwen-max", "qwen-plus"]


def test_nothing_is_added_changed_or_deleted_there(client, root, talk):
    client.force_login(root)
    url = f"{LIST}{talk.conversation.id}"
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{url}/change/", {"title": "x"}).status_code == 405
    client.post(
        LIST, {"action": "delete_selected", "_selected_action": [talk.conversation.id], "post": "1"}
    )
    assert Conversation.objects.filter(id=talk.conversation.id).exists()


def test_messages_requests_and_commands_are_seen_nowhere_else():
    registered = {model.__name__ for model in admin.site._registry}
    assert "Conversation" in registered
    assert not registered & {"Message", "Round", "Command", "Review"}


def test_the_list_costs_the_same_however_long_it_is(
    client, rita, alice, talk_of, django_assert_max_num_queries
):
    for _ in range(12):
        talk = talk_of(alice)
        talk.answers("b", talk.says("a"))
    assert Message.objects.count() == 24
    client.force_login(rita)
    with django_assert_max_num_queries(9):
        client.get(LIST)
