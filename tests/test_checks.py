"""System checks: each unsafe combination is said, and nothing is said about a good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenchat import checks

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

PRODUCTION = {
    "ALLOWED_HOSTS": ["chat.example.org"],
    "ON_LOOPBACK": False,
    "HTTPS": True,
    "BEHIND_PROXY": True,
    "QWENCHAT_SIGNUP": "closed",
    "CSRF_TRUSTED_ORIGINS": [],
    "DASHSCOPE_API_KEY": "sk-0123456789abcdef",
    "DASHSCOPE_BASE_URL": checks.SERVICE,
    "DASHSCOPE_NATIVE_URL": None,
    "QWENCHAT_MODELS": [],
    "QWENCHAT_DEFAULT_MODEL": "",
}


@pytest.fixture
def production(settings: SettingsWrapper, tmp_path: Path) -> SettingsWrapper:
    for name, value in PRODUCTION.items():
        setattr(settings, name, value)
    settings.QWENCHAT_DATA = tmp_path / "not" / "there" / "yet"
    return settings


def ids() -> list[str]:
    found = [
        *checks.model_service(None),
        *checks.data_folder(None),
        *checks.deployment(None),
    ]
    return [message.id for message in found]


def test_a_good_production_server_is_told_nothing(production: SettingsWrapper) -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("QWENCHAT_SIGNUP", "open", "qwenchat.W001"),
        ("ALLOWED_HOSTS", ["*"], "qwenchat.W002"),
        ("DASHSCOPE_API_KEY", "", "qwenchat.W003"),
        ("BEHIND_PROXY", False, "qwenchat.W004"),
        ("DASHSCOPE_BASE_URL", "dashscope.aliyuncs.com/compatible-mode/v1", "qwenchat.E001"),
        ("DASHSCOPE_BASE_URL", "", "qwenchat.E001"),
        ("DASHSCOPE_BASE_URL", "https://host:port/v1", "qwenchat.E001"),
        ("DASHSCOPE_NATIVE_URL", "ftp://dashscope.aliyuncs.com/api/v1", "qwenchat.E001"),
        ("DASHSCOPE_API_KEY", "sk-0123\nsk-4567", "qwenchat.E002"),
        ("QWENCHAT_DEFAULT_MODEL", "qwen-max", "qwenchat.E004"),
    ],
)
def test_what_does_not_fit_is_said(
    production: SettingsWrapper, name: str, value: object, id_: str
) -> None:
    production.QWENCHAT_MODELS = ["qwen-plus"]
    setattr(production, name, value)
    assert ids() == [id_]


def test_another_server_without_a_key_is_not_silently_replaced_by_the_sandbox(
    production: SettingsWrapper,
) -> None:
    production.DASHSCOPE_API_KEY = ""
    production.DASHSCOPE_BASE_URL = "http://127.0.0.1:11434/v1"
    assert "qwenchat.W005" in ids()


def test_any_host_is_fine_with_origins_of_its_own(production: SettingsWrapper) -> None:
    production.ALLOWED_HOSTS = ["*"]
    production.CSRF_TRUSTED_ORIGINS = ["https://chat.example.org"]
    assert ids() == []


def test_open_sign_up_is_fine_on_this_machine(production: SettingsWrapper) -> None:
    production.QWENCHAT_SIGNUP = "open"
    production.ON_LOOPBACK = True
    assert ids() == []


def test_a_data_folder_that_is_a_file_is_an_error(
    production: SettingsWrapper, tmp_path: Path
) -> None:
    file = tmp_path / "data"
    file.write_text("")
    production.QWENCHAT_DATA = file
    assert ids() == ["qwenchat.E003"]


def test_messages_say_what_to_do_and_never_show_the_key(production: SettingsWrapper) -> None:
    production.DASHSCOPE_API_KEY = "sk-secret value"
    (message,) = checks.model_service(None)
    assert message.hint
    assert "secret" not in f"{message.msg} {message.hint}"
