"""The body of an answer's request, from its options."""

from __future__ import annotations

import pytest

from conversations import routing
from conversations.options import Options
from qwenchat.dashscope import payloads

ASK = [payloads.user("Oslo as JSON")]
JSON = {"type": "json_object"}


@pytest.mark.parametrize(
    ("options", "thinks"),
    [
        (Options(), True),
        (Options(response_format={"type": "text"}), True),
        (Options(response_format=JSON), False),
        (Options(thinking=False), False),
    ],
)
def test_a_model_that_thinks_by_habit_answers_in_json_without(
    options: Options, *, thinks: bool
) -> None:
    assert routing.body("qwen3.7-plus", ASK, options)["enable_thinking"] is thinks


def test_json_with_thinking_that_was_asked_for_is_refused() -> None:
    with pytest.raises(payloads.FieldError):
        routing.body("qwen3.7-plus", ASK, Options(response_format=JSON, thinking=True))


def test_an_answer_that_goes_on_does_not_search_again() -> None:
    """Its new marks would mean other pages than the sources that it has."""
    options = Options(search=True)
    assert routing.body("qwen-plus", ASK, options)["parameters"]["enable_search"] is True
    begun = [*ASK, payloads.assistant("Oslo is", partial=True)]
    body = routing.body("qwen-plus", begun, options, prefix=True)
    assert "enable_search" not in body["parameters"]
