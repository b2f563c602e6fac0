"""Open-Meteo: no key, free for non-commercial use; a paid host can be named.

Source: the shapes as public clients of the provider read them (looked up in November 2026, not tried
with the real service); WMO code table 4677.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from qwenchat.tools.context import ToolError, Weather
from qwenchat.tools.fetching import FetchError

if TYPE_CHECKING:
    from qwenchat.tools.context import Fetch

MAX_BYTES = 200_000
# Regions are compared as they were written, so they have to come in the same language.
CHINESE = re.compile("[\u4e00-\u9fff]")
CURRENT = "temperature_2m,relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m"
CONDITIONS = {
    0: "clear sky", 1: "mainly clear", 2: "partly cloudy", 3: "overcast", 45: "fog", 48: "rime fog",
    51: "light drizzle", 53: "drizzle", 55: "heavy drizzle", 56: "light freezing drizzle",
    57: "freezing drizzle", 61: "light rain", 63: "rain", 65: "heavy rain", 66: "light freezing rain",
    67: "freezing rain", 71: "light snow", 73: "snow", 75: "heavy snow", 77: "snow grains",
    80: "light showers", 81: "showers", 82: "violent showers", 85: "light snow showers",
    86: "snow showers", 95: "thunderstorm", 96: "thunderstorm with hail", 99: "thunderstorm with heavy hail",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenMeteo:
    """Asks for the place by its name, then for the weather there. `key` is for the paid hosts."""

    geocoding_url: str = "https://geocoding-api.open-meteo.com/v1/search"
    forecast_url: str = "https://api.open-meteo.com/v1/forecast"
    key: str = ""

    async def __call__(self, city: str, *, fetch: Fetch) -> Weather:
        place = await self.place(city, fetch)
        answer = await self.ask(
            self.forecast_url,
            fetch,
            latitude=place["latitude"],
            longitude=place["longitude"],
            current=CURRENT,
            timezone="auto",
        )
        return read_weather(place, answer)

    async def place(self, city: str, fetch: Fetch) -> dict[str, Any]:
        """The best place of that name; what follows a comma chooses between several."""
        name, _, where = (part.strip() for part in city.partition(","))
        if not name:
            raise ToolError("Name a city.")
        answer = await self.ask(
            self.geocoding_url,
            fetch,
            name=name[:100],
            count=10,
            language="zh" if CHINESE.search(city) else "en",
        )
        found = [each for each in answer.get("results") or [] if isinstance(each, dict)]
        near = [each for each in found if where.lower() in region(each).lower()] if where else found
        if not near:
            raise ToolError(f"The weather service knows no place called {city[:100]!r}.")
        return near[0]

    async def ask(self, url: str, fetch: Fetch, **query: object) -> dict[str, Any]:
        if self.key:
            query["apikey"] = self.key
        try:
            fetched = await fetch(
                f"{url}?{urlencode(query)}", accept=("application/json",), max_bytes=MAX_BYTES
            )
            answer = json.loads(fetched.body)
        except (FetchError, ValueError) as error:
            # The address holds the key: nothing of it is told.
            raise ToolError("The weather service does not answer at the moment.") from error
        return answer if isinstance(answer, dict) else {}


def region(place: dict[str, Any]) -> str:
    names = (place.get("admin1"), place.get("country"), place.get("country_code"))
    return ", ".join(name for name in names if isinstance(name, str))


def read_weather(place: dict[str, Any], answer: dict[str, Any]) -> Weather:
    current = answer.get("current")
    if not isinstance(current, dict) or number(current.get("temperature_2m")) is None:
        raise ToolError("The weather service gave no current weather for this place.")
    return Weather(
        place=", ".join(part for part in (str(place.get("name", "")), region(place)) if part),
        temperature_c=float(current["temperature_2m"]),
        feels_like_c=number(current.get("apparent_temperature")),
        humidity_percent=number(current.get("relative_humidity_2m")),
        wind_kmh=number(current.get("wind_speed_10m")),
        conditions=CONDITIONS.get(current.get("weather_code", -1), "unknown"),
        observed=str(current.get("time", "")),
        source="Open-Meteo",
    )


def number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
