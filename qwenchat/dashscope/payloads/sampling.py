"""How the model chooses its words, how long it may speak, and in which form. Ranges: dashscope-api
§2.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import FieldError, number, whole_number

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model

MAX_SEED = 2**31 - 1
# OpenAI's limit; the service names none.
_MOST_STOPS_ELSEWHERE = 4


def sampling_fields(
    model: Model | None,
    *,
    own: bool,
    temperature: float | None,
    top_p: float | None,
    top_k: int | None,
    presence_penalty: float | None,
    repetition_penalty: float | None,
    max_tokens: int | None,
    seed: int | None,
    stop: object,
) -> dict[str, Any]:
    """Give the fields that are set, checked. `own` says that the endpoint is the service, whose
    ranges are narrower and whose extras it knows."""
    fields: dict[str, Any] = {}
    if temperature is not None:
        limit = {"below": 2.0} if own else {"maximum": 2.0}
        fields["temperature"] = number("temperature", temperature, minimum=0, **limit)
    if top_p is not None:
        fields["top_p"] = number("top_p", top_p, above=0, maximum=1)
    if top_k is not None:
        checked = whole_number("top_k", top_k, minimum=0)
        if own:
            fields["top_k"] = checked
    if presence_penalty is not None:
        fields["presence_penalty"] = number(
            "presence_penalty", presence_penalty, minimum=-2, maximum=2
        )
    if repetition_penalty is not None:
        penalty = number("repetition_penalty", repetition_penalty, above=0)
        if own:
            fields["repetition_penalty"] = penalty
    if max_tokens is not None:
        most = model.max_output_tokens if model else None
        fields["max_tokens"] = whole_number("max_tokens", max_tokens, minimum=1, maximum=most)
    if seed is not None:
        fields["seed"] = whole_number("seed", seed, minimum=0, maximum=MAX_SEED)
    if stop is not None:
        fields["stop"] = _stop(stop, own=own)
    return fields


def _stop(stop: object, *, own: bool) -> object:
    """Check where to stop: a text, a list of texts, and with the service a list of tokens or of
    token sequences."""
    if isinstance(stop, str) and stop:
        return stop
    if isinstance(stop, list) and stop:
        texts = all(isinstance(each, str) and each for each in stop)
        if texts and (own or len(stop) <= _MOST_STOPS_ELSEWHERE):
            return stop
        if own and (_are_tokens(stop) or all(_are_tokens(each) for each in stop)):
            return stop
    kinds = (
        "a text or a list of texts, of tokens or of token lists" if own else "a text or up to four"
    )
    raise FieldError("stop", f"must be {kinds}, none of them empty")


def _are_tokens(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(each) is int for each in value)
