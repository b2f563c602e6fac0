"""The fields for an answer's options and for OCR; their names are the protocol's."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from qwenchat.dashscope.payloads.search import FRESHNESS_DAYS, MOST_SITES, STRATEGIES
from qwenchat.dashscope.payloads.thinking import EFFORTS


@dataclass(frozen=True, slots=True)
class Field:
    """A number to choose; an empty one is not sent. A model's limits are checked when sending."""

    name: str
    label: str
    hint: str
    type: str
    step: str
    minimum: str = ""
    maximum: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What OCR can be asked to read; "" is the plain call."""

    value: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a select's; "" is what the model does by itself."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What `search_options` may say, in words."""

    strategies: list[Choice]
    freshness: list[Choice]
    most_sites: int


@dataclass(frozen=True, slots=True)
class Fields:
    main: list[Field]
    more: list[Field]
    video: list[Field]
    tasks: list[Task]
    efforts: list[Choice]
    search: Search
    kinds: list[Choice]


def fields() -> Fields:
    return Fields(
        main=[
            Field(
                "temperature",
                _("Temperature"),
                _("Low: steady and literal. High: more varied."),
                "float",
                "0.1",
                "0",
                "2",
            ),
            Field(
                "top_p", _("Top P"), _("Leaves out the unlikely words."), "float", "0.05", "0", "1"
            ),
            Field(
                "max_tokens",
                _("Longest answer"),
                _("Tokens, at most what the model can write."),
                "int",
                "1",
                "1",
            ),
        ],
        more=[
            Field("top_k", _("Top K"), _("Chooses among so many words."), "int", "1", "0", "100"),
            Field("seed", _("Seed"), _("The same seed tends to the same answer."), "int", "1", "0"),
            Field(
                "presence_penalty",
                _("Presence penalty"),
                _("High: fewer returns to what was said."),
                "float",
                "0.1",
                "-2",
                "2",
            ),
            Field(
                "repetition_penalty",
                _("Repetition penalty"),
                _("Above 1: fewer repetitions."),
                "float",
                "0.05",
                "0",
                "2",
            ),
        ],
        video=[
            Field(
                "frames",
                _("Frames of a video"),
                _("So many, spread evenly, unless chosen for the video itself."),
                "int",
                "1",
                "1",
            ),
            Field(
                "fps",
                _("Frames a second"),
                _("Instead of a number: so many for each second."),
                "float",
                "0.1",
                "0.1",
                "10",
            ),
        ],
        tasks=tasks(),
        efforts=efforts(),
        search=Search(strategies(), freshness(), MOST_SITES),
        kinds=kinds(),
    )


def efforts() -> list[Choice]:
    words = {"low": _("Little"), "medium": _("Middling"), "xhigh": _("Most")}
    return [Choice("", _("Automatic")), *(Choice(value, words[value]) for value in EFFORTS)]


def strategies() -> list[Choice]:
    """How the service searches (dashscope-api, section 6)."""
    words = {
        "turbo": (_("Fast"), _("One quick search, with newness and sites as you choose.")),
        "max": (_("Thorough"), _("More results, read more closely; slower.")),
        "agent": (_("In steps"), _("Searches again with what it found; when, the model decides.")),
        "agent_max": (
            _("In steps, and opens pages"),
            _("Also reads the pages it found. Only a few models can."),
        ),
    }
    return [Choice(value, *words[value]) for value in STRATEGIES]


def freshness() -> list[Choice]:
    words = {7: _("A week"), 30: _("A month"), 180: _("Half a year"), 365: _("A year")}
    return [
        Choice("", _("Any age")),
        *(Choice(str(days), words[days]) for days in FRESHNESS_DAYS),
    ]


def kinds() -> list[Choice]:
    """What a value of a structured answer can be."""
    return [
        Choice("string", _("A text")),
        Choice("number", _("A number")),
        Choice("integer", _("A whole number")),
        Choice("boolean", _("Yes or no")),
        Choice("array", _("A list of texts")),
    ]


def tasks() -> list[Task]:
    """The plain call, and the built-in tasks of the service (dashscope-api §9)."""
    return [
        Task("", _("Text, as it stands"), _("The model reads everything and answers in prose.")),
        Task("text_recognition", _("Text alone"), _("Only the words, without any comment.")),
        Task(
            "advanced_recognition",
            _("Text with places"),
            _("Every line with its box, drawn over the picture."),
        ),
        Task(
            "key_information_extraction",
            _("Key information"),
            _("The fields that you name, as a list to copy."),
        ),
        Task("table_parsing", _("Tables"), _("Tables stay tables; they can be saved as CSV.")),
        Task(
            "document_parsing",
            _("Whole documents"),
            _("Headings, lists, tables and formulas in their order."),
        ),
        Task("formula_recognition", _("Formulas"), _("As LaTeX, and drawn.")),
        Task("multi_lan", _("Many languages"), _("For texts in other scripts than Latin and Han.")),
    ]
