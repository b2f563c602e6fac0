from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user
from django.test import Client

PASSWORD = "correct horse battery"
NEW = "a fresh and long one"
CHANGE = "/accounts/password/change/"


@pytest.fixture
def mail(settings):
    settings.EMAIL_IS_SET_UP = True
    settings.QWENCHAT_URL = "https://chat.example.org"


def signed_in(user):
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert get_user(client).is_authenticated
    return client


def test_changing_the_password_ends_all_other_sessions(alice):
    here, elsewhere = signed_in(alice), signed_in(alice)
    response = here.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW}, follow=True)
    assert "Your other devices are signed out" in response.content.decode()
    assert get_user(here).is_authenticated
    assert not get_user(elsewhere).is_authenticated
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_the_current_password_is_needed(alice):
    client = signed_in(alice)
    page = client.post(CHANGE, {"oldpassword": "wrong", "password1": NEW}).content.decode()
    assert "That is not your current password." in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_new_password_is_checked(alice):
    client = signed_in(alice)
    page = client.post(CHANGE, {"oldpassword": PASSWORD, "password1": "alice"}).content.decode()
    assert 'id="id_password1_error"' in page


def test_changing_needs_a_session(client, alice):
    assert client.get(CHANGE).headers["Location"].startswith("/accounts/login/")


def test_the_admin_changes_passwords_there_too(client, root):
    client.force_login(root)
    assert client.get("/admin/password_change/").headers["Location"] == CHANGE


@pytest.mark.parametrize("path", ["password/reset/", "email/", "confirm-email/"])
def test_without_a_mail_server_there_is_no_reset(client, alice, path):
    client.force_login(alice)
    assert client.get(f"/accounts/{path}").status_code == 404
    client.logout()
    assert "Forgot it?" not in client.get("/accounts/login/").content.decode()


def test_a_reset_goes_by_mail_to_the_configured_host(client, alice, mail, mailoutbox):
    assert "Forgot it?" in client.get("/accounts/login/").content.decode()
    elsewhere = signed_in(alice)
    answer = client.post(
        "/accounts/password/reset/",
        {"email": "alice@example.org"},
        headers={"host": "localhost"},
        follow=True,
    )
    assert "a link is on its way" in answer.content.decode()
    [sent] = mailoutbox
    [link] = re.findall(r"https?://\S+", sent.body)
    assert link.startswith("https://chat.example.org/accounts/password/reset/key/")
    page = client.get(link.removeprefix("https://chat.example.org"), follow=True)
    done = client.post(page.request["PATH_INFO"], {"password1": NEW}, follow=True)
    assert "Your new password is set" in done.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert not get_user(elsewhere).is_authenticated
    used_up = client.get(link.removeprefix("https://chat.example.org"), follow=True)
    assert "This link is used up" in used_up.content.decode()


def test_an_unknown_address_gets_the_same_answer(client, alice, mail, mailoutbox):
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert "a link is on its way" in answer.content.decode()
    assert not any("/reset/key/" in sent.body for sent in mailoutbox)
