"""One copy at the service for each content and account, read before it is used, deleted in the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from asgiref.sync import sync_to_async

from attachments import removal, upstream
from attachments.models import Attachment, UpstreamFile
from qwenchat.dashscope import InvalidRequestError, UnavailableError

from . import making

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = upstream.account("https://example.org/v1", "sk-1")


@dataclass
class Info:
    id: str
    status: str


@dataclass
class Service:
    """The service's file interface, as far as `upstream` asks for it, with the states it goes through."""

    states: list[str] = field(default_factory=lambda: ["processed"])
    uploads: list[tuple[str, bytes]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    def failure(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    async def upload_file(self, source, name, *, purpose="file-extract"):
        self.failure()
        assert purpose == "file-extract"
        self.uploads.append((name, source.read_bytes()))
        return Info(f"file-fe-{len(self.uploads)}", "processing")

    async def file_info(self, file_id):
        self.failure()
        return Info(file_id, self.states.pop(0) if len(self.states) > 1 else self.states[0])

    async def delete_file(self, file_id):
        self.failure()
        self.deleted.append(file_id)


@pytest.fixture
def report(hers) -> Attachment:
    hers.brings("report.pdf", making.pdf(["a report"]))
    return Attachment.objects.select_related("file").get()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(upstream, "POLL_S", (0.001,))


async def sent(service, attachment, account=ACCOUNT, **options):
    return await upstream.upload_to_service(service, attachment, account, **options)


@sync_to_async
def rows():
    return list(UpstreamFile.objects.values_list("upstream_id", "status"))


async def test_a_content_goes_up_once_for_an_account(report, hers):
    service = Service(states=["processing", "processing", "processed"])
    heard: list[str] = []
    assert await sent(service, report, report=heard.append) == "file-fe-1"
    assert heard == ["uploading", "parsing", "parsing", "parsing", "ready"]
    assert service.uploads == [("report.pdf", making.pdf(["a report"]))]
    await sync_to_async(hers.brings)("copy.pdf", making.pdf(["a report"]))
    copy = await Attachment.objects.select_related("file").aget(name="copy.pdf")
    assert await sent(service, copy) == "file-fe-1"
    assert (
        await sent(service, copy, upstream.account("https://example.org/v1", "sk-2")) == "file-fe-2"
    )
    assert len(service.uploads) == 2


async def test_a_file_that_is_read_for_long_is_asked_for_again_later(report):
    service = Service(states=["processing"])
    with pytest.raises(upstream.StillReading):
        await sent(service, report, wait_s=0.01)
    service.states = ["processed"]
    assert await sent(service, report) == "file-fe-1"
    assert len(service.uploads) == 1


async def test_a_refused_file_begins_anew_next_time_and_its_copy_is_deleted(report):
    service = Service(states=["error"])
    with pytest.raises(upstream.Refused):
        await sent(service, report)
    service.states = ["processed"]
    assert await sent(service, report) == "file-fe-2"
    assert await upstream.delete_unwanted(service, ACCOUNT) == 1
    assert service.deleted == ["file-fe-1"]
    assert await rows() == [("file-fe-2", "ready")]


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 200])
async def test_whenever_it_is_stopped_the_next_one_begins_at_once(report, turns):
    """`turns` of the event loop: in a trip to the database, while the file is opened, in the upload."""
    service, forever = Service(), asyncio.Event()

    async def slow(*_, **__):
        await forever.wait()

    real, service.upload_file = service.upload_file, slow
    stopped = asyncio.ensure_future(sent(service, report))
    for _ in range(turns):
        await asyncio.sleep(0)
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert await rows() == []
    service.upload_file = real
    assert await sent(service, report, wait_s=0.5) == "file-fe-1"


async def test_a_failed_upload_leaves_no_trace(report):
    service = Service(fails=[UnavailableError("down", status=503)])
    with pytest.raises(UnavailableError):
        await sent(service, report)
    assert await rows() == []
    assert await sent(service, report) == "file-fe-1"


async def test_an_id_that_the_service_lost_is_uploaded_again(report):
    service = Service()
    await sent(service, report)
    await upstream.forget_copy(report, ACCOUNT)
    assert await sent(service, report) == "file-fe-2"
    assert await rows() == [("file-fe-2", "ready")]


async def test_while_one_uploads_another_waits(report):
    other = await sync_to_async(upstream.copy_for)(report.file_id, ACCOUNT)
    with pytest.raises(upstream.StillReading):
        await upstream.upload_to_service(Service(), report, ACCOUNT, wait_s=0.1)
    service = Service()
    waiting = asyncio.create_task(sent(service, report))
    await asyncio.sleep(0)
    status = upstream.UpstreamStatus.READY
    await sync_to_async(upstream.remember)(other.pk, "file-fe-theirs", status)
    assert await waiting == "file-fe-theirs"


async def test_copies_are_deleted_there_once_the_file_is_gone_here(report):
    service = Service()
    await sent(service, report)
    assert await upstream.delete_unwanted(service, ACCOUNT) == 0
    await sync_to_async(removal.delete)(report)
    assert await rows() == [("file-fe-1", "unwanted")]
    service.fails = [UnavailableError("down", status=503)]
    assert await upstream.delete_unwanted(service, ACCOUNT) == 0
    assert await upstream.delete_unwanted(service, ACCOUNT) == 1
    assert service.deleted == ["file-fe-1"]
    assert await rows() == []


async def test_a_copy_that_is_gone_there_already_counts_as_deleted(report):
    service = Service()
    await sent(service, report)
    await sync_to_async(removal.delete)(report)
    service.fails = [InvalidRequestError("gone", status=404)]
    assert await upstream.delete_unwanted(service, ACCOUNT) == 1
    assert await rows() == []


async def test_a_file_that_is_deleted_while_it_goes_up_is_unwanted_there(report):
    class Slow(Service):
        async def upload_file(self, source, name, *, purpose="file-extract"):
            info = await super().upload_file(source, name, purpose=purpose)
            await sync_to_async(removal.delete)(report)
            return info

    await sent(Slow(), report)
    service = Service()
    assert await upstream.delete_unwanted(service, ACCOUNT) == 1
    assert service.deleted == ["file-fe-1"]


def test_an_account_gives_away_neither_address_nor_key():
    assert "sk-1" not in ACCOUNT
    assert len(ACCOUNT) == 64
