from __future__ import annotations

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User

PASSWORD = "correct horse battery"
SIGNUP = "/accounts/signup/"


def sign_up(client, username="carol", password=PASSWORD, **more):
    return client.post(SIGNUP, {"username": username, "password1": password, **more}, follow=True)


def test_open_sign_up_makes_an_account_and_signs_in(client, db, settings):
    settings.QWENCHAT_SIGNUP = "open"
    assert "Create one" in client.get("/accounts/login/").content.decode()
    response = client.post(SIGNUP, {"username": "carol", "password1": PASSWORD})
    assert response.headers["Location"] == "/"
    assert get_user(client).username == "carol"
    carol = User.objects.get(username="carol")
    assert carol.check_password(PASSWORD)
    assert not carol.is_staff


def test_the_address_is_optional_and_kept(client, db, settings):
    settings.QWENCHAT_SIGNUP = "open"
    sign_up(client, email="Carol@Example.org")
    assert User.objects.get(username="carol").email == "carol@example.org"


def test_approval_makes_an_account_that_waits(client, db, settings):
    settings.QWENCHAT_SIGNUP = "approval"
    assert "Ask for one" in client.get("/accounts/login/").content.decode()
    page = sign_up(client).content.decode()
    assert "Waiting for approval" in page
    assert not get_user(client).is_authenticated
    assert not User.objects.get(username="carol").is_active
    again = client.post(
        "/accounts/login/", {"login": "carol", "password": PASSWORD}, follow=True
    ).content.decode()
    assert "Waiting for approval" in again
    assert not get_user(client).is_authenticated


def test_approval_holds_for_who_comes_from_elsewhere_too(rf, db, settings):
    from allauth.account.adapter import get_adapter

    settings.QWENCHAT_SIGNUP = "approval"
    # The parts for OpenID Connect make their accounts with this, without a form.
    assert not get_adapter().new_user(rf.get("/")).is_active
    settings.QWENCHAT_SIGNUP = "open"
    assert get_adapter().new_user(rf.get("/")).is_active


def test_staff_find_who_waits_and_approve(client, db, settings, root):
    settings.QWENCHAT_SIGNUP = "approval"
    sign_up(client)
    carol = User.objects.get(username="carol")
    gone = User.objects.create_user("gone", is_active=False)
    User.objects.filter(pk=gone.pk).update(last_login="2026-01-01T00:00:00Z")
    client.force_login(root)
    listed = client.get("/admin/auth/user/?approval=waiting").content.decode()
    assert ">carol<" in listed
    assert ">gone<" not in listed
    response = client.post(
        "/admin/auth/user/",
        {"action": "approve", "_selected_action": [carol.pk, gone.pk]},
        follow=True,
    )
    assert "1 person can sign in now." in response.content.decode()
    carol.refresh_from_db()
    gone.refresh_from_db()
    assert carol.is_active
    assert not gone.is_active
    client.logout()
    assert (
        client.post("/accounts/login/", {"login": "carol", "password": PASSWORD}).headers[
            "Location"
        ]
        == "/"
    )


def test_closed_sign_up_says_so_and_makes_nothing(client, db, settings):
    settings.QWENCHAT_SIGNUP = "closed"
    assert SIGNUP not in client.get("/accounts/login/").content.decode()
    page = client.get(SIGNUP)
    assert page.status_code == 403
    assert "No new accounts here" in page.content.decode()
    assert sign_up(client).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["ALICE", "Ａlice", "alice"])
def test_a_name_is_taken_in_any_spelling(client, alice, settings, name):
    settings.QWENCHAT_SIGNUP = "open"
    sign_up(client, name)
    assert User.objects.count() == 1


def test_a_name_cannot_look_like_an_address(client, alice, settings):
    settings.QWENCHAT_SIGNUP = "open"
    page = sign_up(client, "alice@example.org").content.decode()
    assert "cannot have an @" in page
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password", "carol1234"])
def test_weak_passwords_are_refused_at_their_field(client, db, settings, password):
    settings.QWENCHAT_SIGNUP = "open"
    page = sign_up(client, password=password).content.decode()
    assert 'id="id_password1_error"' in page
    assert not User.objects.exists()


def test_chinese_names_are_names(client, db, settings):
    settings.QWENCHAT_SIGNUP = "open"
    sign_up(client, "林夏")
    assert get_user(client).username == "林夏"
