"""The way out: to the owner only, whole or in part, with headers that let nothing run."""

from __future__ import annotations

import uuid

import pytest
from django.test import AsyncClient, Client

from attachments import access, removal, storing, usage
from attachments.models import Attachment, StoredFile

from . import making
from .conftest import BACKEND, files_on_disk, nothing_is_left

PNG = making.encoded(making.picture(), "PNG")
TEXT = bytes(range(32, 127)) * 50


def addresses(found) -> list[str]:
    base = f"/attachments/{found}/"
    return [
        base,
        *(base + rest for rest in ("thumbnail/", "text/", "frames/", "frames/0/", "pages/1/")),
    ]


def test_other_people_get_the_same_answer_as_for_ids_that_never_were(hers, his):
    found = hers.brings("a.png", PNG)
    for theirs, nobodys in zip(addresses(found["id"]), addresses(uuid.uuid4()), strict=True):
        for method in ("get", "head"):
            refused, missing = (getattr(his.client, method)(url) for url in (theirs, nobodys))
            assert refused.status_code == missing.status_code == 404
            assert refused.content == missing.content
            assert dict(refused.headers) == dict(missing.headers)
    for url in (addresses(found["id"])[0], addresses(uuid.uuid4())[0]):
        assert his.get(url, accept="application/json").status_code == 404
        assert his.delete(url).status_code == 404
        assert his.client.post(f"{url}delete/").status_code == 404
    assert Attachment.objects.count() == 1


def test_the_signed_out_see_nothing(hers):
    found = hers.brings("a.png", PNG)
    for url in addresses(found["id"]):
        assert Client().get(url).status_code == 401
    assert Client().delete(found["url"]).status_code == 401
    assert Client().get("/attachments/").status_code == 302


def test_a_rule_may_let_somebody_else_read_and_nothing_more(hers, his, monkeypatch):
    found = hers.brings("a.png", PNG)
    monkeypatch.setattr(access, "_grants", [])
    access.grant(lambda user, _attachment: user.username == "bob")
    assert his.get(found["url"]).status_code == 200
    assert his.delete(found["url"]).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 99),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=4700-", 206, 4700, 4749),
        ("bytes=-50", 206, 4700, 4749),
        ("bytes=-99999", 206, 0, 4749),
        ("bytes=0-999999", 206, 0, 4749),
        ("bytes=4749-4749", 206, 4749, 4749),
        ("bytes=4750-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,5-6", 200, 0, 4749),
        ("bytes=9-3", 200, 0, 4749),
        ("bytes=-", 200, 0, 4749),
        ("lines=1-2", 200, 0, 4749),
        ("bytes=a-b", 200, 0, 4749),
        ("bytes=0x1-0x2", 200, 0, 4749),
        ("bytes=٣-٤", 200, 0, 4749),
        ("bytes=" + "9" * 40 + "-", 200, 0, 4749),
    ],
)
def test_one_range_is_honoured_and_others_are_not(hers, asked, status, start, end):
    assert len(TEXT) == 4750
    found = hers.brings("a.txt", TEXT)
    response = hers.get(found["url"], range=asked)
    assert response.status_code == status
    assert response["Accept-Ranges"] == "bytes"
    if status == 416:
        assert response["Content-Range"] == "bytes */4750"
        return
    assert response.body == TEXT[start : end + 1]
    assert response["Content-Length"] == str(end + 1 - start)
    if status == 206:
        assert response["Content-Range"] == f"bytes {start}-{end}/4750"


def test_a_range_of_another_version_is_not_given(hers):
    found = hers.brings("a.txt", TEXT)
    tag = hers.get(found["url"])["ETag"]
    assert hers.get(found["url"], range="bytes=0-9", if_range=tag).status_code == 206
    assert hers.get(found["url"], range="bytes=0-9", if_range='"other"').status_code == 200


def test_head_says_the_same_without_the_bytes(hers):
    found = hers.brings("a.txt", TEXT)
    head, whole = hers.client.head(found["url"]), hers.get(found["url"])
    assert head.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Content-Disposition", "Accept-Ranges"):
        assert head[name] == whole[name]
    part = hers.client.head(found["url"], headers={"range": "bytes=0-9"})
    assert (part.status_code, part["Content-Length"]) == (206, "10")


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.png", PNG, "inline"),
        ("a.mp4", making.film(), "inline"),
        ("a.pdf", making.pdf(["a"]), "attachment"),
        ("合同.txt", b"text", "attachment"),
        ("a.js", b"alert(1)", "attachment"),
    ],
)
def test_nothing_that_is_served_can_run(hers, name, content, shown):
    found = hers.brings(name, content)
    for url in (found["url"], found["thumbnail_url"]):
        if url is None:
            continue
        response = hers.get(url)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response["Cache-Control"] == "private, no-store"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    response = hers.get(found["url"])
    assert response["Content-Disposition"].startswith(shown)
    assert "html" not in response["Content-Type"]
    assert "javascript" not in response["Content-Type"]


