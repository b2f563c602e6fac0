"""The file interface over real sockets: streamed uploads, refusals, broken connections."""

from __future__ import annotations

import asyncio
import errno
import tracemalloc

import pytest

from qwenchat.dashscope import (
    FileInfo,
    FilePage,
    FileRefusedError,
    InvalidRequestError,
    ProtocolError,
    RateLimitedError,
    StalledError,
    Timeouts,
    UnavailableError,
)
from qwenchat.dashscope.files import PIECE_BYTES, sent_name
from tests.dashscope.conftest import form_of
from tests.upstream import Hang, Reply, Reset, error_reply, json_reply

MB = 1024 * 1024
ROW = {
    "id": "file-fe-1",
    "object": "file",
    "bytes": 2055,
    "created_at": 1729065448,
    "filename": "test.txt",
    "purpose": "file-extract",
    "status": "processed",
    "status_details": None,
}
INFO = FileInfo("file-fe-1", 2055, "processed", "test.txt", 1729065448)


class Sink:
    """A server that counts what comes and keeps none of it, and may answer before all has come."""

    def __init__(self, reply, *, after_bytes=None, then=None):
        self.reply = reply
        self.after_bytes = after_bytes
        self.then = then
        self.received = 0
        self.length = None
        self.requests = 0
        self.begun = asyncio.Event()
        self.gone = asyncio.Event()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/compatible-mode/v1"

    async def _serve(self, reader, writer):
        try:
            await self._answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
            self.gone.set()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.requests += 1
        assert "transfer-encoding" not in head
        self.length = int(head.split("content-length:")[1].split("\r\n")[0])
        most = self.length if self.after_bytes is None else self.after_bytes
        while self.received < most:
            piece = await reader.read(64 * 1024)
            if not piece:
                return
            self.received += len(piece)
        self.begun.set()
        if self.then is not None:
            await self.then.wait()
        if self.reply is not None:
            writer.write(self.reply)
            await writer.drain()
            # In the way of a gateway: the rest is not read, but the answer gets through.
            writer.write_eof()
            while await reader.read(64 * 1024):
                pass


def http(payload, status="200 OK"):
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}"
        f"\r\nConnection: close\r\n\r\n{payload}"
    ).encode()


ACCEPTED = http('{"id":"file-fe-1","object":"file","bytes":62914560,"status":"processing"}')


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(60 * MB)
    return path


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "stored"
    path.write_bytes(b"some text")
    return path


