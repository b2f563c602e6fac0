"""Rounds of tool calls as the messages that say them to a model again.

The service wants each call answered, directly after the message that made it, and arguments that are
JSON, also in the history of every later request (dashscope-api §5). So what never came to an end is
answered with a sentence, and what the model wrote wrongly stands there as `{}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.dashscope import payloads
from qwenchat.dashscope.events import ToolCall as ServiceCall
from qwenchat.tools.results import as_data
from qwenchat.tools.running import as_written, written

from .models import Round, ToolCall

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

NOT_RUN = "This call was not run."


@dataclass(frozen=True, slots=True)
class Said:
    """One round of an answer: what the model said and thought before its calls, and the calls."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]


def of(answers: Collection[UUID]) -> dict[UUID, list[Said]]:
    """The rounds with calls of these answers, in their order; two queries."""
    before = {
        (answer, number): (text, reasoning)
        for answer, number, text, reasoning in Round.objects.filter(
            message_id__in=answers, number__gt=0
        ).values_list("message_id", "number", "text", "reasoning")
    }
    called: dict[tuple[UUID, int], list[ToolCall]] = {}
    rows = ToolCall.objects.filter(message_id__in=answers, by_service=False)
    for call in rows.order_by("round", "position"):
        called.setdefault((call.message_id, call.round), []).append(call)
    found: dict[UUID, list[Said]] = {}
    for (answer, number), calls in called.items():
        if (answer, number) in before:
            found.setdefault(answer, []).append(Said(*before[answer, number], tuple(calls)))
    return found


def as_messages(rounds: Sequence[Said], *, with_reasoning: bool) -> list[dict[str, Any]]:
    """Each round as the model's message with its calls, and a message for each result."""
    messages: list[dict[str, Any]] = []
    for each in rounds:
        called = [ServiceCall(call.call_id, call.name, arguments_json(call)) for call in each.calls]
        messages.append(said(each.text, each.reasoning if with_reasoning else "", called))
        messages += [
            payloads.tool(call.call_id, as_data(call.name, call.result or NOT_RUN))
            for call in each.calls
        ]
    return messages


def said(text: str, reasoning: str, calls: Sequence[ServiceCall]) -> dict[str, Any]:
    """What the model said in a round, without the space between it and the round before."""
    return payloads.assistant(text.lstrip("\n"), reasoning.lstrip("\n") or None, tool_calls=calls)


def arguments_json(call: ToolCall) -> str:
    """Arguments fit for a request, as `qwenchat.tools.running.Outcome` has them."""
    return written(arguments_of(call))


def arguments_of(call: ToolCall) -> dict[str, Any]:
    """The arguments that count: the person's, where they changed the model's."""
    return as_written(call.arguments) if call.edited is None else call.edited


def rest(whole: str, parts: Sequence[str]) -> str:
    """What of an answer's text or thoughts came after its rounds, without the space between."""
    return whole.removeprefix("".join(parts)).lstrip("\n") if parts else whole
