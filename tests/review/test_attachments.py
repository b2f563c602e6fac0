"""Files in a transcript: whoever opened it sees them, and nobody else who is not their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attachments.models import Attachment
from conversations.models import MessageAttachment, Opening
from tests.attachments.making import encoded, film, pdf, picture
from tests.pages.reading import Page

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.QWENCHAT_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"


def brings(owner, name, content):
    client = Client()
    client.force_login(owner, backend=BACKEND)
    file = SimpleUploadedFile(name, content, "application/octet-stream")
    response = client.post("/attachments/", {"file": file})
    assert response.status_code == 201, response.content
    return Attachment.objects.get(id=response.json()["id"])


def attach(message, *attachments):
    for position, attachment in enumerate(attachments, message.attached.count()):
        MessageAttachment.objects.create(message=message, attachment=attachment, position=position)


@pytest.fixture
def photo(alice, talk):
    """A picture at the question that rita may review."""
    found = brings(alice, "lake.png", encoded(picture(), "PNG"))
    attach(talk.conversation.messages.get(number=1), found)
    return found


def status(client, url):
    response = client.get(url)
    if response.streaming:
        b"".join(response)
    return response.status_code


def test_an_opened_transcript_shows_its_files_and_they_load(client, rita, alice, talk, photo):
    document = brings(alice, "plan.pdf", pdf(["Tea at five"]))
    clip = brings(alice, "boat.mp4", film(seconds=3))
    attach(talk.conversation.messages.get(number=1), document, clip)
    client.force_login(rita)
    page = Page(client.get(talk.url).content.decode())
    image = page.one("img", alt="lake.png")
    video = page.one("video")
    assert page.all("a", href=photo.get_absolute_url())
    assert "hidden" not in video.attributes
    assert "controls" in video.attributes
    addresses = [photo.get_absolute_url(), image.attributes["src"], video.attributes["src"]]
    addresses += [f"/attachments/{document.id}/", f"/attachments/{document.id}/text/"]
    addresses += [one.attributes["src"] for one in page.one("div", "strip").all("img")]
    for address in addresses:
        assert status(client, address) == 200, address


def test_the_page_offers_nothing_that_only_its_owner_may_do(client, rita, talk, photo):
    client.force_login(rita)
    question = Page(client.get(talk.url).content.decode()).all("article")[0]
    assert "data-attachments" not in question.attributes
    assert not [one for one in question.walk() if "data-action" in one.attributes]


@pytest.mark.parametrize("what", ["", "thumbnail/"])
def test_files_of_a_transcript_that_was_not_opened_are_missing(client, rita, photo, what):
    client.force_login(rita)
    assert status(client, photo.get_absolute_url() + what) == 404


def test_opening_one_conversation_shows_no_files_of_another(
    client, rita, alice, talk_of, talk, photo
):
    client.force_login(rita)
    client.get(talk_of(alice).url)
    assert status(client, photo.get_absolute_url()) == 404


@pytest.mark.parametrize("who", ["bob", "sam"])
def test_strangers_and_staff_who_do_not_review_see_nothing(client, request, who, rita, talk, photo):
    reader = Client()
    reader.force_login(rita, backend=BACKEND)
    reader.get(talk.url)
    client.force_login(request.getfixturevalue(who), backend=BACKEND)
    client.get(talk.url)
    assert status(client, photo.get_absolute_url()) == 404


def test_what_was_added_after_the_opening_wants_another_one(client, rita, alice, talk):
    client.force_login(rita)
    client.get(talk.url)
    late = brings(alice, "late.png", encoded(picture(colour="green"), "PNG"))
    attach(talk.says("and this?", talk.conversation.leaf), late)
    assert status(client, late.get_absolute_url()) == 404
    client.get(talk.url)
    assert status(client, late.get_absolute_url()) == 200


def test_an_opening_of_yesterday_is_over(client, rita, talk, photo, monkeypatch):
    client.force_login(rita)
    client.get(talk.url)
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=23))
    assert status(client, photo.get_absolute_url()) == 200
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=25))
    assert status(client, photo.get_absolute_url()) == 404


def test_who_may_no_longer_review_sees_nothing_any_more(client, rita, talk, photo):
    client.force_login(rita)
    client.get(talk.url)
    rita.user_permissions.clear()
    assert status(client, photo.get_absolute_url()) == 404


def test_reviewers_cannot_delete_or_list_what_they_see(client, rita, talk, photo):
    client.force_login(rita)
    client.get(talk.url)
    assert client.delete(photo.get_absolute_url()).status_code == 404
    assert "lake.png" not in client.get("/attachments/").content.decode()
    assert Attachment.objects.filter(id=photo.id).exists()
    assert Opening.objects.filter(reader=rita.pk).count() == 1
