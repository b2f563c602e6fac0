"""Events as the text of a frame."""

from __future__ import annotations

import json
from typing import Any

import orjson


def encoded(event: dict[str, Any]) -> str:
    """The event as JSON. Numbers of more than 64 bits and half characters stand in arguments of tools, and
    the fast encoder takes neither: one of them must not end the socket."""
    try:
        return orjson.dumps(event).decode()
    except orjson.JSONEncodeError:
        return json.dumps(event, separators=(",", ":"))
