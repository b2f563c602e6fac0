"""The cast, which every test may use: alice and bob are members, rita reviews, sam is staff, root may all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Browser tests run without pytest-asyncio; its settings in pyproject.toml stay known."""
    if not pluginmanager.has_plugin("asyncio"):
        parser.addini("asyncio_mode", "of pytest-asyncio")
        parser.addini("asyncio_default_fixture_loop_scope", "of pytest-asyncio")


# CI tries the same examples every time, so that a change is judged by what it changed; everywhere else
# new ones are tried at each run.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.org", PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.org", PASSWORD)


@pytest.fixture
def rita(db: None) -> User:
    user = User.objects.create_user("rita", "rita@example.org", PASSWORD, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="review_conversation"))
    return user


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_user("sam", "sam@example.org", PASSWORD, is_staff=True)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@example.org", PASSWORD)
