"""The weather, against a server that answers in Open-Meteo's shapes, as its public clients read them."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from qwenchat.tools.builtin.current_weather import current_weather
from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.fetching import fetch
from qwenchat.tools.weather import OpenMeteo
from tests.tools.fetching.servers import Names, page, serving

PLACES = {
    "results": [
        {
            "name": "Paris",
            "latitude": 48.85,
            "longitude": 2.35,
            "country": "France",
            "country_code": "FR",
        },
        {
            "name": "Paris",
            "latitude": 33.66,
            "longitude": -95.55,
            "country": "United States",
            "admin1": "Texas",
        },
    ]
}
NOW = {
    "timezone": "Europe/Paris",
    "current": {
        "time": "2026-07-14T14:00",
        "temperature_2m": 21.4,
        "relative_humidity_2m": 60,
        "apparent_temperature": 20.9,
        "weather_code": 61,
        "wind_speed_10m": 12.2,
    },
}


class Answers(dict):
    """By path, whatever the query."""

    def __getitem__(self, target):
        return super().__getitem__(urlsplit(target).path)


async def weather(city, places=PLACES, now=NOW, key=""):
    bodies = {"/places": places, "/now": now}
    answers = Answers(
        {
            path: body
            if isinstance(body, bytes)
            else page(json.dumps(body).encode(), "application/json; charset=utf-8")
            for path, body in bodies.items()
        }
    )
    async with serving(answers) as server:
        host = f"weather.example:{server.port}"

        async def safely(url, *, accept, max_bytes):
            return await fetch(
                url,
                accept=accept,
                max_bytes=max_bytes,
                resolver=Names(weather_example="127.0.0.1"),
                allow=(host,),
            )

        provider = OpenMeteo(f"http://{host}/places", f"http://{host}/now", key)
        try:
            answer = await current_weather.call(
                {"city": city}, Context(weather=provider, fetch=safely)
            )
        finally:
            asked = [parse_qs(urlsplit(each.split(" ")[1]).query) for each in server.requests]
    return answer, asked


async def test_the_place_is_found_and_its_weather_told():
    answer, asked = await weather("Paris")
    assert asked[0]["name"] == ["Paris"]
    assert (asked[1]["latitude"], asked[1]["longitude"]) == (["48.85"], ["2.35"])
    assert (answer.place, answer.temperature_c, answer.conditions) == (
        "Paris, France, FR",
        21.4,
        "light rain",
    )
    assert (answer.humidity_percent, answer.feels_like_c, answer.wind_kmh) == (60, 20.9, 12.2)
    assert (answer.observed, answer.source) == ("2026-07-14T14:00", "Open-Meteo")


async def test_a_country_or_state_chooses_between_places():
    _, asked = await weather("Paris, Texas", key="k1")
    assert asked[0]["name"] == ["Paris"]
    assert asked[1]["latitude"] == ["33.66"]
    assert asked[0]["apikey"] == asked[1]["apikey"] == ["k1"]


async def test_a_place_written_in_chinese_is_asked_for_in_chinese():
    places = {
        "results": [{"name": "杭州", "latitude": 30.29, "longitude": 120.16, "country": "中国"}]
    }
    answer, asked = await weather("杭州, 中国", places)
    assert (asked[0]["name"], asked[0]["language"]) == (["杭州"], ["zh"])
    assert answer.place == "杭州, 中国"


@pytest.mark.parametrize(
    ("city", "places", "now", "said"),
    [
        ("Nowhere", {}, NOW, "knows no place called 'Nowhere'"),
        ("Paris, Mars", PLACES, NOW, "knows no place called 'Paris, Mars'"),
        (" , ", PLACES, NOW, "Name a city"),
        ("Paris", PLACES, {}, "gave no current weather"),
        ("Paris", PLACES, {"current": {"temperature_2m": None}}, "gave no current weather"),
        ("Paris", [], NOW, "knows no place"),
        ("Paris", page(b"{", "application/json"), NOW, "does not answer"),
        ("Paris", page(b"<p>", "text/html"), NOW, "does not answer"),
        ("Paris", b"HTTP/1.1 500 No\r\n\r\n", NOW, "does not answer"),
        ("Paris", page(b"[" + b"1," * 200_000, "application/json"), NOW, "does not answer"),
    ],
)
async def test_what_the_service_does_not_know_is_said(city, places, now, said):
    with pytest.raises(ToolError) as refused:
        await weather(city, places, now, key="secret")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_without_a_service_it_is_honestly_not_known():
    with pytest.raises(ToolError, match="No weather service is configured"):
        await current_weather.call({"city": "Paris"}, Context())
