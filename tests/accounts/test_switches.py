"""What settings alone switch on: each in a process of its own, since settings are read once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

BARE = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("QWENCHAT_", "EMAIL_", "DJANGO_"))
}


def has(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def run(code, tmp_path, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={
            **BARE,
            "DJANGO_SETTINGS_MODULE": "qwenchat.settings",
            "QWENCHAT_DATA": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


PAGES = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
settings.ALLOWED_HOSTS.append("testserver")
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_user("alice", password="correct horse battery")
client = Client()
"""
TOTP = (
    PAGES
    + """
client.post("/accounts/login/", {"login": "alice", "password": "correct horse battery"})
asked = client.get(reverse("mfa_activate_totp"), follow=True)
assert asked.request["PATH_INFO"] == reverse("account_reauthenticate")
assert "sign__form" in asked.content.decode()
there = {"password": "correct horse battery", "next": reverse("mfa_activate_totp")}
page = client.post(reverse("account_reauthenticate"), there, follow=True).content.decode()
assert "sign__form" in page and "btn btn--solid" in page and "input input--lg" in page, page
from allauth.mfa.totp.internal import auth
import time
secret = client.session["mfa.totp.secret"]
code = auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))
assert client.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
client.post("/accounts/logout/")
answer = client.post("/accounts/login/", {"login": "alice", "password": "correct horse battery"})
assert answer.headers["Location"].startswith(reverse("mfa_authenticate")), answer.headers
page = client.get(answer.headers["Location"]).content.decode()
assert "sign__form" in page
print("fine")
"""
)
OIDC = (
    PAGES
    + """
page = client.get("/accounts/login/").content.decode()
assert "Our directory" in page and "btn btn--outline btn--lg btn--block" in page, page
page = client.get("/accounts/oidc/oidc/login/").content.decode()
assert "sign__form" in page and 'method="post"' in page, page
print("fine")
"""
)


@pytest.mark.skipif(not has("qrcode", "fido2"), reason="needs the extra `totp`")
def test_a_second_factor_is_switched_on_by_settings_alone(tmp_path):
    done = run(TOTP, tmp_path, QWENCHAT_TOTP="true")
    assert done.stdout.strip() == "fine", done.stderr


@pytest.mark.skipif(not has("requests", "jwt"), reason="needs the extra `oidc`")
def test_openid_connect_is_switched_on_by_settings_alone(tmp_path):
    done = run(
        OIDC,
        tmp_path,
        QWENCHAT_OIDC_SERVER="http://127.0.0.1:1/",
        QWENCHAT_OIDC_NAME="Our directory",
        QWENCHAT_OIDC_CLIENT_ID="id",
        QWENCHAT_OIDC_CLIENT_SECRET="secret",
    )
    assert done.stdout.strip() == "fine", done.stderr


@pytest.mark.parametrize(
    ("modules", "extra", "environment"),
    [
        (("qrcode", "fido2"), "totp", {"QWENCHAT_TOTP": "true"}),
        (("requests", "jwt"), "oidc", {"QWENCHAT_OIDC_SERVER": "https://id.example.org"}),
    ],
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, modules, extra, environment):
    # Hidden even where it is installed, so that this says the same everywhere.
    hide = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); import qwenchat.settings"
    done = run(hide, tmp_path, **environment)
    assert done.returncode == 1
    assert "ImproperlyConfigured" in done.stderr
    assert f"qwenchat[{extra}]" in done.stderr
    assert modules[0] in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"EMAIL_HOST": "mail.example.org"}, "QWENCHAT_URL"),
        ({"QWENCHAT_EMAIL_VERIFICATION": "mandatory"}, "EMAIL_HOST"),
        ({"QWENCHAT_EMAIL_VERIFICATION": "maybe"}, "expected one of"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(tmp_path, environment, words):
    done = run("import qwenchat.settings", tmp_path, **environment)
    assert "ImproperlyConfigured" in done.stderr
    assert words in done.stderr.splitlines()[-1]


CONFIRMATION = (
    PAGES
    + r"""
from django.core import mail
from django.test.utils import setup_test_environment
setup_test_environment()
data = {"username": "carol", "password1": "correct horse battery", "email": "carol@example.org"}
page = client.post("/accounts/signup/", data, follow=True)
assert page.request["PATH_INFO"] == "/accounts/confirm-email/", page.request
import re
body = mail.outbox[0].body
[link] = re.findall(r"https://chat.example.org(/accounts/confirm-email/\S+)", body)
assert "sign__form" in client.get(link).content.decode()
assert client.post(link).status_code == 302
data = {"login": "carol", "password": "correct horse battery"}
assert client.post("/accounts/login/", data).headers["Location"] == "/"
print("fine")
"""
)


def test_confirming_addresses_is_switched_on_by_settings_alone(tmp_path):
    done = run(
        CONFIRMATION,
        tmp_path,
        EMAIL_HOST="mail.example.org",
        QWENCHAT_URL="https://chat.example.org",
        QWENCHAT_EMAIL_VERIFICATION="mandatory",
        QWENCHAT_SIGNUP="open",
    )
    assert done.stdout.strip() == "fine", done.stderr
