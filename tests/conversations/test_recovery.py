"""What a crash leaves: marked at the next start, guarded against processes that live."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from conversations.generation import recovery, store
from conversations.models import Message, Role, Status

from .test_context import Thread

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def running(owner: User, worker: str, *, silent_s: int = 0) -> Message:
    thread = Thread(owner)
    thread.add(Role.USER, "Hello")
    return thread.add(
        Role.ASSISTANT,
        "Half an",
        status=Status.STREAMING,
        worker=worker,
        heartbeat=timezone.now() - timedelta(seconds=silent_s),
    )


def test_the_answers_of_a_dead_process_are_interrupted_at_once(alice: User) -> None:
    held = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
    recovery.folder().mkdir(parents=True, exist_ok=True)
    worker = "host/1/abc"
    process = subprocess.Popen(
        [sys.executable, "-c", held, str(recovery.lock_file(worker))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    answer = running(alice, worker)
    assert recovery.end_orphans() == []
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert recovery.end_orphans() == [answer]
    answer.refresh_from_db()
    assert (answer.status, answer.text, answer.worker) == ("interrupted", "Half an", "")
    assert answer.can_continue


def test_another_machines_answer_is_interrupted_once_it_is_silent(
    alice: User, settings: Any
) -> None:
    silent = running(alice, "elsewhere/1/abc", silent_s=settings.LIMITS.heartbeat_seconds + 1)
    alive = running(alice, "elsewhere/2/abc", silent_s=1)
    assert recovery.end_orphans() == [silent]
    alive.refresh_from_db()
    assert alive.status == "streaming"


def test_this_processs_own_answers_are_left_alone(alice: User, settings: Any) -> None:
    answer = running(alice, settings.WORKER, silent_s=3600)
    assert recovery.end_orphans([answer.id]) == []


def test_an_answer_that_this_process_lost_is_interrupted(alice: User, settings: Any) -> None:
    lost = running(alice, settings.WORKER, silent_s=settings.LIMITS.heartbeat_seconds + 1)
    assert recovery.end_orphans([]) == [lost]


def test_a_process_that_was_taken_for_dead_writes_nothing_more(alice: User, settings: Any) -> None:
    answer = running(alice, settings.WORKER)
    Message.objects.filter(id=answer.id).update(status=Status.INTERRUPTED, worker="")
    progress = [store.Progress(answer.id, "Half an answer and more", "", 9)]
    assert store.save(progress) == {answer.id}
    answer.refresh_from_db()
    assert answer.text == "Half an"


def test_a_stop_through_another_process_is_read_with_the_next_save(
    alice: User, settings: Any
) -> None:
    answer = running(alice, settings.WORKER)
    store.request_stop(answer.id)
    assert store.save([store.Progress(answer.id, "Half an answer", "", 9)]) == {answer.id}


def test_progress_is_saved_for_all_answers_in_one_transaction(
    alice: User, settings: Any, django_assert_max_num_queries: Any
) -> None:
    answers = [running(alice, settings.WORKER) for _ in range(20)]
    with django_assert_max_num_queries(24):
        assert (
            store.save([store.Progress(a.id, f"text {a.id}", "why", 3) for a in answers]) == set()
        )
    for answer in answers:
        answer.refresh_from_db()
        assert (answer.text, answer.reasoning, answer.seq) == (f"text {answer.id}", "why", 3)


def test_lock_files_of_dead_processes_are_swept(settings: Any) -> None:
    recovery.folder().mkdir(parents=True, exist_ok=True)
    left = recovery.lock_file("host/9/gone")
    left.touch()
    recovery.sweep()
    assert not left.exists()
