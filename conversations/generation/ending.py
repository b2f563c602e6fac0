"""How an answer ended: from what came, what went wrong and who stopped it, to what is stored.

| what happened                              | status        | error            |
|--------------------------------------------|---------------|------------------|
| the model finished, with text              | complete      |                  |
| our bound on an answer's size was reached  | complete      | (`length`)       |
| the model finished without text            | failed        | upstream_protocol|
| the person stopped it                      | stopped       |                  |
| this process is shutting down              | interrupted   |                  |
| the service failed, after some text        | interrupted   | its code         |
| the service failed, without text           | failed        | its code         |
| a bug of ours                              | as the service| internal         |
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from conversations.models import Message, Role, Status
from conversations.pieces import FileProblem
from qwenchat.dashscope.errors import DashScopeError
from qwenchat.dashscope.payloads import FieldError
from qwenchat.markup import RENDER_VERSION

from . import titles
from .asking import FINISH_REASON_CHARACTERS, exchange_of
from .store import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from .asking import Run
    from .live import LiveAnswer

# Who ended an answer before the model did: its person, a full stop of this process, our bound on its time.
Reason = Literal["stop", "shutdown", "deadline"]
LENGTH = "length"


def outcome(live: LiveAnswer, run: Run, reason: Reason | None, html: str | None) -> Outcome:
    """What is stored; `html` is None while no page has shown the answer."""
    status, code = verdict(live, run, reason)
    error = run.error
    return Outcome(
        answer=live.id,
        status=status,
        text=live.text,
        reasoning=live.reasoning,
        html=html or "",
        render_version=0 if html is None else RENDER_VERSION,
        seq=live.seq,
        round=run.round,
        retry_after=retry_after_s(error),
        reasoning_ms=live.reasoning_ms,
        error_about=error.name if isinstance(error, FileProblem) else "",
        sources=live.sources,
        searched=live.searched,
        exchange=replace(
            exchange_of(live, error),
            finish_reason=(LENGTH if run.reached_limit else live.finish_reason)[
                :FINISH_REASON_CHARACTERS
            ],
            error_code=code,
            first_token_ms=run.since_start_ms(run.first),
            total_ms=run.since_start_ms(run.ended),
        ),
    )


def verdict(live: LiveAnswer, run: Run, reason: Reason | None) -> tuple[Status, str]:
    """The final status and the error's code, empty when nothing went wrong."""
    # With calls a request is over, and the answer is not.
    has_ended = live.finish_reason not in ("", "tool_calls") and not run.goes_on
    is_over = has_ended and run.error is None
    cut = Status.INTERRUPTED if live.text else Status.FAILED
    if reason is not None and not is_over:
        match reason:
            case "stop":
                return Status.STOPPED, ""
            case "shutdown":
                return Status.INTERRUPTED, ""
            case "deadline":
                return cut, "upstream_timeout"
    if run.crashed:
        return cut, "internal"
    if run.error is not None:
        return cut, run.error.code
    if not live.text.strip():
        return Status.FAILED, "upstream_protocol"
    return Status.COMPLETE, ""


def code_of(failure: DashScopeError | FieldError | None) -> str:
    """The code for an answer whose request could not be built."""
    match failure:
        case DashScopeError():
            return failure.code
        case FieldError():
            return "upstream_invalid_request"
        case None:
            return "internal"


def retry_after_s(error: DashScopeError | FileProblem | None) -> int | None:
    if error is None or not error.retry_after:
        return None
    return max(1, round(error.retry_after))


def followed_up(
    message: Message, live: LiveAnswer, generating: Callable[[], bool]
) -> Coroutine[Any, Any, None] | None:
    """What is left to do once an answer is stored: a title, after the first exchange."""
    is_first = message.role == Role.ASSISTANT and message.number <= titles.FIRST_ANSWERS
    if message.status != Status.COMPLETE or not is_first:
        return None
    answered_by = live.model or message.model
    return titles.make(message.conversation_id, message.id, answered_by, generating)
