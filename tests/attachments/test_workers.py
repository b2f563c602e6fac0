"""Worker processes: confined, watched, alone with their file, and never in the way."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from attachments import pipeline, workers
from attachments.decoding.unusable import Unusable
from attachments.limits import for_decoding
from attachments.workers import MEGABYTE, Crowded, Job, Workers

from . import making


@pytest.fixture
def pool():
    pool = Workers(1, ahead=True)
    yield pool
    pool.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(making.encoded(making.picture(4000, 4000), "PNG"))
    return path


def picture_job(source: Path, **limits: int) -> Job:
    return Job("image", source, for_decoding(), {"format_id": "png"}, **limits)


def test_a_job_gives_facts_and_files_and_its_folder_goes(pool, source, tmp_path):
    folder = tmp_path / "jobs"
    with pool.run(picture_job(source), wait_s=1, folder=folder) as found:
        assert found.facts["width"] == 4000
        assert (found.folder / "thumbnail").stat().st_size > 0
        assert 20 * MEGABYTE < found.memory_bytes < 512 * MEGABYTE
    assert list(folder.iterdir()) == []


def test_memory_is_limited(pool, source, tmp_path):
    order = picture_job(source, memory_bytes=16 * MEGABYTE)
    with pytest.raises(Unusable) as caught, pool.run(order, wait_s=1, folder=tmp_path / "jobs"):
        pass
    assert caught.value.reason in ("too_heavy", "broken")
    assert list((tmp_path / "jobs").iterdir()) == []


def test_processor_time_is_limited(pool, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(making.encoded(making.picture(7000, 7000), "PNG", compress_level=1))
    order = Job("image", source, for_decoding(), {"format_id": "png"}, cpu_s=0)
    with pytest.raises(Unusable) as caught, pool.run(order, wait_s=1, folder=tmp_path / "jobs"):
        pass
    assert caught.value.reason == "too_slow"


def test_time_that_passes_without_work_is_limited_as_well(pool, tmp_path, monkeypatch):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    monkeypatch.setattr(workers, "PATIENCE", 0.3)
    order = Job("text", fifo, for_decoding(), cpu_s=1)
    with pytest.raises(Unusable) as caught, pool.run(order, wait_s=1, folder=tmp_path / "jobs"):
        pass
    assert caught.value.reason == "too_slow"


def test_what_it_writes_is_limited(pool, source, tmp_path):
    order = picture_job(source, file_bytes=100)
    with pytest.raises(Unusable), pool.run(order, wait_s=1, folder=tmp_path / "jobs"):
        pass


def test_a_worker_knows_no_secret(monkeypatch):
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-secret")
    worker = workers.started()
    try:
        environment = Path(f"/proc/{worker.process.pid}/environ").read_bytes()
    finally:
        worker.close()
    assert b"sk-secret" not in environment
    assert b"DASHSCOPE" not in environment


def test_a_worker_that_waits_ends_with_its_parent(pool, source, tmp_path):
    worker = workers.started()
    worker.process.stdin.close()
    assert worker.process.wait(20) == 0
    worker.close()


def test_one_that_died_while_it_waited_is_replaced(pool, source, tmp_path):
    with pool.run(picture_job(source), wait_s=1, folder=tmp_path / "jobs"):
        pass
    pool.spare.process.kill()
    pool.spare.process.wait(20)
    with pool.run(picture_job(source), wait_s=1, folder=tmp_path / "jobs") as found:
        assert found.facts["height"] == 4000


def test_who_comes_when_all_are_busy_is_told_so(pool, source, tmp_path):
    inside, leave = threading.Event(), threading.Event()
    finding = pool.finding

    def slow(job, out):
        inside.set()
        leave.wait(20)
        return finding(job, out)

    pool.finding = slow

    def first():
        with pool.run(picture_job(source), wait_s=1, folder=tmp_path / "jobs"):
            pass

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(20)
    with pytest.raises(Crowded), pool.run(picture_job(source), wait_s=0, folder=tmp_path / "jobs"):
        pass
    leave.set()
    thread.join(30)


def test_an_upload_to_a_crowded_server_is_asked_to_come_again(hers, monkeypatch):
    def crowded(*_args, **_kwargs):
        raise Crowded

    monkeypatch.setattr(pipeline.checking, "run", crowded)
    response = hers.post("a.txt", b"hello")
    assert response.status_code == 429
    assert response.json()["error"]["retry_after"] == 10


def test_no_library_that_decodes_is_loaded_by_the_server():
    """A fresh interpreter with the application in it, as the server has it."""
    import subprocess
    import sys

    code = (
        "import django, sys; django.setup(); import attachments.urls;"
        "print([name for name in ('PIL', 'av', 'pypdfium2', 'docx', 'pptx', 'openpyxl', 'lxml', 'boto3')"
        " if name in sys.modules])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60,
        cwd=workers.ROOT,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
