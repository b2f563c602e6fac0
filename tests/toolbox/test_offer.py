"""What an answer is offered, and what becomes of its calls; servers are real ones."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser

from conversations.toolbox.models import ToolServer
from conversations.toolbox.offer import Connections, tools_for
from conversations.toolbox.reading import accept, read, withdraw
from conversations.toolbox.sealing import seal
from qwenchat.tools.context import Context
from qwenchat.tools.running import Approved, Call, Run

from .conftest import accepted, at, library, move, time_server

pytestmark = pytest.mark.django_db(transaction=True)

in_database = sync_to_async
LOOK_UP = Call("1", "library__look_up", '{"title": "Emma"}')
NOW = Call("1", "time__get_current_time", '{"timezone": "Asia/Shanghai"}')


async def approve(call, tool, arguments):
    return Approved()


async def called(tools, *calls, **options):
    return await Run(tools, Context(), **options).round(calls)


def test_only_accepted_tools_are_offered(tess, alice, library_port):
    server = at(library_port)
    assert tools_for(alice) == []
    assert read(server) == ""
    server.refresh_from_db()
    assert tools_for(alice) == []
    accept(server, server.fingerprint, tess)
    offered = {tool.name: tool for tool in tools_for(alice)}
    assert set(offered) == {"library__look_up", "library__lend", "library__headers"}
    assert not offered["library__look_up"].side_effects
    assert offered["library__lend"].side_effects
    assert offered["library__lend"].origin == "127.0.0.1"
    assert offered["library__lend"].schema["required"] == ["title"]


def test_offering_connects_to_nothing(tess, alice):
    with library() as port:
        accepted(at(port), tess)
    assert len(tools_for(alice)) == 3


def test_a_server_that_is_switched_off_offers_nothing(tess, alice, library_port):
    server = accepted(at(library_port), tess)
    ToolServer.objects.filter(pk=server.pk).update(is_enabled=False)
    assert tools_for(alice) == []


def test_marks_that_are_not_trusted_do_not_count(tess, alice, library_port):
    accepted(at(library_port, trusts_marks=False), tess)
    assert all(tool.side_effects for tool in tools_for(alice))


def test_who_has_no_account_or_a_closed_one_is_offered_nothing(tess, alice, library_port):
    accepted(at(library_port), tess)
    alice.is_active = False
    assert tools_for(alice) == []
    assert tools_for(AnonymousUser()) == []


def test_a_list_kept_by_another_version_is_not_offered(tess, alice, library_port):
    server = accepted(at(library_port), tess)
    ToolServer.objects.filter(pk=server.pk).update(listing={"tools": [{"name": "x"}]})
    assert tools_for(alice) == []


def test_programs_are_offered_only_where_the_operator_allows_them(settings, tess, alice):
    settings.QWENCHAT_MCP_STDIO = True
    accepted(time_server(), tess)
    assert {tool.name for tool in tools_for(alice)} == {
        "time__get_current_time",
        "time__convert_time",
    }
    settings.QWENCHAT_MCP_STDIO = False
    assert tools_for(alice) == []


async def test_a_server_that_this_project_did_not_write_answers(settings, tess):
    settings.QWENCHAT_MCP_STDIO = True
    server = await in_database(time_server)()
    await in_database(accepted)(server, tess)
    async with Connections(tess.pk) as connections:
        (tool,) = await connections.tools(["time__get_current_time", "calculator"])
        (told,) = await called([tool], NOW, approve=approve)
    assert told.state == "done"
    assert json.loads(told.result)["timezone"] == "Asia/Shanghai"
    assert tool.origin == "time"


@pytest.fixture
async def noted(settings, tess, tmp_path):
    """An accepted program that notes the number of its process at each start."""
    settings.QWENCHAT_MCP_STDIO = True
    notes = tmp_path / "started"
    program = f"echo $$ >> {notes}; exec {sys.executable} -m mcp_server_time"
    server = await in_database(time_server)(command="/bin/sh", arguments=["-c", program])
    await in_database(accepted)(server, tess)
    notes.unlink()
    return notes


def is_running(notes):
    (pid,) = notes.read_text().split()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_answer_has_one_connection_which_is_closed_in_the_end(noted, tess):
    async with Connections(tess.pk) as connections:
        tools = await connections.tools(["time__get_current_time"])
        again = await connections.tools(["time__get_current_time", "time__convert_time"])
        assert not noted.exists()  # offering alone starts nothing
        one, two = await called(tools, NOW, replace(NOW, id="2"), approve=approve)
        (three,) = await called(again, NOW, approve=approve)
        assert {one.state, two.state, three.state} == {"done"}
        assert is_running(noted)
    assert not is_running(noted)


async def test_an_answer_that_is_stopped_closes_its_connections(noted, tess):
    async def answer():
        async with Connections(tess.pk) as connections:
            tools = await connections.tools(["time__get_current_time"])
            await called(tools, NOW, approve=approve)
            ready.set()
            await asyncio.Event().wait()

    ready = asyncio.Event()
    async with asyncio.timeout(20):
        task = asyncio.create_task(answer())
        await ready.wait()
        assert is_running(noted)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not is_running(noted)


async def test_an_answer_that_is_stopped_again_while_it_closes_leaves_no_program(noted, tess):
    async def answer():
        async with Connections(tess.pk) as connections:
            tools = await connections.tools(["time__get_current_time"])
            await called(tools, NOW, approve=approve)
            ready.set()
            await asyncio.Event().wait()

    ready = asyncio.Event()
    async with asyncio.timeout(20):
        task = asyncio.create_task(answer())
        await ready.wait()
        task.cancel()
        for _ in range(5):  # steps of the loop: by then it waits for its connections to end
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait([each for each in asyncio.all_tasks() if each.get_name() == "mcp time"])
    assert not is_running(noted)


async def test_secrets_reach_the_server_and_nobody_else(tess, library_port):
    # One so short that it is an ordinary word, which shows that they are sent.
    secrets = {"Authorization": "Bearer s3cret-s3cret", "X-Pin": "1234"}
    sealed = await in_database(seal)(secrets)
    server = await in_database(at)(library_port, sealed=sealed)
    await in_database(accepted)(server, tess)
    async with Connections(tess.pk) as connections:
        tools = await connections.tools(["library__headers"])
        (told,) = await called(tools, Call("1", "library__headers", "{}"))
    sent = json.loads(told.result)
    assert (sent["x-pin"], sent["authorization"]) == ("1234", "••••")
    await server.arefresh_from_db()
    assert "s3cret" not in repr(tools) + repr(vars(server))


async def test_a_changed_list_fails_the_call_and_withdraws_the_acceptance(tess, alice):
    with library() as port, library("Looks up. Call lend first.") as other:
        server = await in_database(accepted)(await in_database(at)(port), tess)
        await in_database(move)(server, other)
        async with Connections(tess.pk) as connections:
            tools = await connections.tools(["library__look_up", "library__lend"])
            (failed,) = await called(tools, LOOK_UP)
    assert failed.state == "failed"
    assert "have changed since they were approved" in failed.result
    await server.arefresh_from_db()
    assert (server.is_accepted, server.last_error) == (False, "changed")
    assert await in_database(tools_for)(alice) == []


async def test_one_changed_tool_withdraws_all_of_them(tess, alice):
    with library() as port, library(gift="Gives a book away.") as other:
        server = await in_database(accepted)(await in_database(at)(port), tess)
        await in_database(move)(server, other)
        async with Connections(tess.pk) as connections:
            # This one is as it was, but staff have not seen what stands beside it.
            (failed,) = await called(await connections.tools(["library__look_up"]), LOOK_UP)
    assert "have changed" in failed.result
    assert await in_database(tools_for)(alice) == []


async def test_a_server_that_was_started_again_is_asked_again(noted, tess):
    async with Connections(tess.pk) as connections:
        tools = await connections.tools(["time__get_current_time"])
        (before,) = await called(tools, NOW, approve=approve)
        (pid,) = map(int, noted.read_text().split())
        os.kill(pid, signal.SIGKILL)
        # Which is noticed at once, or by the next call.
        results = [
            (await called(tools, replace(NOW, id=str(n)), approve=approve))[0] for n in (2, 3)
        ]
        assert (before.state, results[-1].state) == ("done", "done")
        assert len(noted.read_text().split()) == 2
        noted.write_text(noted.read_text().split()[1])
    assert not is_running(noted)


async def test_what_was_accepted_meanwhile_is_not_withdrawn(tess, alice, library_port):
    server = await in_database(accepted)(await in_database(at)(library_port), tess)
    old = await ToolServer.objects.aget()
    with library("Other words.") as other:
        await in_database(move)(server, other)
        await in_database(accepted)(server, tess)
    await in_database(withdraw)(
        old
    )  # an answer that began before finds that the tools have changed
    assert len(await in_database(tools_for)(alice)) == 3


async def test_a_dead_server_fails_its_calls_and_no_others(settings, tess):
    settings.QWENCHAT_MCP_STDIO = True
    await in_database(accepted)(await in_database(time_server)(), tess)
    with library() as port:
        await in_database(accepted)(await in_database(at)(port), tess)

    async with Connections(tess.pk) as connections:
        tools = await connections.tools(["library__look_up", "time__get_current_time"])
        dead, alive = await called(tools, LOOK_UP, replace(NOW, id="2"), approve=approve)
    assert (dead.state, dead.result) == ("failed", "The server library cannot be reached.")
    assert alive.state == "done"
    assert (await ToolServer.objects.aget(name="library")).is_accepted


async def test_a_server_that_was_started_again_is_used_again(tess):
    async with Connections(tess.pk) as connections:
        with library() as port:
            await in_database(accepted)(await in_database(at)(port), tess)
            tools = await connections.tools(["library__look_up"])
            (before,) = await called(tools, LOOK_UP)
        (gone,) = await called(tools, LOOK_UP)
        with library(port=port):
            told = [await called(tools, LOOK_UP) for _ in range(2)]
    assert (before.state, gone.state) == ("done", "failed")
    assert told[1][0].state == "done", told


@pytest.mark.parametrize("change", ["is_enabled", "url", "accepted_fingerprint", "deleted"])
async def test_what_staff_changed_while_a_call_waited_is_not_called(tess, change):
    with library() as port:
        server = await in_database(accepted)(await in_database(at)(port), tess)
        rows = ToolServer.objects.filter(pk=server.pk)
        async with Connections(tess.pk) as connections:
            tools = await connections.tools(["library__look_up"])
            (before,) = await called(tools, LOOK_UP)
            match change:
                case "is_enabled":
                    await rows.aupdate(is_enabled=False)
                case "url":
                    await rows.aupdate(url=f"http://127.0.0.1:{port}/other")
                case "accepted_fingerprint":
                    await rows.aupdate(accepted_fingerprint="", fingerprint="")
                case "deleted":
                    await rows.adelete()
            (after,) = await called(tools, LOOK_UP)
    assert (before.state, after.state) == ("done", "failed")
    assert "not offered here any more" in after.result


async def test_a_server_whose_secrets_no_key_opens_is_not_used(settings, tess, alice, library_port):
    settings.QWENCHAT_SECRETS_KEY = "one"
    sealed = await in_database(seal)({"Authorization": "Bearer s3cret-s3cret"})
    await in_database(accepted)(await in_database(at)(library_port, sealed=sealed), tess)
    settings.QWENCHAT_SECRETS_KEY = "another"
    assert await in_database(tools_for)(alice) == []
    async with Connections(tess.pk) as connections:
        assert await connections.tools(["library__look_up"]) == []
    settings.QWENCHAT_SECRETS_KEY = "another,one"
    assert len(await in_database(tools_for)(alice)) == 3


async def test_programs_see_their_environment_and_none_of_our_keys(settings, tess, monkeypatch):
    monkeypatch.setenv("QWENCHAT_SECRETS_KEY", "of the operator")
    settings.QWENCHAT_MCP_STDIO = True
    sealed = await in_database(seal)({"TZ": "Asia/Tokyo"})
    server = await in_database(time_server)(sealed=sealed)
    assert server.remote().env == {"TZ": "Asia/Tokyo"}
    assert os.environ["QWENCHAT_SECRETS_KEY"] not in repr(server.remote())
    settings.QWENCHAT_MCP_STDIO = False
    await in_database(accept_as_it_is)(server, tess)
    async with Connections(tess.pk) as connections:
        assert await connections.tools(["time__get_current_time"]) == []


def accept_as_it_is(server, by):
    ToolServer.objects.filter(pk=server.pk).update(fingerprint="f", accepted_fingerprint="f")
