"""The way in: who may, how much, how often, and what is left when it goes wrong half-way."""

from __future__ import annotations

import errno
import io
import threading
from dataclasses import replace

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.core.cache import cache
from django.test import Client

from attachments import intake, pipeline, space, storing
from attachments.models import Attachment, StoredFile
from attachments.views.files import HOUR

from . import making
from .conftest import BACKEND, files_on_disk, nothing_is_left

PNG = making.encoded(making.picture(), "PNG")
MEGABYTE = 1024 * 1024


def multipart(
    name: str, content: bytes, *, field: str = "file", end: bool = True
) -> tuple[bytes, str]:
    head = (
        f'--XX\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    return head + content + (b"\r\n--XX--\r\n" if end else b""), "multipart/form-data; boundary=XX"


def test_an_upload_is_answered_in_the_protocols_form(hers, alice):
    response = hers.post("lake.png", PNG)
    assert response.status_code == 201
    found = response.json()
    row = Attachment.objects.get()
    assert (row.owner, str(row.id)) == (alice, found["id"])
    assert response["Location"] == found["url"] == f"/attachments/{row.id}/"
    assert found["thumbnail_url"] == f"/attachments/{row.id}/thumbnail/"
    wanted = {
        "id", "kind", "name", "size", "content_type", "status", "width", "height", "duration",
        "frames", "pages", "url", "thumbnail_url", "error",
    }  # fmt: skip
    assert wanted <= set(found)
    assert [found[name] for name in ("duration", "frames", "pages", "error")] == [None] * 4
    assert hers.get(found["url"], accept="application/json").json() == found


def test_the_signed_out_are_told_in_json(db):
    response = Client().post("/attachments/", {"file": io.BytesIO(PNG)})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthenticated"


def test_the_token_is_needed_and_its_header_is_enough(alice, settings):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend=BACKEND)
    body, content_type = multipart("a.png", PNG)
    assert strict.post("/attachments/", body, content_type).status_code == 403
    assert nothing_is_left(settings)
    strict.get("/attachments/")
    token = strict.cookies["csrftoken"].value
    headers = {"X-CSRFToken": token}
    assert strict.post("/attachments/", body, content_type, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=XX"),
        (b"{}", "application/json"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"nonsense", "multipart/form-data"),
        (b"--XX\r\nnonsense", "multipart/form-data; boundary=XX"),
        (multipart("a.png", PNG, field="picture")[0], "multipart/form-data; boundary=XX"),
        (multipart("", PNG)[0], "multipart/form-data; boundary=XX"),
    ],
)
def test_a_request_without_a_file_is_invalid(hers, settings, body, content_type):
    response = hers.client.post("/attachments/", body, content_type)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
    assert response.json()["error"]["field"] == "file"
    assert nothing_is_left(settings)


def test_only_the_first_file_of_a_request_is_taken(hers):
    first, _ = multipart("a.png", PNG, end=False)
    body = first + b"\r\n" + multipart("b.txt", b"hello")[0]
    response = hers.client.post("/attachments/", body, "multipart/form-data; boundary=XX")
    assert response.json()["name"] == "a.png"
    assert Attachment.objects.count() == 1


def test_the_same_content_is_stored_once_for_an_owner(hers, his, settings):
    first = hers.brings("a.png", PNG)
    stored = len(files_on_disk(settings))
    second = hers.brings("again.png", PNG)
    assert first["id"] != second["id"]
    assert second["name"] == "again.png"
    assert StoredFile.objects.count() == 1
    assert len(files_on_disk(settings)) == stored
    his.brings("a.png", PNG)
    assert StoredFile.objects.count() == 2
    assert len(files_on_disk(settings)) == 2 * stored


def test_a_known_content_under_a_lying_name_is_refused_all_the_same(hers):
    hers.brings("a.png", PNG)
    assert hers.post("a.pdf", PNG).status_code == 415
    assert hers.post("a.svg", PNG).status_code == 415


def test_limits_are_those_of_the_kind(hers, settings):
    settings.LIMITS = replace(
        settings.LIMITS, image_bytes=len(PNG) - 1, document_bytes=10 * MEGABYTE
    )
    response = hers.post("a.png", PNG)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"
    hers.brings("a.txt", b"a" * len(PNG))
    assert files_on_disk(settings)


