"""The other tools that come with the application, and what they have in common."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qwenchat.tools.builtin import tools
from qwenchat.tools.builtin.current_time import current_time
from qwenchat.tools.builtin.fetch_page import SAID, fetch_page
from qwenchat.tools.context import Context, Excerpt, FoundConversation, ToolError
from qwenchat.tools.fetching import fetch
from qwenchat.tools.fetching.errors import FailedReason, RefusedReason
from qwenchat.tools.known import KnownAddresses
from qwenchat.tools.running import Call, Run
from tests.tools.fetching.servers import Names, page, serving

NOON = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)


def named(name):
    return next(tool for tool in tools() if tool.name == name)


def test_every_tool_in_the_folder_is_found():
    assert [tool.name for tool in tools()] == [
        "calculator",
        "convert_units",
        "current_time",
        "current_weather",
        "fetch_page",
        "read_attachment",
        "search_conversations",
    ]


def test_every_tool_and_parameter_is_described_and_none_changes_anything():
    for tool in tools():
        assert tool.description
        assert tool.title
        assert not tool.side_effects
        for parameter in tool.schema["properties"].values():
            assert parameter["description"]


def test_tools_whose_hook_is_missing_are_not_available():
    available = {tool.name for tool in tools() if tool.is_available(Context())}
    assert available == {
        "calculator",
        "convert_units",
        "current_time",
        "current_weather",
        "fetch_page",
    }


@pytest.mark.parametrize(
    ("zone", "time", "offset", "name"),
    [
        ("", "20:00:00", "+08:00", "Asia/Shanghai"),
        ("Europe/Berlin", "14:00:00", "+02:00", "Europe/Berlin"),
        ("europe/berlin", "14:00:00", "+02:00", "Europe/Berlin"),
        ("Berlin", "14:00:00", "+02:00", "Europe/Berlin"),
        ("new york", "08:00:00", "-04:00", "America/New_York"),
        ("Asia/Kolkata", "17:30:00", "+05:30", "Asia/Kolkata"),
        ("UTC", "12:00:00", "+00:00", "UTC"),
    ],
)
async def test_the_time_is_told_in_any_zone(zone, time, offset, name):
    context = Context(timezone="Asia/Shanghai", now=lambda: NOON)
    assert await current_time.call({"time_zone": zone}, context) == {
        "date": "2026-07-14",
        "weekday": "Tuesday",
        "time": time,
        "time_zone": name,
        "utc_offset": offset,
    }


@pytest.mark.parametrize(
    "zone", ["Nowhere", "../../etc/passwd", "/etc/localtime", "a\x00b", "x" * 5000]
)
async def test_an_unknown_zone_is_said(zone):
    with pytest.raises(ToolError, match="There is no time zone") as refused:
        await current_time.call({"time_zone": zone}, Context())
    assert len(str(refused.value)) < 300


async def opened(server, path="/", start=0):
    async def safely(url, *, accept, max_bytes):
        return await fetch(
            url,
            accept=accept,
            max_bytes=max_bytes,
            resolver=Names(site_example="127.0.0.1"),
            allow=(f"site.example:{server.port}",),
        )

    url = f"http://site.example:{server.port}{path}"
    return await fetch_page.call({"url": url, "start": start}, Context(fetch=safely))


async def test_a_page_is_opened_and_given_as_text():
    source = "<title>Titel</title><p>Grüße <a href='/x'>hier</a></p>".encode()
    async with serving({"/": page(source)}) as server:
        text = await opened(server)
    address = f"http://site.example:{server.port}/"
    assert text == f"Address: {address}\nTitle: Titel\n\nGrüße [hier]({address}x)"


async def test_a_long_page_comes_in_parts():
    async with serving({"/": page(b"0123456789" * 4500, "text/plain")}) as server:
        parts = [await opened(server, start=start) for start in (0, 20_000, 40_000, 50_000)]
    assert "call again with start=20000 of 45000 characters" in parts[0]
    assert "call again with start=40000" in parts[1]
    assert parts[2].endswith("0123456789")
    assert parts[3].endswith("The page ends before that.")


async def test_a_page_that_is_longer_than_can_be_read_says_so():
    async with serving({"/": page(b"0123456789" * 50_000, "text/plain")}) as server:
        last = await opened(server, start=380_000)
    assert last.endswith("[The page is longer still; the rest of it cannot be read.]")


async def test_an_empty_page_is_said_to_be_empty():
    async with serving({"/": page(b"<script>x</script>")}) as server:
        assert (await opened(server)).endswith("The page holds no readable text.")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1/", "not on the public internet"),
        ("http://2130706433/", "not on the public internet"),
        ("http://169.254.169.254/latest/meta-data/", "not on the public internet"),
        ("file:///etc/passwd", "Only http and https"),
        ("http://a:b@example.org/", "user name or password"),
        ("http://example.org:22/", "Only the ports 80 and 443"),
        ("nonsense", "Only http and https"),
        ("http://", "no complete web address"),
    ],
)
async def test_where_it_does_not_go_is_told_to_the_model(url, said):
    known = KnownAddresses()
    known.add(url)
    (outcome,) = await Run(tools(), Context(known=known)).round(
        [Call("1", "fetch_page", f'{{"url": "{url}"}}')]
    )
    assert (outcome.state, outcome.code) == ("failed", "tool")
    assert said in outcome.result


async def test_a_kind_without_a_name_is_said_in_words():
    async with serving({"/": page(b"x", "")}) as server:
        with pytest.raises(ToolError, match="of a kind that the server does not name"):
            await opened(server)


def test_every_reason_has_its_sentence():
    assert set(SAID) == {*RefusedReason.__args__, *FailedReason.__args__}


async def test_conversations_are_searched_through_the_hook():
    asked = []

    async def search(words, limit):
        asked.append((words, limit))
        return [FoundConversation("Trip", "2026-05-01", "to Hangzhou")][: len(words)]

    search_conversations = named("search_conversations")
    context = Context(search=search)
    found = await search_conversations.call({"words": "trip", "limit": 99}, context)
    assert found == [{"title": "Trip", "date": "2026-05-01", "excerpt": "to Hangzhou"}]
    assert await search_conversations.call({"words": ""}, context) == "Nothing was found."
    assert asked == [("trip", 10), ("", 5)]


async def test_a_document_is_read_in_parts_through_the_hook():
    async def read(name, start, count):
        if name != "a.pdf":
            raise ToolError("There is no such document.")
        return Excerpt("a.pdf", ("x" * 50_000)[start : start + count], start, 50_000)

    context = Context(read_attachment=read)
    read_attachment = named("read_attachment")
    first = await read_attachment.call({"name": "a.pdf"}, context)
    last = await read_attachment.call(
        {"name": "a.pdf", "start": 49_990, "characters": 10**9}, context
    )
    assert first.startswith("a.pdf, characters 0 to 20000 of 50000:")
    assert first.endswith("[It goes on: call again with start=20000.]")
    assert last == "a.pdf, characters 49990 to 50000 of 50000:\n\n" + "x" * 10
    with pytest.raises(ToolError, match="no such document"):
        await read_attachment.call({"name": "b.pdf"}, context)


async def test_a_hook_that_vanished_is_said():
    for name, arguments in (
        ("search_conversations", {"words": "a"}),
        ("read_attachment", {"name": "a"}),
    ):
        with pytest.raises(ToolError, match="here"):
            await named(name).call(arguments, Context())
