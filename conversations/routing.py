"""Which model answers, and how its request is built from what a person chose.

`auto` is decided here, from what is attached and asked: today by the default model, since only text can be
sent; attachments will add their rows to this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from qwenchat.dashscope import payloads

from . import offered, service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .models import Conversation
    from .options import Options

CHAT_PATH = "/chat/completions"


def models_for(
    options: Options, conversation: Conversation, *, again: str | None = None
) -> tuple[str, ...]:
    """The models that answer: those that were asked for, else the conversation's, else the default."""
    if options.models:
        return options.models
    wanted = options.model or again or conversation.model or offered.AUTO
    return (offered.default_model() if wanted == offered.AUTO else wanted,)


def body(
    model: str,
    messages: Sequence[dict[str, Any]],
    options: Options,
    *,
    prefix: bool = False,
) -> dict[str, Any]:
    """The request body for a streamed answer; `payloads.FieldError` where an option does not fit.

    Hybrid models are told explicitly whether to think, since their habits differ; a prefix is continued
    without, since the service refuses the two together.
    """
    wanted = options.thinking
    if prefix or wanted is None:
        wanted = payloads.thinking_for(model, False if prefix else None)
    return payloads.chat(
        model,
        messages,
        stream=True,
        include_usage=True,
        thinking=wanted,
        thinking_budget=None if prefix else options.thinking_budget,
        dialect=service.dialect(),
        **options.sampling(),
    )


def path() -> str:
    """The path of the request on the service's host, for the record."""
    return urlsplit(settings.DASHSCOPE_BASE_URL).path.rstrip("/") + CHAT_PATH