def test_an_upload_that_says_it_is_too_large_is_not_even_read(hers, settings):
    settings.LIMITS = replace(
        settings.LIMITS, video_bytes=1000, document_bytes=1000, image_bytes=1000
    )
    response = hers.post("a.txt", b"a" * 200_000)
    assert response.status_code == 413
    assert nothing_is_left(settings)


def test_after_sixty_uploads_in_an_hour_comes_a_wait(hers, his, settings):
    settings.LIMITS = replace(settings.LIMITS, uploads_per_hour=2)
    hers.brings("a.png", PNG)
    hers.brings("b.png", PNG)
    response = hers.post("c.png", PNG)
    assert response.status_code == 429
    error = response.json()["error"]
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= HOUR
    assert response["Retry-After"] == str(error["retry_after"])
    his.brings("a.png", PNG)


def test_uploads_stop_when_the_counter_cannot_be_reached(hers, monkeypatch):
    def dead(*_args, **_kwargs):
        raise ConnectionError

    monkeypatch.setattr(cache, "incr", dead, raising=False)
    assert hers.post("a.png", PNG).status_code == 429


def test_everybody_has_so_much_room(hers, settings):
    hers.brings("a.png", PNG)
    settings.LIMITS = replace(
        settings.LIMITS, storage_bytes_per_user=space.kept_bytes(hers.user) + 5
    )
    response = hers.post("b.txt", b"hello, world")
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "quota_exceeded"
    assert StoredFile.objects.count() == 1
    hers.brings("c.png", PNG)  # costs nothing


# ---- half-way ---------------------------------------------------------------------------------------


def test_a_disk_without_room_is_said_before_anything_is_read(hers, settings):
    settings.LIMITS = replace(settings.LIMITS, free_bytes=10**18)
    response = hers.post("a.png", PNG)
    assert response.status_code == 507
    assert response.json()["error"]["code"] == "storage_full"
    assert nothing_is_left(settings)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_fills_up_while_storing_leaves_nothing(hers, settings, monkeypatch, number):
    puts = []
    put = storing.put

    def full(source):
        puts.append(source)
        if len(puts) == 2:
            raise OSError(number, "no room")
        return put(source)

    monkeypatch.setattr(storing, "put", full)
    response = hers.post("a.png", PNG)
    assert response.status_code == 507
    assert len(puts) == 2
    assert nothing_is_left(settings)


