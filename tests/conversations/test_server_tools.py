"""Tools of MCP servers in a conversation: who lost them meanwhile, and what is left of them afterwards."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User

from conversations.generation import tooling
from conversations.generation.runner import runner
from conversations.models import ToolCall
from conversations.toolbox.models import ToolServer
from conversations.toolbox.reading import accept
from conversations.toolbox.reading import read as read_tools
from tests.toolbox.conftest import at, library, time_server
from tests.upstream import Gate, Reply, answer

from .test_tools import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import ChatUpstream, Socket

in_database = sync_to_async
TEXT = {"format": "text"}
LEND = "library__lend"
NOW = "time__get_current_time"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with library() as port:
        yield port


@pytest.fixture
async def tess(transactional_db: None) -> User:
    user = await User.objects.acreate(username="tess", is_staff=True)
    permission = await Permission.objects.aget(codename="manage_tools")
    await user.user_permissions.aadd(permission)
    return user


def accepted(server: ToolServer, by: User) -> ToolServer:
    assert read_tools(server) == ""
    server.refresh_from_db()
    accept(server, server.fingerprint, by)
    return server


@pytest.fixture
async def lends(port: int, tess: User) -> ToolServer:
    return await in_database(lambda: accepted(at(port), tess))()


async def ask(page: Socket, tool: str) -> str:
    ack = await page.ask("Go", options={**TEXT, "tools": [tool]})
    return str(ack["messages"][1]["id"])


async def waiting(page: Socket) -> str:
    event = await page.until("tool", lambda event: event["call"]["status"] == "waiting")
    return str(event["call"]["id"])


# ---- the right to use it ------------------------------------------------------------------------------


async def test_a_tool_that_its_person_may_not_use_is_not_offered_to_the_model(
    page: Socket, upstream: ChatUpstream, lends: ToolServer
) -> None:
    await ToolServer.objects.aupdate(is_limited=True)
    upstream.script(Reply(answer("I have no such tool.")))
    await ask(page, LEND)
    await page.until("end")
    assert "tools" not in upstream.requests[0].json


async def test_an_approval_is_refused_once_the_right_is_lost(
    page: Socket, upstream: ChatUpstream, lends: ToolServer
) -> None:
    upstream.script(calls(("c1", LEND, '{"title": "Emma"}')), Reply(answer("It was refused.")))
    await ask(page, LEND)
    call = await waiting(page)
    await ToolServer.objects.aupdate(is_limited=True)
    await page.say("approve", request="ok", call=call, approved=True)
    error = await page.until("error")
    assert (error["code"], error["field"]) == ("invalid", "call")
    assert "You can only refuse the call." in error["message"]
    assert (await ToolCall.objects.aget()).decision == ""
    await page.say("approve", request="no", call=call, approved=False)
    await page.until("end")
    assert (await ToolCall.objects.aget()).status == "refused"


async def test_a_right_that_is_lost_right_after_the_approval_is_lost_for_the_call(
    page: Socket, upstream: ChatUpstream, lends: ToolServer
) -> None:
    upstream.script(calls(("c1", LEND, '{"title": "Emma"}')), Reply(answer("It failed.")))
    await ask(page, LEND)
    call = await waiting(page)
    # As another process would store it; this one looks after a moment, and by then the right is gone.
    await ToolServer.objects.aupdate(is_enabled=False)
    await ToolCall.objects.filter(id=call).aupdate(decision="approved")
    await page.until("end")
    row = await ToolCall.objects.aget()
    assert (row.status, row.code) == ("failed", "tool")
    assert "not offered here any more" in row.result
    told = upstream.requests[1].json["messages"][-1]["content"]
    assert "not offered here any more" in told


async def test_a_server_that_is_deleted_while_a_call_waits_leaves_the_conversation_whole(
    page: Socket, upstream: ChatUpstream, lends: ToolServer
) -> None:
    upstream.script(calls(("c1", LEND, '{"title": "Emma"}')))
    message = await ask(page, LEND)
    call = await waiting(page)
    await runner.drain(0)  # and the process that asked is gone as well
    runner.is_draining = False
    await ToolServer.objects.all().adelete()
    await page.say("approve", request="ok", call=call, approved=True)
    await page.until("error")
    upstream.script(Reply(answer("Then without it.")))
    await page.say("approve", request="no", call=call, approved=False)
    end = await page.until("end", lambda event: event["status"] == "complete")
    assert (end["message"], end["text"]) == (message, "Then without it.")
    row = await ToolCall.objects.aget()
    assert (row.name, json.loads(row.arguments)) == (LEND, {"title": "Emma"})
    assert row.status in ("refused", "failed")


# ---- what is left behind ------------------------------------------------------------------------------


@pytest.fixture
async def noted(settings: Any, tess: User, tmp_path: Path) -> Path:
    """An accepted program with a child of its own; both note their numbers."""
    settings.QWENCHAT_MCP_STDIO = True
    notes = tmp_path / "started"
    program = f"sleep 3600 & echo $! >> {notes}; echo $$ >> {notes}; exec {sys.executable} -m mcp_server_time"

    def add() -> None:
        fields = {"command": "/bin/sh", "arguments": ["-c", program], "trusts_marks": False}
        accepted(time_server(**fields), tess)

    await in_database(add)()
    notes.unlink()
    return notes


def running(notes: Path) -> list[int]:
    """Those of the noted processes that have not ended; one that nobody has waited for has."""
    found = []
    for pid in map(int, notes.read_text().split()):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found


def sockets() -> set[str]:
    """The open files of this process that are sockets or pipes."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith(("socket:", "pipe:")):
            found.add(target)
    return found


