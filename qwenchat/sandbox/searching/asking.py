"""`enable_search` and `search_options`, read and checked, and whether a question is searched for.

Source: the service's notes, "Web search"; refusals of options follow its JSON schema validator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.refusals import ALGO, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.dashscope.model import Model

STRATEGIES = ("turbo", "max", "agent", "agent_max", "standard", "pro")  # the last two: old names
FRESHNESS = (7, 30, 180, 365)
MAX_SITES = 25
CITATIONS = ("[<number>]", "[ref_<number>]")

# English questions often don't trigger a search; those about what is new do.
_CURRENT = re.compile(
    r"\b(?:search|latest|news|newest|today|current(?:ly)?|recent(?:ly)?|who won|price of|20[2-9]\d)\b"
    r"|搜索|搜一下|查一查|最新|新闻|今天|目前|现在|近期|最近|多少|哪一?年|谁",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Search:
    """How a search was asked for; `sources` and `citation` are known to the native protocol."""

    forced: bool = False
    strategy: str = "turbo"
    freshness: int | None = None
    sites: tuple[str, ...] = ()
    extension: bool = False
    sources: bool = False
    citation: str = ""  # the format, "" for none
    prepends: bool = False

    def is_done_for(self, question: str) -> bool:
        return self.forced or _CURRENT.search(question) is not None


def read_search(body: Mapping[str, Any], model: Model, *, native: bool) -> Search | None:
    """None when no search is asked for."""
    asked = body.get("enable_search")
    if asked is not None and not isinstance(asked, bool):
        raise _not("boolean", asked, "enable_search")
    if asked and not model.search:
        raise invalid(ALGO + "This model does not support enable_search.")
    options = body.get("search_options")
    if options is not None and not isinstance(options, dict):
        raise _not("object", options, "search_options")
    if not asked:
        return None
    options = options or {}
    strategy = _one_of(options, "search_strategy", STRATEGIES) or "turbo"
    freshness = _one_of(options, "freshness", FRESHNESS)
    sites = _sites(options)
    citation = _one_of(options, "citation_format", CITATIONS) or CITATIONS[0]
    turbo = strategy in {"turbo", "standard"}
    agent = strategy.startswith("agent")
    # The agents look at `enable_source` alone, and the compatible protocol tells no sources.
    sources = native and _flag(options, "enable_source")
    cites = _flag(options, "enable_citation") and sources and not agent
    prepends = _flag(options, "prepend_search_result") and sources and not agent
    return Search(
        forced=_flag(options, "forced_search") and not agent,
        strategy=strategy,
        freshness=freshness if turbo else None,
        sites=sites if turbo else (),
        extension=_flag(options, "enable_search_extension") and not agent,
        sources=sources,
        citation=citation if cites else "",
        prepends=prepends,
    )


def _flag(options: Mapping[str, Any], name: str) -> bool:
    value = options.get(name)
    if value is not None and not isinstance(value, bool):
        raise _not("boolean", value, f"search_options.{name}")
    return value or False


def _one_of(options: Mapping[str, Any], name: str, allowed: tuple[Any, ...]) -> Any:
    value = options.get(name)
    if value is not None and (isinstance(value, bool) or value not in allowed):
        raise invalid(f"{value} is not one of {list(allowed)} - 'search_options.{name}'")
    return value


def _sites(options: Mapping[str, Any]) -> tuple[str, ...]:
    sites = options.get("assigned_site_list") or []
    if not isinstance(sites, list) or not all(isinstance(site, str) for site in sites):
        raise _not("array", sites, "search_options.assigned_site_list")
    if len(sites) > MAX_SITES:
        raise invalid(f"{sites!r} is too long - 'search_options.assigned_site_list'")
    return tuple(sites)


def _not(expected: str, value: object, field: str) -> Refused:
    return invalid(f"{value!r} is not of type '{expected}' - '{field}'")
