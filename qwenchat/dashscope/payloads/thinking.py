"""Whether a model is to think, and how much.

Hybrid models differ in what they do when nobody says, and between generations it changed (Source:
dashscope-api §2.3): the app says it every time, with the value that `thinking_for` gives. Models
that always or never think refuse to be told otherwise, so for them nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat.dashscope.catalogue import find

from .fields import FieldError, flag, whole_number

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model

EFFORTS = ("low", "medium", "xhigh")


def thinking_for(model_id: str, wanted: bool | None) -> bool | None:
    """Give what to send: `wanted`, or the model's own habit, where the model has a choice; None
    where nothing may be sent."""
    model = find(model_id)
    if model is None or model.thinking in ("none", "always"):
        return None
    return model.thinking == "hybrid_on" if wanted is None else wanted


def will_think(model: Model | None, thinking: bool | None) -> bool:
    """Tell whether the model will think when `thinking` is sent; of an unknown model only what it
    is told is known."""
    if model is not None and (model.thinking == "always" or thinking is None):
        return model.thinking in ("always", "hybrid_on")
    return thinking is True


def thinking_fields(
    model: Model | None,
    *,
    thinking: bool | None,
    thinking_budget: int | None,
    reasoning_effort: str | None,
) -> dict[str, Any]:
    """Give the fields that say how to think. Raises FieldError where the model cannot."""
    fields: dict[str, Any] = {}
    if thinking is not None:
        flag("thinking", thinking)
        if model is not None and thinking and not model.can_think:
            raise FieldError("thinking", f"{model.id} cannot think")
        if model is not None and not thinking and model.thinking == "always":
            raise FieldError("thinking", f"{model.id} always thinks")
        # A model that never or always thinks refuses even to be told so.
        if model is None or model.thinking in ("hybrid_on", "hybrid_off"):
            fields["enable_thinking"] = thinking
    if thinking_budget is not None:
        if (model is not None and not model.can_think) or thinking is False:
            raise FieldError("thinking_budget", "has no meaning without thinking")
        most = model.max_thinking_tokens if model else None
        fields["thinking_budget"] = whole_number(
            "thinking_budget", thinking_budget, minimum=1, maximum=most
        )
    if reasoning_effort is not None:
        if model is not None and not model.effort:
            raise FieldError("reasoning_effort", f"{model.id} has no levels of effort")
        if reasoning_effort not in EFFORTS:
            raise FieldError("reasoning_effort", f"must be one of {', '.join(EFFORTS)}")
        if thinking_budget is not None:
            raise FieldError("reasoning_effort", "cannot be sent together with thinking_budget")
        if thinking is False:
            raise FieldError("reasoning_effort", "has no meaning without thinking")
        fields["reasoning_effort"] = reasoning_effort
    return fields
