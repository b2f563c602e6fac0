"""A web page as text, fetched safely."""

from __future__ import annotations

from functools import partial
from typing import Any

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import Reason, tool
from qwenchat.tools.fetching import FetchError
from qwenchat.tools.known import normalised
from qwenchat.tools.pages import READABLE, Page, read_page
from qwenchat.tools.threads import in_thread

MAX_BYTES = 2_000_000
PART_CHARACTERS = 20_000
TITLE_CHARACTERS = 300

SAID = {
    "url": "This is no complete web address. It has to look like https://example.org/page.",
    "scheme": "Only http and https addresses can be opened.",
    "credentials": "Addresses that hold a user name or password are not opened.",
    "port": "Only the ports 80 and 443 can be opened.",
    "address": "This address is not on the public internet, so it is not opened.",
    "redirects": "The page redirects too often.",
    "content_type": "There is no text at this address, but {content_type}.",
    "encoding": "The page is compressed in a way that cannot be read.",
    "too_large": "The page is larger than {limit_bytes:,} bytes.",
    "resolve": "There is no server called {host}.",
    "connect": "{host} does not answer.",
    "certificate": "{host} has no valid certificate.",
    "status": "The server answers with status {status}.",
    "timeout": "The page did not come within {timeout_s:g} seconds.",
    "protocol": "The server's answer broke off or is no proper web page.",
}


def asks(arguments: dict[str, Any], context: Context) -> Reason | None:
    """An address that only the model wrote may carry the conversation away: its person looks at it first.

    What is no address goes on, to be refused with its reason; nothing is sent for it.
    """
    url = str(arguments["url"])
    return "address" if normalised(url) and not context.known.holds(url) else None


@tool(title="Open a web page", asks=asks)
async def fetch_page(context: Context, url: str, start: int = 0) -> str:
    """Opens a public web page and gives its title and readable text, with links.

    Use addresses exactly as the user, a search or an opened page gives them: the user is asked about others.

    url: the complete address, beginning with https:// or http://
    start: the character to begin at, when an earlier part ended with a note to go on
    """
    try:
        fetched = await context.fetch(url, accept=READABLE, max_bytes=MAX_BYTES)
    except FetchError as error:
        raise ToolError(sentence(error)) from error
    page = await in_thread(
        partial(read_page, fetched.body, fetched.kind, fetched.charset, fetched.url)
    )
    text = shown(fetched.url, page, max(start, 0))
    context.known.add_written(text)
    context.known.add(url)  # somebody has let it through, so its next part is not asked about again
    return text


def sentence(error: FetchError) -> str:
    """What the model is told; it may tell the person."""
    facts = dict(error.facts)
    if facts.get("content_type") == "":
        facts["content_type"] = "something of a kind that the server does not name"
    return SAID[error.reason].format(**facts)


def shown(url: str, page: Page, start: int) -> str:
    """One part of the page, and where the next begins."""
    text = page.text
    part = text[start : start + PART_CHARACTERS]
    end = start + len(part)
    nothing = "The page ends before that." if text else "The page holds no readable text."
    title = [f"Title: {page.title[:TITLE_CHARACTERS]}"] if page.title else []
    lines = [f"Address: {url}", *title, "", part or nothing]
    if part and end < len(text):
        note = f"[The page goes on: call again with start={end} of {len(text)} characters.]"
        lines += ["", note]
    elif page.is_cut:
        lines += ["", "[The page is longer still; the rest of it cannot be read.]"]
    return "\n".join(lines)
