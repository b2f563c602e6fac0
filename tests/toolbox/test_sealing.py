"""Secrets at rest: what opens them, and what does not."""

from __future__ import annotations

import stat

import pytest

from conversations.toolbox import sealing

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
