"""A model's calls, run within limits: every call ends as an Outcome, whatever the tool does.

A call runs only if its tool was offered, its arguments are whole and fit, its id is new, and rounds
and calls are left; a tool with side effects, or a call that its tool says needs it, only once a
person has approved these very arguments. Whatever does not run is told to the model. Calls of one
round run at the same time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .context import Context, ToolError
from .declaring import MOST_ARGUMENT_CHARACTERS, parsed
from .results import RESULT_BYTES, as_data, as_text

if TYPE_CHECKING:
    from .declaring import Tool

logger = logging.getLogger(__name__)

PERHAPS = "It may or may not have had its effect."
# A tool that is told to end may tidy up for so long.
GOODBYE_S = 1.0
# Tools that were told to end and have not yet; kept, because a task that nobody holds may vanish.
deaf: set[asyncio.Task[object]] = set()

HALF = re.compile("[\ud800-\udfff]")
State = Literal["running", "waiting", "done", "failed", "refused", "cancelled"]
# Why a call did not end as "done", or what is asked while it waits; "" otherwise.
Code = Literal[
    "",
    "address",  # not ended: it waits, because the model made the address up (see `Tool.asks`)
    "cut",  # the model's answer ended in the middle of the call
    "repeated",  # this id has run before
    "unknown",  # no such tool was offered
    "arguments",  # no JSON, or not fitting
    "too_many",  # calls or rounds are used up
    "refused",  # by the person
    "changed",  # the tool is not the one that the person was asked about
    "tool",  # the tool said why it cannot
    "crash",
    "timeout",
    "cancelled",
    "halfway",  # stopped while it ran, though it changes something
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Source: threats.md 39. `seconds` holds for a call whose tool does not ask for less."""

    rounds: int = 8
    calls: int = 16
    seconds: float = 30.0
    result_bytes: int = RESULT_BYTES


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the model wrote it. `is_cut`: its end is missing, so it must never run. `is_repeated`:
    the model gave it the id of an earlier call, and whoever keeps calls by their ids gave it another.
    `is_asked`: a person has been asked about it before, such as before a restart, and their word counts.
    """

    id: str
    name: str
    arguments: str
    is_cut: bool = False
    is_repeated: bool = False
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Approved:
    """The person says yes; with other `arguments` if they were edited (None: as they were)."""

    arguments: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The person, time, or a change says no. `reason` is for the model."""

    reason: str = "The person did not allow this call."
    code: Literal["refused", "changed"] = "refused"


class TooSlow(Exception):
    """A tool took all of its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not within {seconds:g} s")
        self.seconds = seconds


class Stopped(Exception):
    """The answer was stopped in the moment in which a tool was done: what it did is not to be denied."""

    def __init__(self, result: object) -> None:
        super().__init__("stopped when it was done")
        self.result = result


Approve = Callable[[Call, "Tool", dict[str, Any]], Awaitable[Approved | Refused]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call stands. `result` is for the person; `content` is the `tool` message's text.

    `arguments` are those that ran (edited ones too); None when there were none to run with.
    """

    call: Call
    state: State
    result: str = ""
    code: Code = ""
    arguments: dict[str, Any] | None = None
    duration_ms: int = 0
    tool: Tool | None = None

    @property
    def is_final(self) -> bool:
        return self.state not in ("running", "waiting")

    @property
    def content(self) -> str:
        return as_data(self.call.name, self.result)

    @property
    def arguments_json(self) -> str:
        """Arguments fit for the history: always a JSON object, as the service demands. Those that did not
        run stay as the model wrote them where they are one, so that it sees what it is told about."""
        return written(
            as_written(self.call.arguments) if self.arguments is None else self.arguments
        )


def written(arguments: dict[str, Any]) -> str:
    """The arguments as JSON that can be sent: half characters, which JSON can hold, cannot."""
    return HALF.sub("\ufffd", json.dumps(arguments, ensure_ascii=False))


async def nobody_approves(_call: Call, _tool: Tool, _arguments: dict[str, Any]) -> Refused:
    """Where nobody can be asked."""
    return Refused("This call needs a person's approval, and nobody can be asked here.")


def ignore(_outcome: Outcome) -> None:
    """Nobody is watching."""


