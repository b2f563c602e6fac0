"""Programs that the service runs for the model while it thinks (Source: dashscope-api §5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import FieldError, flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.dashscope.model import Model

NAME = "enable_code_interpreter"


def interpreter_fields(
    model: Model | None,
    *,
    enable_code_interpreter: bool | None,
    stream: bool,
    thinks: bool,
    tools: Sequence[object] | None,
) -> dict[str, Any]:
    """Give the field if it is set, checked."""
    if enable_code_interpreter is None:
        return {}
    wanted = flag(NAME, enable_code_interpreter)
    if not wanted:
        # A model that has none may refuse even to be told not to use it.
        return {} if model is not None and not model.code_interpreter else {NAME: False}
    if model is not None and not model.code_interpreter:
        raise FieldError(NAME, f"{model.id} has no code interpreter")
    if not thinks:
        raise FieldError(NAME, "works only while the model thinks; switch thinking on")
    if not stream:
        raise FieldError(NAME, "works only in an answer that is streamed")
    if tools:
        raise FieldError(NAME, "cannot be used together with tools; leave out one of the two")
    return {NAME: True}