async def test_a_stopped_answer_leaves_no_program_behind(
    page: Socket, upstream: ChatUpstream, noted: Path
) -> None:
    held = Gate()
    upstream.script(
        calls(("c1", NOW, '{"timezone": "Asia/Shanghai"}')), Reply([held, *answer("Never.")])
    )
    message = await ask(page, NOW)
    await approve_all(page)
    assert len(running(noted)) == 2
    await page.say("stop", message=message)
    await page.until("end")
    assert running(noted) == []
    held.open()


async def test_an_answer_that_crashes_leaves_no_program_behind(
    page: Socket, upstream: ChatUpstream, noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script(calls(("c1", NOW, '{"timezone": "Asia/Shanghai"}')), Reply(answer("Never.")))

    def broken(*_: object, **__: object) -> None:
        assert len(running(noted)) == 2
        raise RuntimeError("a bug")

    await ask(page, NOW)
    call = await waiting(page)
    monkeypatch.setattr(tooling.payloads, "tool", broken)
    await page.say("approve", request="ok", call=call, approved=True)
    end = await page.until("end")
    assert end["status"] in ("failed", "interrupted")
    assert running(noted) == []


async def test_answers_leave_no_connection_open(
    page: Socket, upstream: ChatUpstream, lends: ToolServer, noted: Path
) -> None:
    async def once(number: int, tool: str, arguments: str) -> None:
        upstream.script(calls((f"c{number}", tool, arguments)), Reply(answer("Done.")))
        await ask(page, tool)
        if tool == NOW:
            await approve_all(page)
        await page.until("end")

    await once(1, "library__look_up", '{"title": "Emma"}')
    await once(2, NOW, '{"timezone": "Asia/Shanghai"}')
    before = sockets()
    for number in range(3, 6):
        await once(number, "library__look_up", '{"title": "Emma"}')
        await once(number + 10, NOW, '{"timezone": "Asia/Shanghai"}')
    assert len(sockets()) <= len(before)
    assert running(noted) == []


async def approve_all(page: Socket) -> None:
    call = await waiting(page)
    await page.say("approve", request=call, call=call, approved=True)
    await page.until("tool", lambda event: event["call"]["status"] == "done")
