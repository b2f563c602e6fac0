"""The weather now, from the provider that the operator chose."""

from __future__ import annotations

from qwenchat.tools.context import Context, ToolError, Weather
from qwenchat.tools.declaring import tool


@tool(title="Current weather")
async def current_weather(context: Context, city: str) -> Weather:
    """Tells the current weather in a city.

    city: the city's name, with its country where the name is common, such as Hangzhou or Paris, France
    """
    if context.weather is None:
        raise ToolError(
            "No weather service is configured here, so the weather is not known. Do not guess it."
        )
    return await context.weather(city, fetch=context.fetch)
