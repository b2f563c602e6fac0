"""Servers that are programs: one that this project did not write, and ones that misbehave."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import tool
from qwenchat.tools.mcp import Connection, Listing, ServerChanged, ServerError, StdioServer
from qwenchat.tools.running import Approved, Call, Run

pytest.importorskip("mcp", reason="the package mcp is not installed")

ODD = Path(__file__).with_name("odd_server.py")


@asynccontextmanager
async def connected(how: str, *arguments: str, **options):
    server = StdioServer("odd", sys.executable, (str(ODD), how, *arguments), **options)
    connection = Connection(server)
    try:
        yield connection
    finally:
        await connection.aclose()


async def echoed(connection: Connection, text: str = "hello") -> object:
    listing = await connection.listing()
    return await connection.call(listing.listed[0], {"text": text})


@pytest.mark.skipif(
    importlib.util.find_spec("mcp_server_time") is None,
    reason="the package mcp-server-time is not installed",
)
async def test_a_server_that_this_project_did_not_write_is_listed_and_called():
    connection = Connection(StdioServer("time", sys.executable, ("-m", "mcp_server_time")))
    try:
        listing = await connection.listing()
        tools = listing.tools(connection)
        assert {tool.name for tool in tools} == {"time__get_current_time", "time__convert_time"}
        run = Run(tools, Context())
        told, wrong, refused = await run.round(
            [
                Call("1", "time__get_current_time", '{"timezone": "Asia/Shanghai"}'),
                Call("2", "time__get_current_time", '{"timezone": "Atlantis"}'),
                Call("3", "time__get_current_time", "{}"),
            ]
        )
    finally:
        await connection.aclose()
    # It marks its tools as reading only, so nobody had to approve.
    assert told.state == "done"
    assert json.loads(told.result)["datetime"].endswith("+08:00")
    assert (wrong.state, wrong.code) == ("failed", "tool")
    assert "Atlantis" in wrong.result
    assert (refused.code, refused.result) == (
        "arguments",
        "The arguments do not fit. timezone: is missing.",
    )


async def test_tools_are_named_for_their_server_and_wait_unless_they_only_read():
    async with connected("plain") as connection:
        echo, send = (await connection.listing()).tools(connection)
    assert (echo.name, echo.title, echo.side_effects) == ("odd__echo", "Echo", False)
    assert (send.name, send.title, send.side_effects) == ("odd__send", "send", True)
    assert echo.origin == "odd"


async def test_marks_of_a_server_that_is_not_trusted_do_not_count():
    async with connected("plain", trusts_marks=False) as connection:
        tools = (await connection.listing()).tools(connection)
    assert [tool.side_effects for tool in tools] == [True, True]


async def test_a_side_effect_runs_only_when_approved():
    asked = []

    async def approve(call, tool, arguments):
        asked.append((tool.name, arguments))
        return Approved()

    async with connected("plain") as connection:
        tools = (await connection.listing()).tools(connection)
        (refused,) = await Run(tools, Context()).round([Call("1", "odd__send", '{"text": "a"}')])
        (done,) = await Run(tools, Context(), approve=approve).round(
            [Call("1", "odd__send", '{"text": "a"}')]
        )
    assert (refused.state, done.state, done.result) == ("refused", "done", "a")
    assert asked == [("odd__send", {"text": "a"})]


async def test_a_listing_is_kept_and_offered_without_asking_again():
    async with connected("plain") as connection:
        listing = await connection.listing()
    kept = Listing.from_json(json.loads(json.dumps(listing.as_json())))
    assert kept == listing
    assert kept.fingerprint == listing.fingerprint
    async with connected("plain") as connection:
        assert await connection.call(kept.listed[0], {"text": "again"}) == "again"


async def test_a_tool_that_changed_is_not_called_until_somebody_looks(tmp_path):
    flag = tmp_path / "changed"
    async with connected("changes", str(flag)) as connection:
        before = await connection.listing()
    flag.touch()
    async with connected("changes", str(flag)) as connection:
        with pytest.raises(ServerChanged, match="have changed since they were approved"):
            await connection.call(before.listed[0], {"text": "a"})
        # The one that is as it was may go on.
        assert await connection.call(before.listed[1], {"text": "a"}) == "a"
        after = await connection.listing()
    assert after.fingerprint != before.fingerprint
    assert after.differences(before) == {"echo": "changed"}


async def test_a_server_that_says_that_its_tools_changed_is_asked_again():
    async with connected("announces") as connection:
        first = await connection.listing()
        await echoed(connection)
        async with asyncio.timeout(10):
            # Its word comes right behind the result.
            while await connection.listing() is first:
                await connection.call(first.listed[1], {"text": "a"})


async def test_names_are_made_fit_without_clashes_and_stay_the_same():
    async with connected("odd-names") as connection:
        listing = await connection.listing()
    names = [tool.name for tool in listing.listed]
    assert len(names) == len(set(names)) == 8  # the second "echo" is dropped
    assert all(len(name) <= 64 and name.startswith("odd__") for name in names)
    assert {"odd__search", "odd__echo"} <= set(names)
    assert [tool.remote_name for tool in listing.listed][:3] == ["a.b", "a b", "a/b"]
    async with connected("odd-names") as connection:
        assert await connection.listing() == listing


async def test_more_tools_than_anybody_reads_are_left_out():
    async with connected("many-tools") as connection:
        listing = await connection.listing()
    assert len(listing.listed) == 128
    assert listing.left_out["t128"] == "too_many"


async def test_a_schema_too_large_to_send_leaves_its_tool_out():
    async with connected("big-schema") as connection:
        listing = await connection.listing()
    assert [tool.remote_name for tool in listing.listed] == ["send"]
    assert listing.left_out == {"echo": "schema"}


async def test_a_list_that_is_none_is_said():
    async with connected("odd-list") as connection:
        with pytest.raises(ServerError) as failed:
            await connection.listing()
    assert failed.value.code == "list"


async def test_descriptions_are_bounded_and_hold_nothing_invisible():
    async with connected("hidden-text") as connection:
        listing = await connection.listing()
    description = listing.listed[0].description
    assert description.startswith("Nice. gnore rules. xxx")
    assert len(description) == 4000


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("dies", "died"),
        ("hangs", "timeout"),
        ("wrong-id", "timeout"),
        ("floods-line", "flood"),
        ("floods-messages", "flood"),
        ("wrong-shape", "protocol"),
    ],
)
async def test_a_server_that_misbehaves_ends_its_call_and_nothing_else(how, code):
    timeout_s = 1 if code == "timeout" else 20
    async with asyncio.timeout(40), connected(how, timeout_s=timeout_s) as connection:
        listing = await connection.listing()
        with pytest.raises(ServerError) as failed:
            await connection.call(listing.listed[0], {"text": "a"})
    assert failed.value.code == code


async def test_an_answer_that_comes_again_is_nobody_elses():
    async with connected("twice") as connection:
        assert [await echoed(connection), await echoed(connection)] == ["first", "first"]


async def test_a_death_is_told_to_the_model_and_other_tools_go_on():
    @tool
    def other() -> str:
        """Is there too."""
        return "fine"

    async with connected("dies") as connection:
        tools = [*(await connection.listing()).tools(connection), other]
        rounds = Run(tools, Context())
        dead, fine = await rounds.round(
            [Call("1", "odd__echo", '{"text": "a"}'), Call("2", "other", "{}")]
        )
        (still_dead,) = await rounds.round([Call("3", "odd__echo", '{"text": "a"}')])
    assert (dead.code, dead.result) == ("tool", "The server odd ended the connection.")
    assert (fine.state, still_dead.code) == ("done", "tool")


@pytest.mark.parametrize(
    ("how", "said"),
    [("fails", "It did not work."), ("error", "The server refused the call: no such thing")],
)
async def test_what_a_tool_says_of_its_failure_is_told(how, said):
    async with connected(how) as connection:
        with pytest.raises(ToolError, match=said):
            await echoed(connection)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("plain", "hello"),
        ("rubbish", "after the rubbish"),
        ("structured", '{"n": 1}'),
        ("evil-output", "fine"),
    ],
)
async def test_results_become_text(how, text):
    async with asyncio.timeout(20), connected(how) as connection:
        assert await echoed(connection) == text


async def test_what_is_no_text_is_named():
    async with connected("pictures") as connection:
        text = await echoed(connection)
    assert text == "\n\n".join(
        [
            "see",
            "[A picture (image/png), which cannot be shown as text.]",
            "[A recording (audio/wav), which cannot be shown as text.]",
            "[a](file:///a)",
            "file:///b:\ninside",
            "[file:///c: binary data, which cannot be shown as text.]",
        ]
    )


async def test_a_long_result_is_cut():
    async with connected("big-result") as connection:
        tools = (await connection.listing()).tools(connection)
        (outcome,) = await Run(tools, Context()).round([Call("1", "odd__echo", '{"text": "a"}')])
    assert outcome.state == "done"
    assert outcome.result.endswith("[Cut here: this is the first 100,000 of 1,000,000 bytes.]")


async def test_a_program_sees_its_own_environment_only(monkeypatch):
    monkeypatch.setenv("QWENCHAT_API_KEY", "sk-secret")
    async with connected("environment", env={"TOKEN": "t"}) as connection:
        seen = json.loads(str(await echoed(connection)))
    assert seen["TOKEN"] == "t"
    assert "QWENCHAT_API_KEY" not in seen
    assert "DJANGO_SETTINGS_MODULE" not in seen


SECRETS = {"TOKEN": "s3cret-of-the-program", "TZ": "Asia/Shanghai", "PIN": "1234"}


async def test_secrets_are_taken_out_of_what_a_server_says(caplog):
    async with connected("tells", env=SECRETS) as connection:
        listing = await connection.listing()
        told = str(await echoed(connection))
        with pytest.raises(ToolError) as failed:
            await connection.call(listing.listed[1], {"text": "a"})
    everything = f"{listing} {told} {failed.value} {caplog.text} {connection.server!r}"
    assert "s3cret" not in everything
    assert "I run with •••• in Asia/Shanghai" in listing.listed[0].description
    assert "••••" in str(listing.listed[0].schema)
    assert json.loads(told) == {"TOKEN": "••••", "TZ": "Asia/Shanghai", "PIN": "1234"}
    assert str(failed.value) == "The server refused the call: •••• has expired"


async def test_a_list_does_not_change_with_a_secret_that_it_repeats():
    async with connected("tells", env=SECRETS) as one:
        before = await one.listing()
    async with connected("tells", env=SECRETS | {"TOKEN": "another-of-the-program"}) as other:
        assert (await other.listing()).fingerprint == before.fingerprint


async def test_a_program_that_is_not_there_is_said():
    connection = Connection(StdioServer("gone", "/nowhere/at/all"))
    with pytest.raises(ServerError) as failed:
        await connection.listing()
    await connection.aclose()
    assert failed.value.code == "program"


async def test_a_program_that_never_shakes_hands_is_left_and_ended():
    began = time.monotonic()
    async with connected("silent", timeout_s=0.5) as connection:
        with pytest.raises(ServerError) as failed:
            await connection.listing()
    assert failed.value.code == "timeout"
    assert time.monotonic() - began < 15


async def test_a_program_that_will_not_end_is_ended(tmp_path):
    async with connected("stubborn", str(tmp_path / "pid")) as connection:
        assert await echoed(connection) == "hello"
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_calls_run_at_the_same_time_and_stopping_one_leaves_the_connection():
    async with connected("plain") as connection:
        listing = await connection.listing()
        texts = [str(n) for n in range(8)]
        results = await asyncio.gather(
            *(connection.call(listing.listed[0], {"text": text}) for text in texts)
        )
        assert results == texts
        task = asyncio.create_task(connection.call(listing.listed[0], {"text": "x"}))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await connection.call(listing.listed[0], {"text": "y"}) == "y"


async def test_a_closed_connection_says_so_and_an_unused_one_closes():
    async with connected("plain") as connection:
        listing = await connection.listing()
    with pytest.raises(ServerError, match="ended the connection"):
        await connection.call(listing.listed[0], {"text": "x"})
    await Connection(StdioServer("unused", "true")).aclose()


async def test_a_missing_package_is_said(monkeypatch):
    monkeypatch.delitem(sys.modules, "qwenchat.tools.mcp.session", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    connection = Connection(StdioServer("any", "true"))
    with pytest.raises(ServerError, match="The package mcp is not installed"):
        await connection.listing()
    await connection.aclose()
