"""What nobody comes back for is gone a day later, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from attachments import space, usage
from attachments.models import Attachment, StoredFile
from attachments.sweeping import sweep

from . import making
from .conftest import files_on_disk

pytestmark = pytest.mark.django_db(transaction=True)
YESTERDAY = timedelta(hours=25)


def aged(path) -> None:
    moment = (timezone.now() - YESTERDAY).timestamp()
    os.utime(path, (moment, moment))


def test_halves_and_folders_of_dead_jobs_are_removed(settings):
    old, new = space.staging() / "upload-old", space.staging() / "upload-new"
    folder = space.staging() / "job-old"
    folder.mkdir()
    for path in (old, new, folder / "image"):
        path.write_bytes(b"half")
    aged(old)
    aged(folder)
    swept = sweep()
    assert swept.staged == 2
    assert list(space.staging().iterdir()) == [new]


def test_stored_bytes_without_a_row_are_removed(hers, settings):
    hers.brings("a.png", making.encoded(making.picture(), "PNG"))
    for path in files_on_disk(settings):
        aged(path)
    kept = set(files_on_disk(settings))
    orphan = settings.MEDIA_ROOT / "attachments" / "aa" / "orphan"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"x")
    assert sweep().stored == 0
    aged(orphan)
    assert sweep().stored == 1
    assert set(files_on_disk(settings)) == kept


def test_failed_and_unlabelled_files_go_and_others_stay(hers):
    kept = hers.brings("kept.txt", b"kept")
    failed = hers.brings("failed.txt", b"failed")
    StoredFile.objects.filter(attachments=failed["id"]).update(status="failed", error="broken")
    assert sweep().attachments == 0
    later = timezone.now() + YESTERDAY
    swept = sweep(now=later)
    assert swept.attachments == 1
    assert [str(row.id) for row in Attachment.objects.all()] == [kept["id"]]


def test_unused_uploads_go_only_when_asked_and_when_somebody_knows_what_is_used(hers, monkeypatch):
    monkeypatch.setattr(usage, "_finders", [])
    used, unused = hers.brings("used.txt", b"used"), hers.brings("unused.txt", b"unused")
    Attachment.objects.update(created=timezone.now() - YESTERDAY)
    call_command("sweep_attachments", "--unused")
    assert Attachment.objects.count() == 2

    def finder(asked):
        return {one: [usage.Use("a", "/")] for one in asked if str(one) == used["id"]}

    usage.register(finder)
    try:
        call_command("sweep_attachments")
        assert Attachment.objects.count() == 2
        call_command("sweep_attachments", "--unused")
    finally:
        usage.unregister(finder)
    assert [row.name for row in Attachment.objects.all()] == ["used.txt"]
    assert unused["id"]
