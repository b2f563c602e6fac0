"""Providers of the current weather, one a file: each is a `WeatherProvider` (see context)."""

from __future__ import annotations

from .open_meteo import OpenMeteo

__all__ = ["OpenMeteo"]
