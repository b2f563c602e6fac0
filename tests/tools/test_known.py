"""Which addresses a model made up: it gets no way to choose between two spellings of a known one."""

from __future__ import annotations

import doctest

import pytest

from qwenchat.tools import known
from qwenchat.tools.builtin import tools
from qwenchat.tools.context import Context
from qwenchat.tools.fetching import fetch
from qwenchat.tools.known import KnownAddresses
from qwenchat.tools.running import Approved, Call, Refused, Run
from tests.tools.fetching.servers import Names, page, serving

SAID = """Look at https://Example.org/a#top, then http://plain.example/x (and https://docs.example/b_(c)).
看看https://zh.example/页，还有 https://zh.example/b这个。 Mail me@mail.example. I like node.example/js/ and
bare.example! [link](https://md.example/a_(b)) "https://quoted.example/q?a=1&b=2". https://bücher.example/ü
Not that: https://a.example/go?to=inner.example/x"""


def said(text=SAID):
    addresses = KnownAddresses()
    addresses.add_said(text)
    return addresses


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(known).failed == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a",
        "HTTPS://EXAMPLE.ORG.:443/a?#elsewhere",
        "http://plain.example/x",
        "https://plain.example/x",
        "https://docs.example/b_(c)",
        "https://zh.example/页",
        "https://zh.example/b",
        "https://node.example/js/",
        "https://bare.example",
        "https://bare.example/",
        "https://md.example/a_(b)",
        "https://quoted.example/q?a=1&b=2",
        "https://xn--bcher-kva.example/%C3%BC",
        "https://a.example/go?to=inner.example/x",
    ],
)
def test_what_the_person_named_is_known(url):
    assert said().holds(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://example.org/a/",
        "https://example.org/a?q=secret",
        "https://example.org/A",
        "https://example.org/%61",
        "http://example.org/a",
        "https://example.org:8443/a",
        "https://secret.example.org/a",
        "https://bare.example/secret",
        "https://bare.example/?secret",
        "https://secret.bare.example/",
        "https://mail.example/",
        "https://inner.example/x",
        "https://cher.example/",
        "https://b/",
        "https://quoted.example/q?b=2&a=1",
        "https://me@mail.example/",
        "https://user:secret@example.org/a",
        "ftp://example.org/a",
        "",
        "nonsense",
    ],
)
def test_what_only_resembles_it_is_not(url):
    assert not said().holds(url)


def test_a_page_names_whole_addresses_only():
    addresses = KnownAddresses()
    addresses.add_written(
        "See [more](https://page.example/more) and other.example, or page.example/b."
    )
    assert addresses.holds("https://page.example/more")
    assert not addresses.holds("https://other.example/")
    assert not addresses.holds("https://page.example/b")


@pytest.mark.parametrize(
    "text",
    [
        "a." * 50_000,
        "a-" * 50_000,
        "https://a.example/" + ")" * 4000 + " https://b.example/" * 9000,
        ("https://a.example/" + "é)" * 2000 + " ") * 25,
        ("https://a.example/é" + ".!?" * 1300 + " ") * 25,
        "https://" * 12_000,
        "https://[" * 9000,
    ],
)
def test_no_text_takes_long_to_read(text):
    # Read one sign less at a time, this takes minutes.
    assert len(said(text).urls) <= known.MOST_KNOWN


def test_there_are_not_more_than_anybody_reads():
    addresses = KnownAddresses()
    addresses.add_written(" ".join(f"https://a.example/{n}" for n in range(known.MOST_KNOWN + 10)))
    assert len(addresses.urls) == known.MOST_KNOWN


# ---- opening pages -----------------------------------------------------------------------------------


class Opening:
    """Calls of `fetch_page` against one server, with somebody who allows what is `allowed`."""

    def __init__(self, server, *names, allowed=None):
        self.asked = []
        self.allowed = allowed

        async def safely(url, *, accept, max_bytes):
            resolver = Names(site_example="127.0.0.1")
            place = f"site.example:{server.port}"
            return await fetch(
                url, accept=accept, max_bytes=max_bytes, resolver=resolver, allow=(place,)
            )

        self.base = f"http://site.example:{server.port}"
        self.context = Context(fetch=safely)
        for name in names:
            self.context.known.add_said(f"Read {self.base}{name}")
        self.run = Run(tools(), self.context, approve=self.approve)

    async def approve(self, call, tool, arguments):
        self.asked.append(arguments["url"].removeprefix(self.base))
        if self.allowed is None:
            raise AssertionError("nobody was to be asked")
        return Approved(self.allowed)

    async def __call__(self, path, start=0):
        text = f'{{"url": "{self.base}{path}", "start": {start}}}'
        (outcome,) = await self.run.round([Call("", "fetch_page", text)])
        return outcome


async def test_a_named_page_and_its_links_are_opened_without_asking():
    answers = {
        "/": page(b"<p>Go <a href='/next?a=b'>on</a></p>"),
        "/next?a=b": page(b"<p>the end</p>"),
    }
    async with serving(answers) as server:
        opening = Opening(server, "/")
        assert (await opening("/")).state == "done"
        outcome = await opening("/next?a=b")
    assert "the end" in outcome.result
    assert opening.asked == []


async def test_an_address_that_the_model_made_up_is_asked_about_and_nothing_is_sent_before():
    async with serving({"/": page(b"hello"), "/?q=secret": page(b"thanks")}) as server:
        states = []
        opening = Opening(server, "/")
        opening.run.watch = lambda outcome: states.append((outcome.state, outcome.code))

        async def refuse(*_):
            assert server.connections == 0
            return Refused()

        opening.run.approve = refuse
        outcome = await opening("/?q=secret")
        assert server.connections == 0
    assert (outcome.state, outcome.code) == ("refused", "refused")
    assert states == [("waiting", "address"), ("refused", "refused")]


async def test_the_next_part_of_an_allowed_page_is_not_asked_about_again():
    async with serving({"/made-up": page(b"0123456789" * 4500, "text/plain")}) as server:
        opening = Opening(server, allowed={"url": f"http://site.example:{server.port}/made-up"})
        assert (await opening("/made-up")).state == "done"
        assert (await opening("/made-up", 20_000)).state == "done"
    assert opening.asked == ["/made-up"]


async def test_what_its_person_wrote_instead_is_opened():
    async with serving({"/right": page(b"right")}) as server:
        opening = Opening(server, allowed={"url": f"http://site.example:{server.port}/right"})
        outcome = await opening("/?q=secret")
        assert [head.split(" ")[1] for head in server.requests] == ["/right"]
    assert outcome.arguments == opening.allowed
