"""One answer from its first request to its end: the service's events are folded into the live state.

The turn is the part of a generation that may be cancelled at any moment (by `stop`, by shutdown). What came
is in the live state, how it went is in its `Run`; it stores only its requests.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conversations import pieces, routing
from conversations.database import in_database
from qwenchat.dashscope.errors import (
    ContentFilteredError,
    DashScopeError,
    FileParsingError,
    FileRefusedError,
    InvalidRequestError,
)
from qwenchat.dashscope.payloads import FieldError

from . import reading, store, tooling, toolkit
from .asking import ReachedLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.tools.declaring import Tool

    from .asking import Asking
    from .store import Begun

logger = logging.getLogger(__name__)

# What other servers say where the service sends an error.
FILTERED = "content_filter"
# The service says "processed" and may still be reading: up to two minutes of asking again.
PARSING_WAITS_S = (2, 4, 8, 16, 30, 30, 30)


async def run(begun: Begun, asking: Asking) -> None:
    """Writes the answer into the live state, telling of each change.

    Errors of the service end up in `run.error`. Cancelling closes the upstream connection at once, unless
    the person wants the answer now: then the model is asked again, without thinking.
    """
    live, run = asking.live, asking.run
    try:
        if begun.options.task == "ocr":
            await reading.run(begun, asking)
        else:
            await answer_or_hurry(begun, asking)
    except FieldError as error:
        run.error = InvalidRequestError(str(error))
    except (DashScopeError, pieces.FileProblem) as error:
        run.error = error
    except ReachedLimit:
        run.reached_limit = True
    except Exception:
        run.crashed = True
        logger.exception("an answer failed", extra={"answer": str(live.id)})
    finally:
        run.ended = time.monotonic()


async def answer_or_hurry(begun: Begun, asking: Asking) -> None:
    try:
        await answer(begun, asking)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not asking.is_hurried or task is None or task.uncancel():
            raise
        await asking.end(None)
        asking.drop_round()
        number = asking.number + 1
        plain = replace(
            begun,
            calls=await in_database(store.calls_so_far)(asking.live.id),
            options=replace(
                begun.options,
                thinking=False,
                thinking_budget=None,
                reasoning_effort=None,
                code_interpreter=False,
            ),
            body=None,
            round=number,
        )
        await answer(plain, asking)


async def answer(begun: Begun, asking: Asking) -> None:
    """Sends the question and streams what is answered, with rounds of tools where there are any."""
    if not begun.tools and not begun.calls:
        await first(begun, asking, ())
        return
    async with toolkit.opened(asking.live.id, begun) as (tools, context):
        rounds = tooling.rounds_of(begun, asking, tools, context)
        if begun.calls:
            messages = await pieces.fill(begun.messages, asking.tell)
            await rounds.finish(messages, begun.round, stream)
            return
        messages = await first(begun, asking, tools)
        await rounds.go_on(messages, asking.number, stream)


async def first(begun: Begun, asking: Asking, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The answer's first request, and its messages."""
    native = routing.is_native(begun.options)
    if begun.body is not None:
        asking.run.round = asking.number = begun.round
        await stream(begun.body, asking, native=native)
        return list(begun.messages)  # type: ignore[arg-type]
    messages, body = await prepared(begun, asking, tools)
    await asking.begin(begun.round, body, native=native)
    waits = list(PARSING_WAITS_S)
    has_uploaded_again = False
    while True:
        try:
            await stream(body, asking, native=native)
            return messages
        except FileParsingError as error:
            if asking.live.size or not waits:
                name = name_of_first_file(begun)
                raise pieces.FileProblem("file_still_reading", name, str(error)) from error
            asking.tell("parsing", name_of_first_file(begun))
            await asyncio.sleep(waits.pop(0))
        except FileRefusedError as error:
            # Deleted at the service behind our back: what was remembered there is sent anew, once.
            if error.reason != "not_found" or has_uploaded_again or asking.live.size:
                name = await pieces.name_of(begun.messages, error.file_id)
                raise pieces.FileProblem("file_refused", name, str(error)) from error
            has_uploaded_again = True
            await pieces.forget(begun.messages)
            messages, body = await prepared(begun, asking, tools)


async def prepared(
    begun: Begun, asking: Asking, tools: Sequence[Tool]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The messages and the body, once every file of it is there."""
    messages = await pieces.fill(begun.messages, asking.tell)
    asking.tell("", "")
    body = routing.body(begun.model, messages, begun.options, prefix=begun.is_prefix, tools=tools)
    return messages, body


async def stream(body: dict[str, Any], asking: Asking, *, native: bool) -> None:
    try:
        async with aclosing(asking.stream(body, native=native)) as events_read:
            async for events in events_read:
                # A stream begins with an event that says nothing: flushed, it would delay the first word.
                if asking.fold(events):
                    asking.changed()
                await asking.code_runs.save()
    finally:
        await asking.code_runs.save(at_once=True)
    if asking.live.finish_reason == FILTERED:
        raise ContentFilteredError("the model's answer was cut by a filter")


def name_of_first_file(begun: Begun) -> str:
    files = [file for question in pieces.questions(begun.messages) for file in question.files]
    return files[-1].attachment.name if files else ""
