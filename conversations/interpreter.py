"""The model service's own code interpreter: who may use it, and when it is on for an answer.

People choose it by its name among the tools, and it stays with the conversation like them. But it is no
function that a model calls: the service runs the code while the model thinks, and tells only in its own
protocol what ran. What ran is shown as a call of the answer (`ToolCall.by_service`); it is never run here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qwenchat.refusals import Refusal
from qwenchat.tools import builtin

from . import offered, routing
from .toolbox.offer import tools_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.contrib.auth.models import User

    from .options import Options

NAME = routing.CODE_INTERPRETER
# As every call has them, in English; the page has its own words.
TITLE = "Code interpreter"
ORIGIN = "model service"
RESULT = "The model service ran this code. It does not tell the result."
UNTOLD = "The model service ran code and told neither the code nor the result."


def is_offered() -> bool:
    """Whether people can choose it: some model that they may choose has it."""
    return any(routing.row_for(model.id).code_interpreter for model in offered.models())


def is_on(model: str, options: Options, tools: Collection[str]) -> bool:
    """Whether this model's answer uses it. A model that has none is simply not told of it."""
    may = options.task == "chat" and options.tool_choice != "none"
    return may and NAME in tools and routing.row_for(model).code_interpreter


def applied(model: str, options: Options, tools: Collection[str]) -> Options:
    """The options with which this model's answer is stored, so that it goes on as it began."""
    return replace(options, code_interpreter=is_on(model, options, tools))


def check(user: User, models: Iterable[str], options: Options, tools: Collection[str]) -> None:
    """`Refusal` for what the service would refuse, with what would help."""
    if not any(is_on(model, options, tools) for model in models):
        return
    if options.thinking is False:
        sentence = _(
            "The code interpreter works only while the model thinks. Switch thinking on, or the code"
            " interpreter off."
        )
        raise Refusal("invalid", sentence, field="options.thinking")
    others = set(tools) - {NAME}
    ours = {tool.name for tool in builtin.tools()}
    if others & ours or (others and others & {tool.name for tool in tools_for(user)}):
        sentence = _(
            "The code interpreter cannot be used together with other tools. Switch the others off, or"
            " the code interpreter."
        )
        raise Refusal("invalid", sentence, field="options.tools")