@dataclass(slots=True)
class Run:
    """All rounds of one answer. `outcomes` holds every call's latest standing, in the order of calls.

    `seen` are ids that ran before, such as before a restart. `watch` is told of each change.
    """

    tools: Sequence[Tool]
    context: Context
    approve: Approve = nobody_approves
    watch: Callable[[Outcome], None] = ignore
    limits: Limits = Limits()
    seen: Collection[str] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    rounds: int = 0
    calls: int = 0
    _ids: set[str] = field(default_factory=set)

    @property
    def is_exhausted(self) -> bool:
        """Whether no further call would run: then ask the model to answer without tools."""
        return self.rounds >= self.limits.rounds or self.calls >= self.limits.calls

    async def round(self, calls: Iterable[Call]) -> list[Outcome]:
        """The outcomes of one round's calls, in their order.

        When cancelled, calls that were under way end as "cancelled", in `outcomes` and for `watch`.
        """
        too_late = self.rounds >= self.limits.rounds
        self.rounds += 1
        first = len(self.outcomes)
        waiting: list[tuple[int, Call, Tool]] = []
        for call in calls:
            judged = self.judge(call, too_late=too_late)
            self.outcomes.append(judged)
            if judged.is_final or judged.tool is None:
                self.watch(judged)
            else:
                waiting.append((len(self.outcomes) - 1, call, judged.tool))
        async with asyncio.TaskGroup() as group:
            for place, call, tool in waiting:
                group.create_task(self.one(place, call, tool), name=f"tool {call.name}")
        return self.outcomes[first:]

    def judge(self, call: Call, *, too_late: bool) -> Outcome:
        """Whether the call may run at all: a final outcome if not."""
        tool = next((each for each in self.tools if each.name == call.name), None)
        if call.is_cut:
            return failed(call, tool, "cut", "The call was cut short, so it was not run.")
        if call.is_repeated or (call.id and (call.id in self._ids or call.id in self.seen)):
            return failed(call, tool, "repeated", "A call with this id has been run already.")
        if call.id:
            self._ids.add(call.id)
        if tool is None:
            names = ", ".join(each.name for each in self.tools) or "none"
            return failed(call, None, "unknown", f"There is no such tool. Offered are: {names}.")
        if too_late or self.calls >= self.limits.calls:
            text = "No more tool calls are possible in this answer. Answer with what you have."
            return failed(call, tool, "too_many", text)
        self.calls += 1
        return Outcome(call, "running", tool=tool)

    async def one(self, place: int, call: Call, tool: Tool) -> None:
        started: float | None = None
        arguments: dict[str, Any] | None = None

        def settle(state: State, result: str = "", code: Code = "") -> None:
            ms = 0 if started is None else round((time.monotonic() - started) * 1000)
            self.outcomes[place] = Outcome(call, state, result, code, arguments, ms, tool)
            self.watch(self.outcomes[place])

        try:
            arguments = tool.read_arguments(call.arguments)
            why = tool.why_asked(arguments, self.context)
            if why is not None or call.is_asked:
                settle("waiting", code=why or "")
                answer = await self.approve(call, tool, arguments)
                if isinstance(answer, Refused):
                    settle("refused", answer.reason, answer.code)
                    return
                if answer.arguments is not None:
                    arguments = answer.arguments
                    tool.check_arguments(arguments)
            settle("running")
            started = time.monotonic()
            result = await self.in_time(tool, arguments)
            settle("done", as_text(result, self.limits.result_bytes))
        except Stopped as stopped:
            settle("done", as_text(stopped.result, self.limits.result_bytes))
            raise asyncio.CancelledError from stopped
        except asyncio.CancelledError:
            if started is not None and tool.side_effects:
                settle("cancelled", f"The call was stopped while it ran. {PERHAPS}", "halfway")
            else:
                settle("cancelled", "The call was stopped.", "cancelled")
            raise
        except ToolError as error:
            code: Code = "arguments" if started is None else "tool"
            settle("failed", as_text(str(error), self.limits.result_bytes), code)
        except TooSlow as error:
            text = f"The tool did not answer within {error.seconds:g} seconds."
            settle("failed", f"{text} {PERHAPS}" if tool.side_effects else text, "timeout")
        except Exception as error:
            logger.exception("tool %s failed", tool.name, extra={"call": call.id})
            settle("failed", f"The tool failed ({type(error).__name__}).", "crash")

    async def in_time(self, tool: Tool, arguments: dict[str, Any]) -> object:
        """What the tool gives; `TooSlow` when it does not in time, `Stopped` when both come together."""
        seconds = min(tool.timeout_s, self.limits.seconds)
        work = asyncio.create_task(invoked(tool, arguments, self.context), name=f"run {tool.name}")
        try:
            await asyncio.wait({work}, timeout=seconds)
            if work.done():
                return work.result()
            raise TooSlow(seconds)
        except asyncio.CancelledError as cancelled:
            if work.done() and not work.cancelled() and work.exception() is None:
                raise Stopped(work.result()) from cancelled
            raise
        finally:
            await left(work, tool)


async def invoked(tool: Tool, arguments: dict[str, Any], context: Context) -> object:
    try:
        return await tool.invoke(arguments, context)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("cancelled from inside") from None  # a bug of the tool, not our stopping


async def left(work: asyncio.Task[object], tool: Tool) -> None:
    """Ends the work if it goes on. What does not listen goes on alone: nobody waits for it for ever."""
    if work.done():
        return
    deaf.add(work)
    work.add_done_callback(forgotten)
    work.cancel()
    await asyncio.wait({work}, timeout=GOODBYE_S)
    if not work.done():
        logger.error("tool %s does not end", tool.name)


def forgotten(work: asyncio.Task[object]) -> None:
    deaf.discard(work)
    if not work.cancelled():
        work.exception()  # nobody asks any more


def as_written(text: str) -> dict[str, Any]:
    """The object that a model wrote; an empty one for anything else."""
    if len(text) > MOST_ARGUMENT_CHARACTERS:
        return {}
    try:
        found = parsed(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def failed(call: Call, tool: Tool | None, code: Code, text: str) -> Outcome:
    return Outcome(call, "failed", text, code, tool=tool)
