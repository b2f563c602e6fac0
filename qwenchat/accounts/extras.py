"""Packages that only some settings need: asked for in words instead of by a traceback."""

from __future__ import annotations

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured


def needed(setting: str, *modules: str, extra: str) -> None:
    """Refuses to start if one of `modules` is not installed, naming the extra that brings it."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ImproperlyConfigured(
            f"{setting} needs packages that are not installed: {', '.join(missing)}. "
            f"Install them with: pip install 'qwenchat[{extra}]'"
        )
