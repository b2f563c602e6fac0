"""The file interface through the official SDK: uploads, states, lists, deletion, refusals."""

from __future__ import annotations

import io
import tempfile
from contextlib import closing
from pathlib import Path

import openai
import pytest

from qwenchat.sandbox.files.store import FileStore
from qwenchat.sandbox.files.uploading import MAX_FILE_BYTES, MAX_IMAGE_BYTES, Upload
from qwenchat.sandbox.refusals import Refused

BOUNDARY = "frontier"


def upload(client, name="notes.txt", data=b"Some notes.", purpose="file-extract"):
    return client.files.create(file=(name, data), purpose=purpose)


def form(*parts):
    pieces = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n"
        for head, body in parts
    ]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def send(http, *parts):
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return http.post("/files", content=form(*parts), headers=headers)


def test_an_upload_is_told_as_the_service_tells_it(client):
    file = upload(client, "Bericht „März“.txt", "Grüße".encode())
    assert file.id.startswith("file-fe-")
    assert (file.object, file.bytes, file.purpose) == ("file", 7, "file-extract")
    assert file.filename == "Bericht „März“.txt"
    assert file.status == "processing"
    assert client.files.retrieve(file.id).id == file.id


def test_a_file_is_processed_after_a_while(client, ready):
    file = upload(client)
    assert ready(file.id).status == "processed"


def test_files_are_listed_newest_first_page_by_page(client):
    ids = [upload(client).id for _ in range(3)]
    first = client.files.list(limit=2, purpose="file-extract")
    assert [file.id for file in first.data] == [ids[2], ids[1]]
    assert first.has_more
    after = client.files.list(limit=1, after=ids[1])
    assert after.data[0].id == ids[0]
    assert {file.id for file in client.files.list(purpose="file-extract")} >= set(ids)


def test_lists_go_by_date_too(http, client):
    upload(client)
    assert http.get("/files", params={"create_before": "20200101"}).json()["data"] == []
    found = http.get("/files", params={"create_after": "2020-01-01 10:10:10"}).json()
    assert found["object"] == "list"
    assert found["data"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "0"}, "Range of limit should be [1, 2000]"),
        ({"limit": "x"}, "Range of limit should be [1, 2000]"),
        ({"purpose": "x"}, "x is not one of ['file-extract', 'batch'] - 'purpose'"),
        ({"after": "file-fe-no"}, "Invalid file [id:file-fe-no]."),
        (
            {"create_after": "May"},
            "May is not a date like 20251112 or 2025-11-12 10:10:10 - 'create_after'",
        ),
    ],
)
def test_lists_are_refused_by_their_query(http, query, message):
    refused = http.get("/files", params=query)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == message


def test_a_deleted_file_is_gone(client):
    file = upload(client)
    deleted = client.files.delete(file.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (file.id, "file", True)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.delete(file.id)


@pytest.mark.parametrize(
    ("name", "data", "purpose", "message"),
    [
        ("tune.mp3", b"x", "file-extract", "File [name:tune.mp3] format is not supported."),
        ("noending", b"x", "file-extract", "File [name:noending] format is not supported."),
        ("empty.txt", b"", "file-extract", "File [name:empty.txt] content blank."),
        ("a.txt", b"x", "batch", "File [name:a.txt] format is not supported."),
        ("a.txt", b"x", "assistants", "is not one of ['file-extract', 'batch'] - 'purpose'"),
    ],
)
def test_what_can_t_be_a_file_is_refused(client, name, data, purpose, message):
    with pytest.raises(openai.BadRequestError) as caught:
        upload(client, name, data, purpose)
    assert message in caught.value.message
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([('name="purpose"', b"file-extract")], "upload list is empty"),
        ([('name="file"; filename="a.txt"', b"x")], "'' is not one of ['file-extract', 'batch']"),
        ([("x", b"x")], "Required body invalid, please check the request body format"),
    ],
)
def test_forms_without_their_fields_are_refused(http, parts, message):
    refused = send(http, *parts)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith(message)


def test_a_body_that_is_no_form_is_refused(http):
    for body, kind in ((b"{}", "application/json"), (b"x", "multipart/form-data")):
        refused = http.post("/files", content=body, headers={"content-type": kind})
        assert refused.status_code == 400
    cut = form(('name="file"; filename="a.txt"', b"x" * 100))[:80]
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    assert "ends too early" in http.post("/files", content=cut, headers=headers).text


def test_paths_in_names_are_dropped(http):
    stored = send(
        http, ('name="purpose"', b"file-extract"), ('name="file"; filename="C:\\x\\a.md"', b"hi")
    )
    assert stored.json()["filename"] == "a.md"


def test_files_need_a_key_and_the_right_verb(http):
    assert http.get("/files", headers={"authorization": ""}).status_code == 401
    assert http.put("/files").status_code == 405
    assert http.delete("/files").status_code == 405


def received(store, name, size, piece=1024 * 1024):
    """An upload of so many bytes, in pieces; gives back the piece it was refused at."""
    taking = Upload(store, f"multipart/form-data; boundary={BOUNDARY}")
    taking.take(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    )
    sent = 0
    try:
        while sent < size:
            taking.take(bytes(piece))
            sent += piece
    except Refused as refused:
        return refused.failure, sent
    finally:
        taking.discard()
    return None, sent


@pytest.mark.parametrize(("name", "limit"), [("a.txt", MAX_FILE_BYTES), ("a.png", MAX_IMAGE_BYTES)])
def test_what_is_too_large_is_refused_as_soon_as_it_is(name, limit):
    with closing(FileStore()) as store:
        failure, sent = received(store, name, limit * 2)
        assert failure.message == f"File [name:{name}] exceeds size limit."
        assert sent <= limit
        assert list(store.folder.iterdir()) == []


def whole_upload(store):
    taking = Upload(store, f"multipart/form-data; boundary={BOUNDARY}")
    for byte in form(
        ('name="purpose"', b"file-extract"), ('name="file"; filename="a.txt"', b"text\r\n--")
    ):
        taking.take(bytes([byte]))  # no piece is too small
    try:
        return taking.store()
    finally:
        taking.discard()


def test_an_account_holds_so_many_files_and_bytes():
    with closing(FileStore(max_files=2, max_total_bytes=20, pace=0)) as store:
        stored = whole_upload(store)
        assert stored.path.read_bytes() == b"text\r\n--"
        whole_upload(store)
        with pytest.raises(Refused, match="exceeds the limit of 2"):
            whole_upload(store)
        store.delete(stored.id)
        whole_upload(store)
    with closing(FileStore(max_total_bytes=10, pace=0)) as small:
        whole_upload(small)
        with pytest.raises(Refused, match="exceed the limit of 10 bytes"):
            whole_upload(small)
        assert len(list(small.folder.iterdir())) == 1


def test_files_end_with_the_process():
    from qwenchat.sandbox.process import SandboxProcess

    def folders():
        return {path.name for path in Path(tempfile.gettempdir()).glob("qwenchat-sandbox-*")}

    before = folders()
    with SandboxProcess(rate=0) as process:
        with openai.OpenAI(base_url=process.base_url, api_key=process.api_key) as client:
            client.files.create(file=("a.txt", io.BytesIO(b"hello")), purpose="file-extract")
        made = folders() - before
        assert made
    assert not made & folders()
