"""What belongs to somebody else is exactly as missing as what never was."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from conversations.sharing import links
from conversations.sharing.frozen import Choice
from tests.pages.conftest import Tree

PAGES = ["", "thread/", "menu/", "rename/", "share/", "delete/"]


def addresses(conversation, message):
    return [
        *(f"/c/{conversation}/{page}" for page in PAGES),
        f"/c/{conversation}/export/?as=json",
        f"/c/{conversation}/?leaf={message}",
        f"/c/{conversation}/?before={message}",
        f"/messages/{message}/source/",
        f"/messages/{message}/request/",
    ]


def test_other_people_get_the_same_404_as_for_ids_that_never_were(tree, browser, others):
    answer = tree.answer(tree.ask())
    real = addresses(tree.conversation.id, answer.id)
    made_up = addresses(uuid.uuid4(), uuid.uuid4())
    for theirs, nobodys in zip(real, made_up, strict=True):
        refused, missing = others.get(theirs), others.get(nobodys)
        assert refused.status_code == missing.status_code == 404
        assert refused.headers["Content-Type"] == missing.headers["Content-Type"]
        assert refused.content.replace(theirs.encode(), b"") == missing.content.replace(
            nobodys.encode(), b""
        )
        assert browser.get(theirs).status_code == 200, theirs


def test_other_people_cannot_change_a_conversation(tree, others, bob):
    answer = tree.answer(tree.ask())
    share = links.make(tree.conversation, answer.id, Choice())
    base = f"/c/{tree.conversation.id}/"
    for path, fields in [
        ("branch/", {"message": str(answer.id)}),
        ("rename/", {"title": "Mine"}),
        ("share/", {}),
        (f"share/{share.id}/end/", {}),
        ("delete/", {}),
    ]:
        assert others.post(base + path, fields).status_code == 404
    own = Tree(bob)
    own.answer(own.ask())
    assert others.post(f"{own.url}share/{share.id}/end/").status_code == 404
    tree.conversation.refresh_from_db()
    assert tree.conversation.title == "Tea"
    assert [one.id for one in tree.conversation.shares.all()] == [share.id]


def test_a_message_of_another_conversation_is_no_branch_of_this_one(tree, browser, alice):
    tree.answer(tree.ask())
    elsewhere = Tree(alice, "Coffee")
    stranger = elsewhere.answer(elsewhere.ask())
    path = f"/c/{tree.conversation.id}/branch/"
    assert browser.post(path, {"message": str(stranger.id)}).status_code == 404
    assert browser.post(path, {"message": "no id"}).status_code == 404
    assert browser.get(f"{tree.url}?leaf={stranger.id}").status_code == 404


def test_json_routes_say_not_found_in_the_protocols_form(others):
    for kind in ("source", "request"):
        response = others.get(f"/messages/{uuid.uuid4()}/{kind}/")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"
        assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/", "/c/7b8e5b1e-8a3f-4e57-9a39-0d5cbe1b7a11/", "/conversations/"]
)
def test_signed_out_people_sign_in_first_and_come_back(db, path):
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


def test_a_fragment_for_the_signed_out_turns_the_whole_page(db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/c/x/?leaf=1"}
    response = Client().get("/conversations/", headers=headers)
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/accounts/login/?next=/c/x/"


def test_data_for_the_signed_out_is_an_error_in_json(db):
    response = Client().get(f"/messages/{uuid.uuid4()}/request/")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"


def test_changes_need_a_post_with_the_token(tree, alice):
    tree.answer(tree.ask())
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post(f"{tree.url}delete/").status_code == 403
    assert strict.post(f"{tree.url}share/").status_code == 403
    assert strict.get(f"{tree.url}branch/").status_code == 405
    tree.conversation.refresh_from_db()
