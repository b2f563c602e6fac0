from __future__ import annotations

import pytest

from qwenchat.dashscope import (
    AuthError,
    CutError,
    FileParsingError,
    FileRefusedError,
    InvalidRequestError,
    ProtocolError,
    RateLimitedError,
    StalledError,
    UnavailableError,
)
from qwenchat.dashscope.retries import wait_before_retry


def wait(error, attempt=1, elapsed_s=0.0, chance=0.0, max_attempts=3):
    return wait_before_retry(
        error, attempt=attempt, max_attempts=max_attempts, elapsed_s=elapsed_s, chance=chance
    )


def test_waits_grow_and_stay_between_half_a_second_and_eight():
    error = UnavailableError("x")
    waits = [wait(error, attempt, max_attempts=9) for attempt in range(1, 7)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert wait(error, 6, chance=0.999, max_attempts=9) < 8


def test_three_tries_are_all():
    assert wait(UnavailableError("x"), attempt=2) is not None
    assert wait(UnavailableError("x"), attempt=3) is None


def test_no_try_begins_after_a_minute():
    assert wait(UnavailableError("x"), elapsed_s=59.4) is not None
    assert wait(UnavailableError("x"), elapsed_s=59.5) is None


def test_retry_after_is_honoured_up_to_twenty_seconds():
    assert wait(RateLimitedError("x", retry_after=20.0)) == 20.0
    assert wait(RateLimitedError("x", retry_after=20.1)) is None
    assert wait(RateLimitedError("x")) == 2.0


@pytest.mark.parametrize(
    "error",
    [
        AuthError("x", status=401),
        InvalidRequestError("x", status=400),
        FileRefusedError("x", status=400),
        ProtocolError("x"),
        CutError("x"),
        StalledError("our own timeout"),
    ],
)
def test_what_would_fail_again_or_may_still_run_is_not_repeated(error):
    assert wait(error) is None


def test_a_document_that_is_read_is_waited_for_until_the_minute_ends():
    error = FileParsingError("x", status=400)
    waits = [wait(error, attempt, elapsed_s=attempt * 4) for attempt in range(1, 10)]
    assert waits == [1.0, 2.0, *[4.0] * 7]
    assert wait(error, 9, elapsed_s=56.0) is None
    assert wait(error, max_attempts=1) is None


def test_a_timeout_of_the_services_own_is_repeated():
    assert wait(StalledError("x", status=500)) is not None
