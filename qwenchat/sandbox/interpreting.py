"""The code interpreter, imitated: programs for the arithmetic in a question, and what they print.

No program runs. An expression is worked out by the calculator, which executes nothing, and the
program that would print it is what the native protocol tells. Source: the service's notes, "The
code interpreter"; the texts of the refusals are not documented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import staging
from qwenchat.sandbox.refusals import ALGO, invalid
from qwenchat.sandbox.tooling.concepts import EXPRESSION
from qwenchat.sandbox.writing.titles import is_title_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.dashscope.model import Model
    from qwenchat.sandbox.request import ChatRequest

FIELD = "enable_code_interpreter"
MOST_RUNS = 3
LOOKED_AT_CHARACTERS = 4000  # of a question; a pasted text after it asks for nothing

_POWER = re.compile(
    r"(?P<base>\d+(?:\.\d+)?)\s*(?:(?:raised\s+)?to\s+the\s+power\s+(?:of\s+)?(?P<en>\d+)"
    r"|的\s*(?P<zh>\d+)\s*次[方幂])",
    re.I,
)
_WRITTEN = str.maketrans({"×": "*", "÷": "/", ",": ""})


@dataclass(frozen=True, slots=True)
class Run:
    """A program, and what it printed: only the model learns that. `after`: thinking tokens."""

    code: str
    expression: str
    printed: str
    after: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"type": "code_interpreter", "code_interpreter": {"code": self.code}}


def read_interpreter(
    body: Mapping[str, Any], model: Model, *, thinking: bool, stream: bool
) -> bool:
    """Whether the interpreter is on, or `Refused`."""
    asked = body.get(FIELD)
    if asked is not None and not isinstance(asked, bool):
        raise invalid(f"{asked!r} is not of type 'boolean' - '{FIELD}'")
    if not asked:
        return False
    if not model.code_interpreter:
        raise invalid(f"{ALGO}This model does not support {FIELD}.")
    if not thinking:
        raise invalid(f"{ALGO}{FIELD} is only supported when enable_thinking is true")
    if not stream:
        raise invalid(f"{ALGO}{FIELD} is only supported in stream mode")
    if body.get("tools"):
        raise invalid(f"{ALGO}{FIELD} cannot be used together with tools")
    return True


def runs(request: ChatRequest) -> tuple[Run, ...]:
    """What runs for this request; () when the interpreter is off, or there is nothing to run."""
    return worked_out(request) if request.interpreter else ()


def worked_out(request: ChatRequest) -> tuple[Run, ...]:
    """The programs for the question's arithmetic, whether or not they may run."""
    if is_title_request(request.system_prompt):
        return ()
    # Not at the top: the tools' package takes a while to import, and few requests need it.
    from qwenchat.tools.builtin.calculator import worked_out as calculated  # noqa: PLC0415
    from qwenchat.tools.context import ToolError  # noqa: PLC0415

    question = staging.without_commands(request.question.text)[:LOOKED_AT_CHARACTERS]
    found: list[Run] = []
    for expression in expressions(question)[:MOST_RUNS]:
        try:
            printed = calculated(expression)
        except ToolError:
            continue
        found.append(Run(_program(expression), expression, printed))
    return tuple(found)


def expressions(question: str) -> list[str]:
    """The arithmetic in a question, in Python's notation and its order, each once."""
    places = [
        (found.start(), f"{found['base']}**{found['en'] or found['zh']}")
        for found in _POWER.finditer(question)
    ]
    places += [(found.start(), _python(found[0])) for found in EXPRESSION.finditer(question)]
    return list(dict.fromkeys(text for _, text in sorted(places)))


def _python(text: str) -> str:
    return " ".join(text.translate(_WRITTEN).replace("^", "**").split())


def _program(expression: str) -> str:
    if "sqrt" in expression:
        return f"from math import sqrt\n\nprint({expression})"
    return f"print({expression})"
