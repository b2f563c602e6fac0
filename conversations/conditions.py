"""What has to hold before a command is carried out; a `Refusal` says what does not, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from qwenchat.dashscope import catalogue, payloads
from qwenchat.refusals import Refusal

from . import interpreter, offered, routing
from .models import RUNNING, CallStatus, Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

    from .options import Options
    from .routing import Chosen

# Answers that wait for their person do not count among those that may run at a time; all together may be so
# many times as many.
WAITING_SHARE = 4
# Options that are called otherwise in the service's requests.
NAMES_HERE = {
    "schema": "ocr_schema",
    "enable_search": "search",
    "search_options": "search",
    "enable_code_interpreter": "tools",
    **dict.fromkeys(
        (
            "freshness",
            "assigned_site_list",
            "search_strategy",
            "citation_format",
            "enable_citation",
        ),
        "search",
    ),
}


def check_text(text: str, *, is_alone: bool) -> None:
    if is_alone and not text.strip():
        raise Refusal("invalid", _("Write something first."), field="text")
    most = settings.LIMITS.text_characters
    if len(text) > most:
        sentence = _("This message has %(count)s characters; %(most)s fit. Shorten it or split it.")
        raise Refusal(
            "too_large", sentence % {"count": f"{len(text):,}", "most": f"{most:,}"}, field="text"
        )


def check_options(
    models: Sequence[Chosen], options: Options, text: str, tools: Sequence[str] = ()
) -> None:
    """Builds what would be sent, so that a value out of range is refused before anything is stored."""
    for model in (chosen.model for chosen in models):
        if offered.find(model) is None:
            sentence = _("The model “%(model)s” is not offered here. Choose another one.")
            raise Refusal(
                "model_not_found", sentence % {"model": model[:100]}, field="options.model"
            )
        try:
            routing.trial(model, text, interpreter.applied(model, options, tools))
        except payloads.FieldError as error:
            sentence = _("“%(name)s” does not fit %(model)s: %(reason)s")
            name = NAMES_HERE.get(error.field, error.field)
            raise Refusal(
                "invalid",
                sentence % {"name": name, "model": model, "reason": error.message},
                field=f"options.{name}",
            ) from error


def check_room(user: User, wanted: int) -> None:
    answers = Message.objects.filter(conversation__owner=user, status__in=RUNNING)
    running, most = answers.count(), settings.LIMITS.running_answers
    if running + wanted > most:
        waiting = ToolCall.objects.filter(message__in=answers, status=CallStatus.WAITING)
        waits = waiting.values("message").distinct().count()
        if running + wanted <= most * WAITING_SHARE:
            running -= waits  # they cost nothing while they wait for their person
        elif waits:
            sentence = _("Many calls of tools wait for you. Allow or refuse some of them first.")
            raise Refusal("rate_limited", sentence, retry_after=5)
    if running + wanted > most:
        sentence = _("%(count)d answers are being written already. Wait for one or stop it.")
        raise Refusal("rate_limited", sentence % {"count": running}, retry_after=5)


def check_thinking_can_end(answer: Message) -> None:
    """Whether its model answers without thinking when it is asked again."""
    model = catalogue.find(answer.model)
    if model is not None and model.thinking == "always":
        sentence = _("%(model)s always thinks before it answers.")
        raise Refusal("invalid", sentence % {"model": answer.model}, field="message")


def busy() -> Refusal:
    return Refusal("busy", _("This is still being answered. Stop it, or wait for its end."))
