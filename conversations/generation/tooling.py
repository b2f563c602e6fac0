"""Rounds of tool calls: what the model asked for is stored, run, shown, and told to it in the next request.

A call is a row before it runs, so that after a crash none runs twice. Calls with side effects wait for
their person; a waiting call outlives its process, and goes on with the answer.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from conversations import frames, rounds, routing
from conversations.context import CONTINUE
from conversations.database import in_database
from conversations.models import CallStatus
from qwenchat.dashscope import payloads
from qwenchat.dashscope.events import ToolCall as ServiceCall
from qwenchat.dashscope.texts import clean
from qwenchat.tools.running import Approved, Call, Refused, Run

from . import addresses, approvals, store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from conversations.models import ToolCall
    from qwenchat.tools.declaring import Tool
    from qwenchat.tools.running import Outcome

    from .asking import Asking
    from .store import Begun

APPROVAL_TIME = timedelta(minutes=10)
LOST = (
    "The server ended while this ran. It may or may not have had its effect; it was not run again."
)
CALL_ID_CHARACTERS = 200  # as many as are kept; no service's ids come near it
CHANGED = "The tool has changed since this call was shown to the person, so it was not run."
NOT_OURS = "The answer is written elsewhere now."
# Calls that were not begun, so that they do not count when an answer goes on.
NOT_BEGUN = ("cut", "repeated", "unknown", "too_many")
NAME_CHARACTERS = 64


@dataclass(slots=True)
class Rounds:
    """The tool rounds of one answer, from the first or from where an earlier process left it."""

    begun: Begun
    asking: Asking
    tools: Sequence[Tool]
    run: Run
    rows: dict[str, ToolCall] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    started: dict[UUID, datetime] = field(default_factory=dict)

    async def go_on(self, messages: list[dict[str, Any]], number: int, ask: Any) -> None:
        """Runs the calls that the last request brought, tells the model, and so on until it is done."""
        while calls := self.asking.gathered.taken():
            messages = [*messages, *await self.round(calls, number)]
            number += 1
            await self.ask(messages, number, ask)

    async def finish(self, messages: list[dict[str, Any]], number: int, ask: Any) -> None:
        """Ends the calls that a crash or a restart left open, says all of it again, and goes on.

        What ran when the process ended may have had its effect, so it never runs a second time.
        """
        waiting = [row for row in self.begun.calls if row.is_waiting]
        await in_database(store.end_lost)(self.begun_id, LOST)
        for row in self.begun.calls:
            self.rows[row.call_id] = row
        if waiting:
            await self.outcomes(
                [Call(row.call_id, row.name, row.arguments, is_asked=True) for row in waiting]
            )
        before = (await in_database(rounds.of)([self.begun_id])).get(self.begun_id, [])
        history = rounds.as_messages(before, with_reasoning=True)
        live = self.asking.live
        begun_text = rounds.rest(live.text, [each.text for each in before])
        if begun_text:
            history += [payloads.assistant(begun_text), payloads.user(CONTINUE)]
        else:
            live.part()
        self.asking.told_text, self.asking.told_reasoning = len(live.text), len(live.reasoning)
        messages = [*messages, *history]
        await self.ask(messages, number, ask)
        await self.go_on(messages, number, ask)

    @property
    def begun_id(self) -> UUID:
        return self.asking.live.id

    async def ask(self, messages: list[dict[str, Any]], number: int, ask: Any) -> None:
        begun = self.begun
        body = routing.body(
            begun.model,
            messages,
            # A function that was forced has been called: forced again, it would be called in every round.
            replace(begun.options, tool_choice=chosen_again(begun.options.tool_choice)),
            tools=self.tools,
            may_call=not self.run.is_exhausted,
        )
        native = routing.is_native(begun.options)
        await self.asking.begin(number, body, native=native)
        await ask(body, self.asking, native=native)

    async def round(self, calls: Sequence[ServiceCall], number: int) -> list[dict[str, Any]]:
        """The messages that this round adds to the next request."""
        live = self.asking.live
        self.asking.run.goes_on = True
        named = under_own_ids(calls, {*self.rows, *self.run.seen})
        last = self.asking.gathered.last
        if live.finish_reason == "length" and last is not None:
            named[last] = replace(named[last], is_cut=True)
        text, reasoning = self.asking.round_text()
        by_name = {tool.name: tool for tool in self.tools}
        rows = await in_database(store.add_calls)(
            live.id, number, [(call, by_name.get(call.name)) for call in named], text, reasoning
        )
        await self.asking.end(None)
        for row in rows:
            self.rows[row.call_id] = row
        for url in addresses.urls_of(live.sources):
            self.run.context.known.add(url)
        outcomes = await self.outcomes(named)
        return [
            rounds.said(
                text,
                reasoning,
                [
                    ServiceCall(each.call.id, each.call.name, each.arguments_json)
                    for each in outcomes
                ],
            ),
            *(payloads.tool(each.call.id, each.content) for each in outcomes),
        ]

    async def outcomes(self, calls: Sequence[Call]) -> list[Outcome]:
        first = len(self.run.outcomes)
        try:
            found = await self.run.round(calls)
        finally:
            news = self.run.outcomes[first:]
            ended = [each for each in news if each.is_final and not self.is_kept(each)]
            # A trip to the database that has not begun would be cancelled with the turn.
            await asyncio.shield(
                in_database(store.save_calls)(
                    [(self.rows[each.call.id].id, each) for each in ended]
                )
            )
        return found

    # ---- what a call's changes do ----

    def is_kept(self, outcome: Outcome) -> bool:
        """Whether the call goes on waiting although its process ends."""
        is_waiting = outcome.call.id in self.waiting and outcome.state == "cancelled"
        return is_waiting and self.asking.is_ending

    def watch(self, outcome: Outcome) -> None:
        if self.is_kept(outcome):
            return
        row = self.rows[outcome.call.id]
        row.code = outcome.code
        if outcome.state == "waiting":
            return  # shown once it is stored that it waits: a restart may come in between
        row.status = CallStatus(outcome.state)
        row.result, row.duration_ms = outcome.result, outcome.duration_ms
        if outcome.arguments is not None and row.edited is not None:
            row.edited = outcome.arguments
        if outcome.state == "running":
            self.started[row.id] = timezone.now()
        self.show(row)

    def show(self, row: ToolCall) -> None:
        self.asking.live.show_call(frames.call(row, self.started.get(row.id)))
        self.asking.changed()

    async def approve(
        self, call: Call, tool: Tool, _arguments: dict[str, Any]
    ) -> Approved | Refused:
        """Waits for the person's word; the row says until when."""
        row = self.rows[call.id]
        if (row.title, row.origin) != (tool.title, tool.origin[:200]):
            return Refused(CHANGED, "changed")
        expires = row.expires or timezone.now() + APPROVAL_TIME
        if not await in_database(store.wait_for)(row.id, expires, row.code):
            return Refused(NOT_OURS)
        self.waiting.add(call.id)
        row.status, row.expires = CallStatus.WAITING, expires
        self.show(row)
        with self.asking.waiting():
            decided = await approvals.decision(row.id, expires)
        self.waiting.discard(call.id)
        if decided is None:
            return Refused(approvals.EXPIRED)
        row.decision, row.edited = decided.decision, decided.edited
        return Approved(decided.edited) if decided.decision == "approved" else Refused()


