"""The provider of the current weather that the operator chose, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from qwenchat.tools.weather import OpenMeteo

if TYPE_CHECKING:
    from qwenchat.tools.context import WeatherProvider


def provider() -> WeatherProvider | None:
    """What `Context.weather` is given."""
    if settings.QWENCHAT_WEATHER != "open-meteo":
        return None
    return OpenMeteo(
        geocoding_url=settings.QWENCHAT_WEATHER_PLACES_URL,
        forecast_url=settings.QWENCHAT_WEATHER_URL,
        key=settings.QWENCHAT_WEATHER_KEY,
    )