async def test_a_file_of_60_mb_does_not_enter_memory(clients, large):
    async with Sink(ACCEPTED) as sink, asyncio.timeout(60):
        client = clients(sink.base_url)
        tracemalloc.start()
        try:
            info = await client.upload_file(large, "large.pdf")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert info == FileInfo("file-fe-1", 60 * MB, "processing", "", None)
    assert sink.received == sink.length > 60 * MB
    assert peak < 16 * PIECE_BYTES


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES + 1])
async def test_a_file_arrives_as_it_is(up, client, tmp_path, size):
    data = bytes(range(256)) * (size // 256 + 1)
    path = tmp_path / "stored"
    path.write_bytes(data[:size])
    up.script(json_reply(ROW))
    assert await client.upload_file(path, 'a "b".txt', purpose="batch") == INFO
    (name, filename, sent), purpose = form_of(up.requests[0])
    assert (name, filename, sent) == ("file", "a %22b%22.txt", data[:size])
    assert purpose == ("purpose", None, b"batch")
    assert int(up.requests[0].headers["content-length"]) == len(up.requests[0].body)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\r\nContent-Type: x", "a__Content-Type: x"),
        ("a\x00b\ud800.pdf", "a_b_.pdf"),
        ("  ", "file"),
        ("年度报告.docx", "年度报告.docx"),
        ("x" * 300 + ".docx", "x" * 195 + ".docx"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_are_sent_without_paths_and_controls(name, sent):
    assert sent_name(name) == sent


async def test_a_quota_that_is_used_up_is_told_and_not_tried_again(up, client, small):
    up.script(error_reply(400, "invalid_parameter_error", "File count exceeds limit: 10000"))
    with pytest.raises(InvalidRequestError, match="10000") as caught:
        await client.upload_file(small, "a.txt")
    assert (caught.value.status, caught.value.request_id) == (400, "req-refused")
    assert len(up.requests) == 1


async def test_a_refusal_in_the_middle_of_a_large_file_is_heard(clients, large):
    refusal = http('{"error":{"code":"insufficient_quota","message":"full"}}', "429 Too Many")
    async with Sink(refusal, after_bytes=MB) as sink, asyncio.timeout(60):
        client = clients(sink.base_url, max_attempts=1)
        with pytest.raises(RateLimitedError, match="full"):
            await client.upload_file(large, "large.pdf")
        await sink.gone.wait()


async def test_uploads_that_come_too_fast_are_sent_again_whole(up, clients, small):
    client = clients()
    up.script(error_reply(429, "limit_requests", retry_after="1"), json_reply(ROW))
    assert await client.upload_file(small, "a.txt") == INFO
    assert clients.slept == [1.25]
    assert [form_of(received)[0][2] for received in up.requests] == [b"some text"] * 2


async def test_a_connection_cut_in_the_middle_is_tried_again_and_then_told(clients, large):
    async with Sink(None, after_bytes=MB) as sink, asyncio.timeout(60):
        client = clients(sink.base_url)
        with pytest.raises(UnavailableError):
            await client.upload_file(large, "large.pdf")
        assert sink.requests == 3
        assert len(clients.slept) == 2


async def test_a_connection_cut_after_the_whole_file_is_not_tried_again(up, client, small):
    up.script(Reply([Reset()], status=None))
    with pytest.raises(UnavailableError):
        await client.upload_file(small, "a.txt")
    assert len(up.requests) == 1


async def test_a_service_that_stops_taking_bytes_is_a_stall(clients, large):
    gate = asyncio.Event()
    async with Sink(ACCEPTED, after_bytes=1, then=gate) as sink, asyncio.timeout(60):
        client = clients(sink.base_url, timeouts=Timeouts(write_s=0.1, first_data_s=0.1))
        with pytest.raises(StalledError):
            await client.upload_file(large, "large.pdf")
        gate.set()
        await sink.gone.wait()
    assert sink.received < 60 * MB


async def test_a_service_that_says_nothing_of_the_file_is_a_stall(up, clients, small):
    client = clients(timeouts=Timeouts(write_s=0.1, first_data_s=0.1))
    up.script(Reply([Hang()], status=None))
    with pytest.raises(StalledError):
        await client.upload_file(small, "a.txt")
    assert len(up.requests) == 1


async def test_cancelling_an_upload_closes_the_connection(clients, large):
    gate = asyncio.Event()
    async with Sink(ACCEPTED, after_bytes=MB, then=gate) as sink, asyncio.timeout(60):
        task = asyncio.create_task(clients(sink.base_url).upload_file(large, "large.pdf"))
        await sink.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.set()
        await sink.gone.wait()


async def test_a_file_that_is_not_there_is_no_fault_of_the_service(client, tmp_path, up):
    with pytest.raises(FileNotFoundError):
        await client.upload_file(tmp_path / "none", "a.txt")
    assert up.requests == []


async def test_a_file_that_shrinks_while_it_is_sent_is_no_fault_of_the_service(
    clients, large, monkeypatch
):
    monkeypatch.setattr("qwenchat.dashscope.files._size_of", lambda file: 61 * MB)
    async with Sink(ACCEPTED) as sink, asyncio.timeout(60):
        with pytest.raises(OSError, match="shorter") as caught:
            await clients(sink.base_url).upload_file(large, "large.pdf")
    assert caught.value.errno != errno.ECONNRESET
    assert sink.requests == 1


async def test_what_the_service_knows_of_a_file_is_read(up, client):
    up.script(json_reply(ROW), json_reply({"id": "file-fe-2", "status": "processing"}))
    assert await client.file_info("file-fe-1") == INFO
    assert await client.file_info("file-fe-2") == FileInfo("file-fe-2", 0, "processing", "", None)
    sent = up.requests[0]
    assert (sent.method, sent.path) == ("GET", "/compatible-mode/v1/files/file-fe-1")


async def test_the_files_of_an_account_are_listed_in_pages(up, client):
    up.script(json_reply({"object": "list", "has_more": True, "data": [ROW, {"bytes": 1}, 3]}))
    page = await client.list_files(after="file-fe-0", limit=2, purpose="file-extract")
    assert page == FilePage((INFO,), has_more=True)
    path, _, query = up.requests[0].path.partition("?")
    assert path == "/compatible-mode/v1/files"
    assert query == "after=file-fe-0&limit=2&purpose=file-extract"


async def test_a_file_is_deleted(up, client):
    up.script(json_reply({"object": "file", "deleted": True, "id": "file-fe-1"}))
    assert await client.delete_file("file-fe-1") is None
    sent = up.requests[0]
    assert (sent.method, sent.path) == ("DELETE", "/compatible-mode/v1/files/file-fe-1")


async def test_a_file_that_is_gone_is_told_by_its_status(up, client):
    up.script(error_reply(404, "not_found", "File [id:file-fe-1] cannot be found."))
    with pytest.raises(FileRefusedError) as caught:
        await client.delete_file("file-fe-1")
    assert (caught.value.status, caught.value.file_id) == (404, "file-fe-1")


@pytest.mark.parametrize("payload", [{"deleted": False}, [], {"id": "file-fe-1"}])
async def test_a_file_that_stays_is_not_deleted(up, client, payload):
    up.script(json_reply(payload))
    with pytest.raises(ProtocolError):
        await client.delete_file("file-fe-1")


@pytest.mark.parametrize("payload", [{}, [], "x", {"id": 3}, {"id": ""}, {"data": None}])
async def test_answers_that_tell_of_no_file_are_errors(up, client, small, payload):
    up.script(*[json_reply(payload)] * 3)
    with pytest.raises(ProtocolError):
        await client.upload_file(small, "a.txt")
    with pytest.raises(ProtocolError):
        await client.file_info("file-fe-1")
    with pytest.raises(ProtocolError):
        await client.list_files()


async def test_an_id_cannot_leave_its_place_in_the_path(up, client):
    up.script(json_reply(ROW))
    await client.file_info("../models?x=1#")
    assert up.requests[0].path == "/compatible-mode/v1/files/..%2Fmodels%3Fx=1%23"
    for file_id in ("", ".", ".."):
        with pytest.raises(ValueError, match="id"):
            await client.delete_file(file_id)
    assert len(up.requests) == 1


async def test_asking_for_a_file_is_tried_again(up, clients):
    client = clients()
    up.script(error_reply(503), error_reply(429, "limit_requests"), json_reply(ROW))
    assert await client.file_info("file-fe-1") == INFO
    assert len(clients.slept) == 2