def under_own_ids(calls: Sequence[ServiceCall], used: Collection[str]) -> list[Call]:
    """The calls, each under an id that no other call of the answer has, since rows and the history go by it.

    Some answers name no id, or the same one for several. Only the first call with an id may run.
    """
    taken = set(used)
    named: list[Call] = []
    for call in calls:
        is_repeated = call.id in taken
        is_usable = 0 < len(call.id) <= CALL_ID_CHARACTERS and call.id == clean(call.id)
        id_ = call.id if is_usable and not is_repeated else f"call_{uuid.uuid4().hex[:24]}"
        taken.add(id_)
        name = clean(call.name)
        if len(name) > NAME_CHARACTERS:
            name = f"{name[: NAME_CHARACTERS - 1]}…"  # what is left of it is no other tool's name
        named.append(Call(id_, name, call.arguments, is_repeated=is_repeated))
    return named


def chosen_again(choice: str | None) -> str | None:
    """What the model is told once its tools have answered."""
    return choice if choice in ("auto", "none") else None


def rounds_of(begun: Begun, asking: Asking, tools: Sequence[Tool], context: Any) -> Rounds:
    # What waits runs in its own round, as if that went on; so neither it nor its round counts twice.
    ended = [row for row in begun.calls if not row.is_waiting]
    waiting = {row.round for row in begun.calls if row.is_waiting}
    run = Run(
        tools,
        context,
        seen={row.call_id for row in ended},
        rounds=len({row.round for row in ended} - waiting),
        calls=sum(row.code not in NOT_BEGUN for row in ended),
    )
    opened = Rounds(begun, asking, tools, run)
    run.approve, run.watch = opened.approve, opened.watch
    return opened
