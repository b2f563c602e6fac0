"""The fields for an answer's options; their names are the protocol's."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _


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


def fields() -> dict[str, list[Field]]:
    return {
        "main": [
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
            Field(
                "thinking_budget",
                _("Thinking budget"),
                _("Tokens it may think before answering."),
                "int",
                "1",
                "1",
            ),
        ],
        "more": [
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
    }
