"""Servers that are only for some: who is offered their tools, and who has lost them meanwhile."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group

from conversations.toolbox.catalogue import catalogue
from conversations.toolbox.models import ToolServer
from conversations.toolbox.offer import Connections, may_use, tools_for
from qwenchat.tools.context import Context
from qwenchat.tools.running import Approved, Call, Run

from .conftest import LIST, accepted, at, library
from .test_admin import FORM, change_page, errors_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)

in_database = sync_to_async
LOOK_UP = Call("1", "library__look_up", '{"title": "Emma"}')
LEND = Call("2", "library__lend", '{"title": "Emma"}')


@pytest.fixture
def readers(db):
    return Group.objects.create(name="readers")


@pytest.fixture
def limited(tess, readers, library_port):
    """An accepted server for readers."""
    server = accepted(at(library_port, is_limited=True), tess)
    server.groups.add(readers)
    return server


@pytest.fixture
def reader(alice, readers):
    alice.groups.add(readers)
    return alice


async def approve(call, tool, arguments):
    return Approved()


async def called(connections, *calls):
    tools = await connections.tools([call.name for call in calls])
    return await Run(tools, Context(), approve=approve).round(calls)


def test_only_members_of_its_groups_are_offered_a_limited_server(limited, reader, bob, root):
    assert len(tools_for(reader)) == 3
    assert may_use(reader, "library__lend")
    assert any(entry.group == "library" for entry in catalogue(reader))
    for other in (bob, root):  # who may do everything else is asked nothing else
        assert tools_for(other) == []
        assert not may_use(other, "library__lend")
        assert not any(entry.group == "library" for entry in catalogue(other))
    assert may_use(bob, "calculator")


async def test_a_model_is_offered_only_what_its_person_may_use(limited, reader, bob):
    async with Connections(reader.pk) as connections:
        assert len(await connections.tools(["library__look_up", "library__lend"])) == 2
    async with Connections(bob.pk) as connections:
        (refused,) = await called(connections, LOOK_UP)
        assert (refused.state, refused.code) == ("failed", "unknown")


def test_a_server_whose_groups_were_deleted_is_for_nobody(limited, reader, bob, readers):
    readers.delete()
    assert tools_for(reader) == tools_for(bob) == []


@sync_to_async
def leave(reader, server):
    reader.groups.clear()


@sync_to_async
def close(reader, server):
    reader.is_active = False
    reader.save()


@sync_to_async
def switch_off(reader, server):
    ToolServer.objects.update(is_enabled=False)


@sync_to_async
def delete(reader, server):
    server.delete()


@sync_to_async
def withdraw(reader, server):
    ToolServer.objects.update(accepted_fingerprint="")


@pytest.mark.parametrize("happen", [leave, close, switch_off, delete, withdraw])
async def test_who_has_lost_a_tool_since_the_answer_began_cannot_call_it(limited, reader, happen):
    async with Connections(reader.pk) as connections:
        tools = await connections.tools([LOOK_UP.name, LEND.name])
        run = Run(tools, Context(), approve=approve)
        (before,) = await run.round([LOOK_UP])
        assert before.state == "done"
        await happen(reader, limited)
        (after,) = await run.round([LEND])
    assert (after.state, after.code) == ("failed", "tool")
    assert "The tools of the server library are not offered here any more" in after.result


async def test_nothing_is_sent_for_who_has_lost_a_tool(tess, alice):
    with library() as port:
        await in_database(accepted)(await in_database(at)(port), tess)
    # Nobody is there any more: whoever asked would hear that.
    async with Connections(alice.pk) as connections:
        tools = await connections.tools([LOOK_UP.name])
        await in_database(ToolServer.objects.update)(is_limited=True)
        (failed,) = await Run(tools, Context()).round([LOOK_UP])
    assert "not offered here any more" in failed.result


# ---- in the admin -------------------------------------------------------------------------------------


@pytest.fixture
def staff(client, tess):
    client.force_login(tess)
    return client


def test_staff_choose_groups(staff, readers):
    form = FORM | {"is_limited": "on", "groups": [readers.pk]}
    assert staff.post(f"{LIST}add/", form).status_code == 302
    server = ToolServer.objects.get()
    assert (server.is_limited, list(server.groups.all())) == (True, [readers])
    assert "readers" in text_of(staff.get(LIST))
    assert staff.post(change_page(server), FORM).status_code == 302
    server.refresh_from_db()
    assert (server.is_limited, list(server.groups.all())) == (False, [])
    assert "readers" not in text_of(staff.get(LIST))


def test_other_groups_leave_the_tools_accepted(staff, limited, readers, reader):
    place = limited.allow_private
    form = FORM | {"url": limited.url, "allow_private": place, "is_limited": "on"}
    writers = Group.objects.create(name="writers")
    staff.post(change_page(limited), form | {"groups": [readers.pk, writers.pk]})
    assert set(limited.groups.all()) == {readers, writers}
    assert len(tools_for(reader)) == 3


def test_nobody_opens_a_server_to_everybody_by_forgetting_something(staff, limited, readers, bob):
    place = limited.allow_private
    form = FORM | {"url": limited.url, "allow_private": place}
    assert "groups" in errors_of(staff.post(change_page(limited), form | {"is_limited": "on"}))
    response = staff.post(change_page(limited), form | {"groups": [readers.pk]})
    assert "is_limited" in errors_of(response)
    readers.delete()
    assert "nobody" in text_of(staff.get(LIST))
    assert "groups" in errors_of(staff.post(change_page(limited), form | {"is_limited": "on"}))
    assert tools_for(bob) == []