def test_a_missing_file_is_not_found_and_logged(hers, caplog):
    found = hers.brings("a.txt", TEXT)
    storing.remove(StoredFile.objects.get().path)
    assert hers.get(found["url"]).status_code == 404
    assert hers.client.head(found["url"]).status_code == 404
    assert "a stored file is missing" in caplog.text


@pytest.mark.django_db(transaction=True)
async def test_files_are_streamed_through_asgi_piece_by_piece(alice, hers, settings):
    from asgiref.sync import sync_to_async

    content = b"0123456789abcdef" * 65_536
    found = await sync_to_async(hers.brings)("a.txt", content)
    client = AsyncClient()
    await client.aforce_login(alice, backend=BACKEND)
    response = await client.get(found["url"])
    pieces = [piece async for piece in response.streaming_content]
    assert b"".join(pieces) == content
    assert len(pieces) == 4
    response.close()


# ---- the end of a file ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_everything_with_it(hers, settings):
    for name, content in (("a.png", PNG), ("a.mp4", making.film()), ("a.pdf", making.pdf(["a"]))):
        found = hers.brings(name, content)
        response = hers.delete(found["url"])
        assert (response.status_code, response.content) == (204, b"")
        assert hers.get(found["url"]).status_code == 404
        assert hers.delete(found["url"]).status_code == 404
        assert nothing_is_left(settings)


@pytest.mark.django_db(transaction=True)
def test_shared_content_stays_until_the_last_label_is_gone(hers, settings):
    first, second = hers.brings("a.png", PNG), hers.brings("b.png", PNG)
    hers.delete(first["url"])
    assert hers.get(second["url"]).status_code == 200
    hers.delete(second["url"])
    assert nothing_is_left(settings)


@pytest.fixture
def used():
    """Ids that a message uses."""
    ids: set[uuid.UUID] = set()

    def finder(asked):
        return {one: [usage.Use("Tea <b>", "/c/1/")] for one in asked if one in ids}

    usage.register(finder)
    yield ids
    usage.unregister(finder)


@pytest.mark.django_db(transaction=True)
def test_what_a_message_uses_stays(hers, used, settings):
    found = hers.brings("a.png", PNG)
    used.add(uuid.UUID(found["id"]))
    response = hers.delete(found["url"])
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "busy"
    assert hers.get(found["url"]).status_code == 200
    assert removal.delete_unused(used) == 0
    ids = set(used)
    used.clear()
    assert removal.delete_unused(ids) == 1
    assert nothing_is_left(settings)


@pytest.mark.django_db(transaction=True)
def test_a_persons_files_go_with_the_person(hers, his, settings):
    hers.brings("a.mp4", making.film())
    his.brings("a.png", PNG)
    before = len(files_on_disk(settings))
    hers.user.delete()
    assert StoredFile.objects.count() == 1
    assert 0 < len(files_on_disk(settings)) < before
    his.user.delete()
    assert nothing_is_left(settings)


# ---- the page ---------------------------------------------------------------------------------------


def test_the_page_lists_finds_and_sorts(hers, his, used):
    small = hers.brings("b <b>.txt", b"a")
    hers.brings("合同.pdf", making.pdf(["a" * 500]))
    hers.brings("a.png", PNG)
    his.brings("secret.txt", b"his")
    used.add(uuid.UUID(small["id"]))
    page = hers.client.get("/attachments/").content.decode()
    assert page.index("a.png") < page.index("合同.pdf") < page.index("b &lt;b&gt;.txt")
    assert "secret.txt" not in page
    assert 'href="/c/1/"' in page
    assert "Tea &lt;b&gt;" in page
    assert page.count("/delete/") == 2
    named = hers.client.get("/attachments/?sort=name").content.decode()
    assert named.index("a.png") < named.index("b &lt;b&gt;.txt") < named.index("合同.pdf")
    found = hers.client.get("/attachments/?q=合同").content.decode()
    assert "合同.pdf" in found
    assert "a.png" not in found
    images = hers.client.get("/attachments/?kind=image&sort=largest").content.decode()
    assert "a.png" in images
    assert "合同.pdf" not in images
    assert hers.client.get("/attachments/?page=x&sort=x&kind=x&kept=x").status_code == 200
    assert "No file fits" in hers.client.get("/attachments/?q=nothing").content.decode()


def test_the_page_deletes_without_script(hers, used):
    found = hers.brings("a.png", PNG)
    used.add(uuid.UUID(found["id"]))
    response = hers.client.post(f"{found['url']}delete/", follow=True)
    assert "a.png” was not deleted" in response.content.decode()
    used.clear()
    response = hers.client.post(f"{found['url']}delete/", follow=True)
    assert "There are no files yet" in response.content.decode()
    assert not Attachment.objects.exists()


def test_the_page_asks_the_database_a_few_times_however_long_it_is(
    hers, django_assert_max_num_queries
):
    for number in range(12):
        hers.brings(f"{number}.txt", b"%d" % number)
    with django_assert_max_num_queries(8):
        assert hers.client.get("/attachments/").status_code == 200
