"""Secrets at rest: what opens them, and what does not."""

from __future__ import annotations

import stat

import pytest
from django.core.management import CommandError, call_command

from conversations.toolbox import sealing
from conversations.toolbox.models import ToolServer

SECRETS = {"Authorization": "Bearer s3cret", "X-Ünï": "值"}


def test_what_is_sealed_opens_again_and_shows_nothing(settings, tmp_path):
    settings.QWENCHAT_SECRETS_KEY = "a key"
    sealed = sealing.seal(SECRETS)
    assert "s3cret" not in sealed
    assert "Authorization" not in sealed
    assert sealing.unseal(sealed) == SECRETS
    assert sealing.seal(SECRETS) != sealed  # nobody sees that two servers have the same


def test_nothing_is_nothing():
    assert sealing.seal({}) == ""
    assert sealing.unseal("") == {}


def test_another_key_opens_nothing(settings):
    settings.QWENCHAT_SECRETS_KEY = "a key"
    sealed = sealing.seal(SECRETS)
    settings.QWENCHAT_SECRETS_KEY = "another"
    with pytest.raises(sealing.SealError):
        sealing.unseal(sealed)


@pytest.mark.parametrize("change", [lambda text: text[:-2], lambda text: "x" + text, lambda _: "é"])
def test_a_changed_text_opens_nothing(settings, change):
    settings.QWENCHAT_SECRETS_KEY = "a key"
    with pytest.raises(sealing.SealError):
        sealing.unseal(change(sealing.seal(SECRETS)))


def test_without_a_key_one_is_made_for_its_owner_only(settings, tmp_path):
    settings.QWENCHAT_SECRETS_KEY = ""
    settings.QWENCHAT_DATA = tmp_path
    settings.SECRET_KEY = "one"
    sealed = sealing.seal(SECRETS)
    settings.SECRET_KEY = "two"  # cookies can be signed anew without losing the secrets
    assert sealing.unseal(sealed) == SECRETS
    file = tmp_path / "secrets-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("")
    with pytest.raises(sealing.SealError):
        sealing.unseal(sealed)


# ---- another key --------------------------------------------------------------------------------------


@pytest.fixture
def keys(settings, tmp_path):
    settings.QWENCHAT_DATA = tmp_path

    def keys(text):
        settings.QWENCHAT_SECRETS_KEY = text

    return keys


def test_older_keys_open_and_the_newest_seals(keys):
    keys("old")
    sealed = sealing.seal(SECRETS)
    keys("new, old")
    assert sealing.unseal(sealed) == SECRETS
    anew = sealing.resealed(sealed)
    keys("new")
    assert sealing.unseal(anew) == SECRETS
    with pytest.raises(sealing.SealError):
        sealing.unseal(sealed)
    with pytest.raises(sealing.SealError):
        sealing.resealed(sealed)


def test_the_key_in_the_file_opens_until_it_is_deleted(keys, tmp_path):
    keys("")
    sealed = sealing.seal(SECRETS)
    keys("named")
    assert sealing.unseal(sealed) == SECRETS
    anew = sealing.resealed(sealed)
    (tmp_path / "secrets-key").unlink()
    assert sealing.unseal(anew) == SECRETS
    assert not (tmp_path / "secrets-key").exists()  # nobody needs one


def test_a_file_that_is_no_key_is_said(keys, tmp_path):
    (tmp_path / "secrets-key").write_bytes(b"\xff\xfe")
    keys("")
    with pytest.raises(sealing.SealError, match="cannot be read"):
        sealing.seal(SECRETS)
    keys("named")
    assert sealing.unseal(sealing.seal(SECRETS)) == SECRETS


def server(name, secrets):
    return ToolServer.objects.create(
        name=name, url="https://tools.example.org/mcp", sealed=sealing.seal(secrets)
    )


def test_a_command_seals_all_secrets_under_the_newest_key(db, keys, capsys):
    keys("old")
    one, two, none = server("one", SECRETS), server("two", {"X": "y"}), server("none", {})
    keys("new,old")
    call_command("reseal_secrets")
    assert "the secrets of 2 tool servers" in capsys.readouterr().out
    keys("new")
    for each, secrets in ((one, SECRETS), (two, {"X": "y"}), (none, {})):
        each.refresh_from_db()
        assert each.secrets() == secrets


def test_the_command_names_the_servers_whose_secrets_no_key_opens(db, keys, capsys):
    keys("lost")
    lost = server("lost", SECRETS)
    keys("old")
    other = server("other", SECRETS)
    keys("new,old")
    with pytest.raises(CommandError, match="secrets of: lost"):
        call_command("reseal_secrets")
    keys("new,lost")
    for each in (lost, other):
        sealed = each.sealed
        each.refresh_from_db()
        assert each.secrets() == SECRETS
        assert (each.sealed == sealed) == (each is lost)  # the key may come back
