"""Alice's and bob's browsers with an upload at hand, and what is left behind on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from attachments import space
from attachments.models import Attachment, DerivedFile, StoredFile

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.http import HttpResponse

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def _places(settings, tmp_path: Path) -> None:
    """Each test has folders of its own; work is over when the upload's answer is there."""
    settings.QWENCHAT_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.ATTACHMENTS_BACKGROUND = False


class Person:
    """Somebody's browser."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user, backend=BACKEND)

    def post(self, name: str, content: bytes, *, content_type: str = "") -> HttpResponse:
        file = SimpleUploadedFile(name, content, content_type or "application/octet-stream")
        return self.client.post("/attachments/", {"file": file})

    def brings(self, name: str, content: bytes) -> dict[str, Any]:
        """A file that is taken; its JSON."""
        response = self.post(name, content)
        assert response.status_code == 201, response.content.decode()
        found = response.json()
        assert found["status"] == "ready", found
        return found

    def get(self, url: str, **headers: str) -> HttpResponse:
        """The response, with what was streamed as its `body`."""
        response = self.client.get(url, headers={**headers})
        if response.streaming:
            response.body = response.getvalue()
        return response

    def body(self, url: str, **headers: str) -> bytes:
        response = self.get(url, **headers)
        assert response.status_code in (200, 206), response.status_code
        return response.body

    def delete(self, url: str) -> HttpResponse:
        return self.client.delete(url)


@pytest.fixture
def hers(alice: User) -> Person:
    return Person(alice)


@pytest.fixture
def his(bob: User) -> Person:
    return Person(bob)


def files_on_disk(settings) -> list[Path]:
    """Every file in storage and staging."""
    folders = (settings.MEDIA_ROOT, space.staging())
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def nothing_is_left(settings) -> bool:
    rows = (model.objects.count() for model in (Attachment, StoredFile, DerivedFile))
    return not any(rows) and files_on_disk(settings) == []


def attachment(found: dict[str, Any]) -> Attachment:
    return Attachment.objects.select_related("file").get(id=found["id"])
