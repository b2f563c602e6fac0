"""Fragments for what a running answer's events carry as values: tool calls and sources."""

from __future__ import annotations

from typing import Any

from . import showing_sources, toolshow


def dress(frame: dict[str, Any]) -> None:
    """Adds `html` to a `tool` or `sources` event, and to what a snapshot has of them."""
    message = frame["message"]
    match frame["type"]:
        case "tool":
            frame["html"] = toolshow.call_html(frame["call"], message)
        case "sources":
            frame["html"] = showing_sources.sources_html(message, frame["sources"])
        case "snapshot":
            frame["calls"] = [
                call | {"html": toolshow.call_html(call, message)} for call in frame["calls"]
            ]
            if frame["sources"]:
                frame["sources_html"] = showing_sources.sources_html(message, frame["sources"])
