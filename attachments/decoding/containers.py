"""Zip containers: which format they hold, once they have been found harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import zips

if TYPE_CHECKING:
    from pathlib import Path


def check(source: Path, limits: dict[str, int]) -> dict[str, Any]:
    return {"format": zips.examine(source, limits), "details": {}}
