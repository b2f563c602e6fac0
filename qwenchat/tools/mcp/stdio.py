"""A server that is a program: one JSON message a line, each way.

Our own reading instead of the SDK's, which lets a line grow without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import mcp_types
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from .errors import Ended, Flood, ServerError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from .servers import StdioServer

    Reading = MemoryObjectReceiveStream[SessionMessage | Exception]
    Writing = MemoryObjectSendStream[SessionMessage]

MOST_LINE_BYTES = 4 * 1024 * 1024
# A connection lasts for one answer: sixteen results, of which 100 KB each are shown.
MOST_BYTES = 8 * 1024 * 1024
MOST_MESSAGES = 2000
READ_BYTES = 1024 * 1024
# After its input has ended, and again after it was asked to end.
PATIENCE_S = 2.0


@asynccontextmanager
async def program(server: StdioServer) -> AsyncIterator[tuple[Reading, Writing]]:
    """The server's messages and a way to send it some; the program has ended behind it."""
    process = await started(server)
    # Streams without a buffer: a flood waits in the pipe.
    heard_in, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    saying, saying_out = anyio.create_memory_object_stream[SessionMessage](0)
    patience_s = 0.0
    try:
        async with heard_in, heard, saying, saying_out, anyio.create_task_group() as group:
            group.start_soon(listen, process, heard_in)
            group.start_soon(say, process, saying_out)
            yield heard, saying
            patience_s = PATIENCE_S  # nothing was wrong with it
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await end(process, patience_s)


async def started(server: StdioServer) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            server.command,
            *server.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may hold anything, and nobody reads it
            env=get_default_environment() | dict(server.env),
            start_new_session=True,  # so that its own children end with it
            limit=MOST_LINE_BYTES,
        )
    except OSError as error:
        text = f"The program of the server {server.name} cannot be started."
        raise ServerError("program", text, detail=str(error)) from error


async def listen(
    process: Process, heard: MemoryObjectSendStream[SessionMessage | Exception]
) -> None:
    left_bytes, left_messages = MOST_BYTES, MOST_MESSAGES
    if process.stdout is None:
        raise RuntimeError("the program was started with pipes")
    async with heard:
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than any line may be
                raise Flood from None
            if not line:
                raise Ended
            left_bytes -= len(line)
            left_messages -= 1
            if left_bytes < 0 or left_messages < 0:
                raise Flood
            try:
                message = mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                continue  # programs print what is no message, such as a greeting
            try:
                await heard.send(SessionMessage(message))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


async def say(process: Process, saying: MemoryObjectReceiveStream[SessionMessage]) -> None:
    if process.stdin is None:
        raise RuntimeError("the program was started with pipes")
    async for message in saying:
        text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
        process.stdin.write(text.encode() + b"\n")
        try:
            await process.stdin.drain()
        except OSError:
            return  # it has ended, which `listen` says


async def end(process: Process, patience_s: float) -> None:
    """Closes the program's input, then asks, then makes it and its children end."""
    if process.stdin is not None:
        process.stdin.close()
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        if number is not None:
            # The group may live on when its leader has ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S if number is signal.SIGKILL else patience_s):
                await gone(process)
                break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def gone(process: Process) -> None:
    """Waits until the program has ended. What it left in its pipe would keep it from that."""
    while process.stdout is not None and await process.stdout.read(READ_BYTES):
        pass
    await process.wait()