def test_a_database_that_fails_leaves_no_file(hers, settings, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no row")

    monkeypatch.setattr(pipeline, "record", broken)
    with pytest.raises(RuntimeError):
        hers.post("a.txt", b"hello")
    assert nothing_is_left(settings)


def test_a_body_that_ends_in_the_middle_of_a_picture_leaves_nothing(hers, settings):
    body, content_type = multipart("a.png", PNG[: len(PNG) // 2], end=False)
    response = hers.client.post("/attachments/", body, content_type)
    assert response.status_code in (400, 422)
    assert nothing_is_left(settings)


@pytest.mark.django_db(transaction=True)
async def test_a_browser_that_goes_away_leaves_nothing(settings):
    body, content_type = multipart("a.png", PNG)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/attachments/",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    application = ApplicationCommunicator(get_asgi_application(), scope)
    await application.send_input(
        {"type": "http.request", "body": body[: len(body) // 2], "more_body": True}
    )
    await application.send_input({"type": "http.disconnect"})
    await application.wait()
    assert files_on_disk(settings) == []


def test_two_uploads_of_one_content_at_once_become_one_file(hers, settings, monkeypatch):
    """The second finds the first's row only when it stores its own."""
    hers.brings("a.txt", b"the same")
    known = intake.attach_to_known
    calls = []

    def late(user, staged):
        calls.append(staged)
        return None if len(calls) == 1 else known(user, staged)

    monkeypatch.setattr(intake, "attach_to_known", late)
    hers.brings("b.txt", b"the same")
    assert len(calls) == 2
    assert StoredFile.objects.count() == 1
    assert Attachment.objects.count() == 2
    assert len(files_on_disk(settings)) == 2  # the upload and its text


# ---- in the background ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_long_work_goes_on_after_the_answer(hers, settings, monkeypatch):
    settings.ATTACHMENTS_BACKGROUND = True
    monkeypatch.setattr(intake, "PATIENCE_S", 0)
    gate = threading.Event()
    derive = pipeline.derive

    def slow(file):
        gate.wait(20)
        derive(file)

    monkeypatch.setattr(pipeline, "derive", slow)
    done = []
    submit = pipeline.background.submit
    monkeypatch.setattr(
        pipeline.background, "submit", lambda file: done.append(submit(file)) or done[-1]
    )
    response = hers.post("a.mp4", making.film())
    found = response.json()
    assert (response.status_code, found["status"]) == (201, "processing")
    assert found["thumbnail_url"] is None
    assert hers.get(found["url"], accept="application/json").json()["status"] == "processing"
    early = hers.get(found["url"])
    assert early.status_code == 409
    assert early.json()["error"]["retry_after"] == 1
    gate.set()
    assert done[0].wait(30)
    ready = hers.get(found["url"], accept="application/json").json()
    assert ready["status"] == "ready"
    assert hers.body(ready["thumbnail_url"])


@pytest.mark.django_db(transaction=True)
def test_a_failure_after_the_answer_keeps_only_its_reason(hers, settings, monkeypatch):
    settings.ATTACHMENTS_BACKGROUND = True
    monkeypatch.setattr(intake, "PATIENCE_S", 0)
    settings.LIMITS = replace(settings.LIMITS, text_characters_kept=20)
    done = []
    submit = pipeline.background.submit
    monkeypatch.setattr(
        pipeline.background, "submit", lambda file: done.append(submit(file)) or done[-1]
    )
    found = hers.post("a.pdf", making.pdf(["many more words than twenty"])).json()
    assert done[0].wait(30)
    failed = hers.get(found["url"], accept="application/json").json()
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "too_large"
    assert "20" in failed["error"]["message"]
    assert hers.get(found["url"]).status_code == 404
    assert files_on_disk(settings) == []
    # Brought again, it begins anew.
    settings.LIMITS = replace(settings.LIMITS, text_characters_kept=2000)
    again = hers.post("a.pdf", making.pdf(["many more words than twenty"])).json()
    assert done[1].wait(30)
    assert hers.get(again["url"], accept="application/json").json()["status"] == "ready"


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_server_left_is_taken_up(hers):
    found = hers.brings("a.pdf", making.pdf(["words"]))
    row = Attachment.objects.get(id=found["id"]).file
    for piece in row.derived.all():
        piece.delete()
    StoredFile.objects.filter(id=row.id).update(status="processing", details={})
    assert pipeline.resume(alone=True) == 1
    # The queue is in order: what is handed in now is done after it.
    assert pipeline.background.submit(row.id).wait(30)
    assert hers.get(found["url"], accept="application/json").json()["status"] == "ready"
    assert b"words" in hers.body(f"{found['url']}text/")


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_deleted_while_it_is_prepared_leaves_nothing(hers, settings, monkeypatch):
    record = pipeline.record

    def late(file, found):
        hers.user.attachments.all().delete()
        record(file, found)

    monkeypatch.setattr(pipeline, "record", late)
    monkeypatch.setattr(intake, "refuse_failed", lambda _attachment: None)
    with pytest.raises(StoredFile.DoesNotExist):
        hers.post("a.pdf", making.pdf(["words"]))
    assert nothing_is_left(settings)


def test_each_step_can_be_run_again(hers, settings, django_capture_on_commit_callbacks):
    for name, content in (
        ("a.png", PNG),
        ("a.mp4", making.film()),
        ("a.pdf", making.pdf(["a"])),
        ("a.docx", making.word()),
        ("a.txt", b"text"),
    ):
        found = hers.brings(name, content)
        before = len(files_on_disk(settings))
        with django_capture_on_commit_callbacks(execute=True):
            pipeline.derive(Attachment.objects.get(id=found["id"]).file)
        again = hers.get(found["url"], accept="application/json").json()
        assert {**again, "details": 0} == {**found, "details": 0}
        assert len(files_on_disk(settings)) == before
