"""Searching the web before the model answers (Source: dashscope-api §6).

The compatible protocol searches but tells no sources; fields about sources and citations are known
to the native one only, and left out of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import FieldError, flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.dashscope.model import Model

STRATEGIES = ("turbo", "max", "agent", "agent_max")
CITATION_FORMATS = ("[<number>]", "[ref_<number>]")
FRESHNESS_DAYS = (7, 30, 180, 365)
MOST_SITES = 25

_FLAGS = ("forced_search", "enable_search_extension")
_NATIVE_FLAGS = ("enable_source", "enable_citation", "prepend_search_result")
NATIVE_ONLY = (*_NATIVE_FLAGS, "citation_format")


def search_fields(
    model: Model | None,
    *,
    enable_search: bool | None,
    search_options: Mapping[str, Any] | None,
    native: bool,
) -> dict[str, Any]:
    """Give the fields that are set, checked."""
    fields: dict[str, Any] = {}
    if enable_search is not None:
        wanted = flag("enable_search", enable_search)
        if wanted and model is not None and not model.search:
            raise FieldError("enable_search", f"{model.id} does not search")
        # A model that cannot search refuses even to be told not to.
        if model is None or model.search:
            fields["enable_search"] = wanted
    if search_options:
        if not enable_search:
            raise FieldError("search_options", "have a meaning only with enable_search")
        options = _checked(search_options)
        if not native:
            options = {name: value for name, value in options.items() if name not in NATIVE_ONLY}
        if options:
            fields["search_options"] = options
    return fields


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in options.items():
        if name in _FLAGS or name in _NATIVE_FLAGS:
            flag(name, value)
        elif name == "search_strategy":
            _one_of(name, value, STRATEGIES)
        elif name == "citation_format":
            _one_of(name, value, CITATION_FORMATS)
        elif name == "freshness":
            _one_of(name, value, FRESHNESS_DAYS)
        elif name == "assigned_site_list":
            _check_sites(value)
        elif name == "intention_options":
            if not isinstance(value, dict) or not isinstance(value.get("prompt_intervene"), str):
                raise FieldError(name, "must hold the text prompt_intervene")
        else:
            raise FieldError("search_options", f"{name} is no option of a search")
    if options.get("enable_citation") and not options.get("enable_source"):
        raise FieldError("enable_citation", "needs enable_source")
    strategy = options.get("search_strategy", "turbo")
    for name in ("freshness", "assigned_site_list"):
        if name in options and strategy != "turbo":
            raise FieldError(name, "belongs to the strategy turbo")
    return dict(options)


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if isinstance(value, bool) or value not in allowed:
        raise FieldError(name, f"must be one of {', '.join(map(str, allowed))}")


def _check_sites(sites: object) -> None:
    if not isinstance(sites, list) or not all(isinstance(site, str) and site for site in sites):
        raise FieldError("assigned_site_list", "must be a list of hosts")
    if len(sites) > MOST_SITES:
        raise FieldError("assigned_site_list", "has too many hosts", maximum=MOST_SITES)
