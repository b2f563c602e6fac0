"""What a search "finds": pages that say of themselves that they don't exist.

They lie under `.example` (RFC 2606: never a real host), or on the hosts that were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qwenchat.sandbox import staging

if TYPE_CHECKING:
    from qwenchat.sandbox.request import ChatRequest

FOUND = {"turbo": 3, "standard": 3, "max": 5, "pro": 5, "agent": 4, "agent_max": 6}
TOKENS_EACH = 180  # of a page's text, which is billed as input
HOSTS = ("news.sandbox.example", "wiki.sandbox.example", "sandbox.example")
_SITES = ("Sandbox News", "Sandbox Wiki", "")


@dataclass(frozen=True, slots=True)
class Source:
    index: int
    title: str
    url: str
    site: str

    def as_json(self) -> dict[str, Any]:
        # Without a name the service says "none" in Chinese.
        return {
            "site_name": self.site or "无",
            "icon": "",
            "index": self.index,
            "title": self.title,
            "url": self.url,
        }


def found(request: ChatRequest) -> tuple[Source, ...]:
    """The pages that the question's search finds; () when nothing is searched for."""
    search = request.search
    question = " ".join(staging.without_commands(request.question.text).split())
    if search is None or not search.is_done_for(question):
        return ()
    hosts = search.sites or HOSTS
    topic = question[:40].rstrip() + ("…" if len(question) > 40 else "")
    return tuple(
        Source(
            index=number,
            title=f"Sandbox result {number}, made up: {topic}",
            url=f"https://{hosts[(number - 1) % len(hosts)]}/{number}?q={quote(topic)}",
            site="" if search.sites else _SITES[(number - 1) % len(_SITES)],
        )
        for number in range(1, FOUND[search.strategy] + 1)
    )
