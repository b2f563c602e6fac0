"""What the composer's menu lists."""

from __future__ import annotations

import json

from conversations.toolbox import weather
from conversations.toolbox.catalogue import WORDS, catalogue
from qwenchat.tools import builtin

from .conftest import accepted, at


def test_our_own_tools_have_words_for_people(alice):
    entries = {entry.name: entry for entry in catalogue(alice)}
    interpreter = entries.pop("code_interpreter")
    assert (interpreter.title, interpreter.needs) == ("Code interpreter", "interpreter")
    assert interpreter.group == "At the model service"
    assert set(entries) == set(WORDS) == {tool.name for tool in builtin.tools()}
    assert entries["calculator"].title == "Calculator"
    assert not any(entry.side_effects or entry.origin for entry in entries.values())
    assert {entry.group for entry in entries.values()} == {"Built in"}


def test_the_code_interpreter_is_listed_where_a_model_has_it(alice, settings):
    settings.QWENCHAT_MODELS = ["qwen-plus", "qwen-long"]
    assert "code_interpreter" not in {entry.name for entry in catalogue(alice)}
    settings.QWENCHAT_MODELS = ["qwen-plus", "qwen3-max"]
    assert "code_interpreter" in {entry.name for entry in catalogue(alice)}
    settings.DASHSCOPE_BASE_URL = "http://127.0.0.1:9/v1"
    settings.DASHSCOPE_API_KEY = "sk-x"
    assert "code_interpreter" not in {entry.name for entry in catalogue(alice)}


def test_tools_whose_needs_are_not_met_are_left_out(alice):
    names = {entry.name for entry in catalogue(alice, hooks=())}
    assert {"calculator", "fetch_page"} <= names
    assert not {"search_conversations", "read_attachment"} & names


def test_tools_of_servers_come_behind_ours(alice, tess, library_port):
    accepted(at(library_port), tess)
    *_, headers = catalogue(alice)
    assert headers.name.startswith("library__")
    by_name = {entry.name: entry for entry in catalogue(alice)}
    lend = by_name["library__lend"]
    assert (lend.group, lend.origin, lend.side_effects) == ("library", "127.0.0.1", True)
    assert lend.description == "Lends a book."


def test_a_weather_service_that_is_not_set_up_is_said(settings, alice):
    def said():
        return {entry.name: entry.description for entry in catalogue(alice)}["current_weather"]

    assert weather.provider() is None
    assert "No weather service" in said()
    settings.QWENCHAT_WEATHER = "open-meteo"
    assert "No weather service" not in said()


async def test_the_chosen_provider_asks_where_the_operator_says(settings):
    settings.QWENCHAT_WEATHER = "open-meteo"
    settings.QWENCHAT_WEATHER_URL = "https://weather.example/forecast"
    settings.QWENCHAT_WEATHER_PLACES_URL = "https://places.example/search"
    settings.QWENCHAT_WEATHER_KEY = "k3y"
    asked = []
    answers = {
        "places.example": {"results": [{"name": "Hangzhou", "latitude": 30, "longitude": 120}]},
        "weather.example": {"current": {"temperature_2m": 21.5, "weather_code": 0}},
    }

    async def fetch(url, *, accept, max_bytes):
        asked.append(url)
        host = url.split("/")[2]
        return Answer(json.dumps(answers[host]).encode())

    told = await weather.provider()("Hangzhou", fetch=fetch)
    assert told.temperature_c == 21.5
    assert all("apikey=k3y" in url for url in asked)


class Answer:
    def __init__(self, body):
        self.body = body
