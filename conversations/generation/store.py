"""What the database is told about running answers. Plain functions: each is one trip to its thread.

Every write is guarded by the owner and the status, so a final state never changes again, and a process
that was taken for dead cannot write over what was decided meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations import context, pieces, redaction, routing
from conversations.branches import key
from conversations.models import RUNNING, CallStatus, Message, Round, Status, ToolCall
from conversations.options import Options

from . import toolkit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from conversations.pieces import Question
    from qwenchat.tools.declaring import Tool
    from qwenchat.tools.running import Call
    from qwenchat.tools.running import Outcome as CallOutcome

SAVE = """
UPDATE conversations_message
SET text = %s, reasoning = %s, reasoning_ms = COALESCE(%s, reasoning_ms), seq = %s,
    heartbeat = %s, status = 'streaming'
WHERE id = %s AND worker = %s AND status IN ('queued', 'streaming')
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer that may be written now.

    Its next request is `body`, stored as `round`; or, where files have to be prepared or uploaded first,
    it is still to be made of `messages`, and `round` is the number that it will have. For OCR neither is
    there: each page is a request of its own, and `question` is what the person asked of it.
    """

    conversation: UUID
    owner: int
    model: str
    text: str
    reasoning: str
    reasoning_ms: int | None
    seq: int
    options: Options
    round: int
    body: dict[str, Any] | None = None
    messages: Sequence[dict[str, Any] | Question] = ()
    is_prefix: bool = False
    question: str = ""
    tools: tuple[str, ...] = ()
    calls: Sequence[ToolCall] = ()
    code_runs: Sequence[ToolCall] = ()
    sources: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    answer: UUID
    text: str
    reasoning: str
    seq: int
    reasoning_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What became of one request. Times in milliseconds from its start; counts None where unknown."""

    model: str = ""
    request_id: str = ""
    response_id: str = ""
    finish_reason: str = ""
    error_code: str = ""
    error_detail: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    first_token_ms: int | None = None
    total_ms: int | None = None

    def as_fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def counts(self) -> dict[str, int]:
        """The token counts that are known."""
        names = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended."""

    answer: UUID
    status: Status
    text: str
    reasoning: str
    html: str
    render_version: int
    seq: int
    round: int | None
    exchange: Exchange
    retry_after: int | None = None
    reasoning_ms: int | None = None
    error_about: str = ""
    sources: list[dict[str, Any]] = field(default_factory=list)
    searched: bool = False


def begin(answer: UUID) -> Begun | None:
    """Plans the answer's next request, and stores it as its next round where it is only words.

    None when the answer was ended meanwhile. Raises what `context.build` and the payload builders raise.
    """
    row = (
        Message.objects.select_related("conversation")
        .filter(id=answer, status__in=RUNNING, worker=settings.WORKER, stop_requested=False)
        .first()
    )
    if row is None:
        return None
    options = Options.restored(row.options)
    calls = tuple(row.calls.filter(by_service=False))
    # Without text an answer starts afresh, unless it has called tools: then it goes on after them.
    goes_on = bool(row.text or calls)
    # An answer that was never written to has no earlier request; that it is being written now is stored
    # with its first progress.
    begun = Begun(
        conversation=row.conversation_id,
        owner=row.conversation.owner_id,
        model=row.model,
        text=row.text,
        reasoning=row.reasoning if goes_on else "",
        reasoning_ms=row.reasoning_ms if goes_on else None,
        seq=row.seq,
        options=options,
        round=row.rounds.count() + 1 if row.seq else 1,
    )
    if options.task == "ocr":
        return replace(begun, question=row.parent.text if row.parent else "")
    begun = replace(
        begun,
        tools=routing.tool_names(row, options),
        calls=calls,
        code_runs=tuple(row.calls.filter(by_service=True)),
        sources=row.sources if goes_on else (),
    )
    found = context.build(row.conversation, row, options)
    if found.starts_at != row.context_from_id:
        Message.objects.filter(id=answer, status__in=RUNNING).update(context_from=found.starts_at)
    begun = replace(begun, messages=found.messages, is_prefix=found.is_prefix)
    server_tools = len(toolkit.offered(begun.tools)) < len(begun.tools)
    if pieces.needs_work(found.messages) or begun.calls or server_tools:
        return begun
    body = routing.body(
        row.model,
        found.messages,  # type: ignore[arg-type]
        options,
        prefix=found.is_prefix,
        tools=toolkit.offered(begun.tools),
    )
    add_round(answer, begun.round, body, native=routing.is_native(options))
    return replace(begun, body=body)


def add_round(answer: UUID, number: int, body: dict[str, Any], *, native: bool) -> None:
    """Stores a request that is about to be sent: all of it but the bytes of files."""
    Round.objects.create(
        message_id=answer,
        number=number,
        path=routing.path(body, native=native),
        body=redaction.without_files(body),
    )


def add_calls(
    answer: UUID,
    number: int,
    calls: Sequence[tuple[Call, Tool | None]],
    text: str,
    reasoning: str,
) -> list[ToolCall]:
    """Stores the calls of a round before any of them runs, and what the model said before them."""
    Round.objects.filter(message_id=answer, number=number).update(text=text, reasoning=reasoning)
    return ToolCall.objects.bulk_create(
        ToolCall(
            message_id=answer,
            round=number,
            position=position,
            call_id=call.id,
            name=call.name[:64],
            title=tool.title if tool else "",
            origin=tool.origin[:200] if tool else "",
            arguments=call.arguments,
            side_effects=tool.side_effects if tool else False,
        )
        for position, (call, tool) in enumerate(calls)
    )


def calls_so_far(answer: UUID) -> tuple[ToolCall, ...]:
    return tuple(ToolCall.objects.filter(message_id=answer, by_service=False))


def own_call(call: UUID) -> QuerySet[ToolCall]:
    """The call, as long as this process writes its answer: another one may have taken it over."""
    return ToolCall.objects.filter(
        id=call, message__worker=settings.WORKER, message__status__in=RUNNING
    )


def wait_for(call: UUID, expires: datetime, why: str) -> bool:
    """The call waits for its person; a decision that is there already stays. False: it is not ours."""
    waits = own_call(call).update(status=CallStatus.WAITING, expires=expires, code=why)
    return bool(waits)


def save_calls(outcomes: Sequence[tuple[UUID, CallOutcome]]) -> None:
    with transaction.atomic():
        for id_, outcome in outcomes:
            own_call(id_).update(
                status=outcome.state,
                code=outcome.code,
                result=outcome.result,
                duration_ms=outcome.duration_ms,
            )


def save_code_runs(answer: UUID, rows: Sequence[ToolCall]) -> None:
    """Programs that the service ran: new ones, or with more of their code."""
    mine = Message.objects.filter(id=answer, worker=settings.WORKER, status__in=RUNNING)
    if not mine.exists():
        return
    ToolCall.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["arguments", "result"]
    )


def end_lost(answer: UUID, result: str) -> None:
    """Calls that ran when their process ended."""
    ToolCall.objects.filter(message_id=answer, status=CallStatus.RUNNING).update(
        status=CallStatus.CANCELLED, code="lost", result=result
    )


def end_open(answer: UUID) -> None:
    """Calls of an answer that is over, should their own end not have been stored."""
    calls = ToolCall.objects.filter(message_id=answer)
    stopped = {"status": CallStatus.CANCELLED, "result": "The call was stopped."}
    calls.filter(status=CallStatus.RUNNING, side_effects=True).update(**stopped, code="halfway")
    opened = (CallStatus.RUNNING, CallStatus.WAITING)
    calls.filter(status__in=opened).update(**stopped, code="cancelled")


def finish_round(answer: UUID, number: int, exchange: Exchange) -> None:
    """Stores what became of one of several requests of an answer that goes on; its tokens are added."""
    Round.objects.filter(message_id=answer, number=number).update(**exchange.as_fields())
    counts = exchange.counts()
    if counts:
        Message.objects.filter(id=answer, status__in=RUNNING).update(
            **{name: Coalesce(F(name), 0) + value for name, value in counts.items()}
        )


def save(progress: Sequence[Progress], silent: Sequence[UUID] = ()) -> set[UUID]:
    """Saves all running answers in one transaction; gives those that must not go on.

    `silent` are those that have not grown: only their sign of life is new.

    Those are answers that somebody stopped through another process, that were taken over, or whose
    conversation was deleted.
    """
    now = timezone.now()
    stamp = connection.ops.adapt_datetimefield_value(now)
    rows = [
        (
            item.text,
            item.reasoning,
            item.reasoning_ms,
            item.seq,
            stamp,
            key(item.answer),
            settings.WORKER,
        )
        for item in progress
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(SAVE, rows)
        if silent:
            Message.objects.filter(
                id__in=silent, worker=settings.WORKER, status__in=RUNNING
            ).update(heartbeat=now)
    ids = [*(item.answer for item in progress), *silent]
    alive = Message.objects.filter(
        id__in=ids, worker=settings.WORKER, status__in=RUNNING, stop_requested=False
    )
    return set(ids) - set(alive.values_list("id", flat=True))


def finish(outcome: Outcome) -> Message | None:
    """Stores an answer's end; None when it was ended by somebody else or is gone."""
    exchange = outcome.exchange
    counts = exchange.counts()
    with transaction.atomic():
        row = (
            Message.objects.select_for_update(of=("self",))
            .select_related("conversation")
            .filter(id=outcome.answer, status__in=RUNNING, worker=settings.WORKER)
            .first()
        )
        if row is None:
            return None
        row.status = outcome.status
        row.text, row.reasoning, row.html = outcome.text, outcome.reasoning, outcome.html
        row.render_version, row.seq = outcome.render_version, outcome.seq
        row.finish_reason, row.error_code = exchange.finish_reason, exchange.error_code
        row.retry_after, row.error_about = outcome.retry_after, outcome.error_about
        row.sources, row.searched = outcome.sources, row.searched or outcome.searched
        for name, value in counts.items():  # a continued answer costs what all its rounds cost
            setattr(row, name, (getattr(row, name) or 0) + value)
        if row.first_token_ms is None:
            row.first_token_ms = exchange.first_token_ms
        if outcome.reasoning_ms is not None:
            row.reasoning_ms = outcome.reasoning_ms
        row.total_ms = (row.total_ms or 0) + (exchange.total_ms or 0)
        row.worker, row.heartbeat, row.stop_requested = "", None, False
        row.save()
        if row.status != Status.INTERRUPTED:  # what waits then goes on with the answer
            end_open(row.id)
        if outcome.round is not None:
            Round.objects.filter(message=row, number=outcome.round).update(**exchange.as_fields())
    return row


def request_stop(answer: UUID) -> None:
    """Leaves word for the process that owns the answer, which reads it with its next save."""
    Message.objects.filter(id=answer, status__in=RUNNING).update(stop_requested=True)


def found(answer: UUID) -> Message | None:
    """An answer as it is stored, with its conversation; None once it is deleted."""
    return Message.objects.select_related("conversation").filter(id=answer).first()


def finish_unbegun(answer: UUID, code: str, *, stopped: bool) -> Message | None:
    """Ends an answer for which nothing was sent: stopped before its request, or impossible to send.

    A continued answer keeps its text and can be continued again.
    """
    row = Message.objects.filter(id=answer, status__in=RUNNING, worker=settings.WORKER).first()
    if row is None:
        return found(answer)
    if stopped:
        row.status = Status.STOPPED
        end_open(row.id)
    else:
        row.status = Status.INTERRUPTED if row.text else Status.FAILED
        row.error_code = code
    row.seq += 1
    row.worker, row.heartbeat, row.stop_requested = "", None, False
    row.save(update_fields=["status", "error_code", "seq", "worker", "heartbeat", "stop_requested"])
    return found(answer)
