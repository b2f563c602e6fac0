"""The tools that come with the application: one function in one file, found by being here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from qwenchat.tools.declaring import Tool


@cache
def tools() -> tuple[Tool, ...]:
    """All of them, by name."""
    found: dict[str, Tool] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Tool):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))
