from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth import get_user
from django.urls import reverse

PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"


def sign_in(client, login="alice", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": login, "password": password, **more})


def alerts(response):
    text = re.sub(r"\s+", " ", response.content.decode())
    return re.findall(r'<div class="alert alert--danger".*?</div>', text)


def is_signed_in(client):
    return get_user(client).is_authenticated


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.org", " alice "])
def test_people_sign_in_with_their_name_or_their_address(client, alice, login):
    response = sign_in(client, login)
    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    assert is_signed_in(client)


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(client, alice):
    answers = {
        re.sub(r'value="[^"]*"', "", alerts(sign_in(client, login, "wrong"))[0])
        for login in ("alice", "alice@example.org", "nobody", "nobody@example.org")
    }
    assert len(answers) == 1
    assert "That did not match" in answers.pop()


@pytest.mark.parametrize("login", ["alice", "alice@example.org", "nobody", "nobody@example.org"])
def test_every_try_costs_one_hash_whoever_is_named(client, alice, login, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    sign_in(client, login, "wrong")
    assert len(hashed) == 1


def test_the_typed_name_stays_and_the_password_does_not(client, alice):
    page = sign_in(client, "alice", "wrong-password").content.decode()
    assert 'value="alice"' in page
    assert "wrong-password" not in page


def test_the_form_carries_the_fields_of_the_protocol(client, db):
    page = client.get(LOGIN).content.decode()
    assert 'name="login"' in page
    assert 'name="password"' in page
    assert 'name="csrfmiddlewaretoken"' in page
    assert "csrftoken" in client.cookies


def test_a_form_without_the_token_is_refused(alice):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403


def test_signing_in_gives_the_session_a_new_key(client, alice):
    client.get(LOGIN)
    session = client.session
    session["before"] = True
    session.save()
    sign_in(client)
    assert client.session.session_key != session.session_key
    assert not type(session)(session.session_key).exists(session.session_key)


def test_a_session_lasts_if_asked_and_else_until_the_browser_closes(client, alice):
    sign_in(client, remember="on")
    assert client.cookies["sessionid"]["max-age"]
    client.logout()
    sign_in(client)
    assert not client.cookies["sessionid"]["max-age"]
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("target", "ends_at"),
    [
        ("/c/0b9c7f6e-9b0a-4c53-8f8e-3d0f6f4f2d11/", None),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("https:///elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http://localhost/somewhere/", "/"),
    ],
)
def test_next_stays_on_this_host(client, alice, target, ends_at):
    response = sign_in(client, next=target)
    assert response.headers["Location"] == (ends_at or target)


def test_next_survives_a_wrong_password(client, alice):
    page = sign_in(client, "alice", "wrong", next="/c/1/").content.decode()
    assert '<input type="hidden" name="next" value="/c/1/">' in page


def test_who_is_signed_in_is_sent_on(client, alice):
    client.force_login(alice)
    assert client.get(LOGIN).headers["Location"] == "/"


def test_signing_out_asks_first_and_ends_the_session_on_the_server(client, alice):
    sign_in(client)
    key = client.session.session_key
    store = type(client.session)
    page = client.get("/accounts/logout/")
    assert page.status_code == 200
    assert is_signed_in(client)
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    assert not is_signed_in(client)
    assert not store(key).exists(key)
    assert "You are signed out." in client.get(LOGIN).content.decode()


def test_a_switched_off_account_is_told_so_only_with_its_password(client, alice):
    sign_in(client)
    client.post("/accounts/logout/")
    alice.refresh_from_db()
    alice.is_active = False
    alice.save()
    assert "That did not match" in alerts(sign_in(client, "alice", "wrong"))[0]
    response = client.post(LOGIN, {"login": "alice", "password": PASSWORD}, follow=True)
    assert "switched off" in response.content.decode()
    assert not is_signed_in(client)


def test_the_admin_is_entered_through_the_same_page(client, rita, alice):
    response = client.get("/admin/", follow=True)
    assert response.request["PATH_INFO"] == LOGIN
    # Django's own form does not exist: no password is looked at there.
    posted = client.post("/admin/login/", {"username": "rita", "password": PASSWORD})
    assert posted.status_code == 302
    assert posted.headers["Location"].startswith(LOGIN)
    assert not is_signed_in(client)
    assert sign_in(client, "rita", next="/admin/").headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    client.logout()
    sign_in(client, "alice")
    assert client.get("/admin/", follow=True).status_code == 403


def test_nothing_that_was_typed_is_logged(client, alice, caplog):
    caplog.set_level(logging.DEBUG)
    sign_in(client, "hunter2-as-name", "hunter2-as-password")
    for _ in range(6):
        sign_in(client, "alice", "hunter2-as-password")
    assert "sign-in failed" in caplog.text
    records = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "hunter2" not in records


def test_pages_speak_the_chosen_language(client, db):
    assert "Welcome back" in client.get(LOGIN).content.decode()
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": LOGIN})
    page = client.get(LOGIN).content.decode()
    assert '<html lang="zh-Hans"' in page
    assert reverse("account_login") in page


def test_the_language_switch_comes_back_to_the_page(client, db):
    page = client.get(f"{LOGIN}?next=/c/1/").content.decode()
    assert '<input type="hidden" name="next" value="/accounts/login/?next=/c/1/">' in page
    away = client.post("/i18n/setlang/", {"language": "en", "next": "https://elsewhere.example/"})
    assert away.headers["Location"] == "/"


@pytest.mark.parametrize("path", ["login/", "signup/", "inactive/"])
def test_pages_carry_no_inline_style_or_script(client, db, path):
    page = client.get(f"/accounts/{path}").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_an_empty_form_says_which_fields_are_missing(client, db):
    page = client.post(LOGIN, {}).content.decode()
    for name in ("login", "password"):
        field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page).group()
        assert 'aria-invalid="true"' in field
        described = re.search(r'aria-describedby="([^"]+)"', field).group(1)
        assert f'id="{described}"' in page


def test_a_form_goes_on_to_another_host_through_a_page(rf, db):
    # The policy lets forms end on this host only; signing in elsewhere starts with a form.
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpResponseRedirect

    from qwenchat.accounts.views import guarded

    away = "https://id.example.org/authorize?client_id=a&scope=openid"
    view = guarded(lambda request: HttpResponseRedirect(away))
    posted, asked = rf.post("/"), rf.get("/")
    posted.user = asked.user = AnonymousUser()
    page = view(posted)
    assert page.status_code == 200
    assert f'content="0; url={away.replace("&", "&amp;")}"' in page.content.decode()
    assert view(asked).headers["Location"] == away
