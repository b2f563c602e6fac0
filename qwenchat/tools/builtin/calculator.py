"""Arithmetic, worked out from the syntax tree: nothing is executed, and every step is bounded."""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING

from qwenchat.tools.context import ToolError
from qwenchat.tools.declaring import tool

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHARACTERS = 1000
MOST_STEPS = 500
TOO_MANY = "The expression has too many parts."
# Whole numbers stay under this many bits (some 1,200 digits): enough for 500!, far from a minute's work.
MOST_BITS = 4096
MOST_FACTORIAL = 500

Number = int | float

BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
NAMES = {"pi": math.pi, "e": math.e, "tau": math.tau}
FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
    "sum": lambda *values: sum(values),
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "degrees": math.degrees,
    "radians": math.radians,
    "hypot": math.hypot,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "gcd": math.gcd,
    "lcm": math.lcm,
}
WHOLE: dict[str, Callable[..., int]] = {
    "factorial": math.factorial,
    "comb": math.comb,
    "perm": math.perm,
}
WRITTEN = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "，": ",", "（": "(", "）": ")"}
)


@tool(title="Calculator", timeout_s=5)
def calculator(expression: str) -> str:
    """Works out an arithmetic expression exactly as written, in Python's notation.

    Knows + - * / // % ** and parentheses, the constants pi, e and tau, and the functions abs, round,
    min, max, sum, sqrt, cbrt, exp, ln, log(x, base), log2, log10, sin, cos, tan, asin, acos, atan,
    atan2, sinh, cosh, tanh, degrees, radians, hypot, floor, ceil, trunc, gcd, lcm, factorial, comb and
    perm. Angles are in radians.

    expression: such as (17.5 * 3) / 4 or sqrt(2) ** 3
    """
    return worked_out(expression)


def worked_out(expression: str) -> str:
    """The result as text; `ToolError` says why there is none."""
    text = expression.strip().translate(WRITTEN).replace("^", "**").rstrip("=").strip()
    if len(text) > MOST_CHARACTERS:
        raise ToolError(f"The expression is longer than {MOST_CHARACTERS} characters.")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError("This is no arithmetic expression. Example: (2 + 3) * 4") from None
    try:
        return shown(Sum().value(tree.body))
    except RecursionError:
        raise ToolError(TOO_MANY) from None


class Sum:
    """One evaluation; counts its steps."""

    def __init__(self) -> None:
        self.steps = 0

    def value(self, node: ast.expr) -> Number:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise ToolError(TOO_MANY)
        try:
            return bounded(self.worked_out(node))
        except ZeroDivisionError:
            raise ToolError("Division by zero.") from None
        except OverflowError:
            raise ToolError("The result is too large.") from None
        except (ValueError, TypeError) as error:
            raise ToolError(f"That cannot be worked out: {error}.") from None

    def worked_out(self, node: ast.expr) -> Number:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name) if name in NAMES:
                return NAMES[name]
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in UNARY:
                return UNARY[type(sign)](self.value(operand))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return power(self.value(left), self.value(right))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in BINARY:
                return BINARY[type(sign)](self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return applied(name, [self.value(argument) for argument in arguments])
        raise ToolError(f"This part cannot be worked out: {ast.unparse(node)[:80]}")


def power(base: Number, exponent: Number) -> Number:
    """Refused before it is worked out if it would be larger than anything that may come out."""
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and abs(base) > 1 and abs(exponent) * int(base).bit_length() > MOST_BITS:
        raise OverflowError
    result = base**exponent
    if isinstance(result, complex):
        raise ToolError("The result is not a real number.")
    return result


def applied(name: str, values: list[Number]) -> Number:
    if name in WHOLE:
        if any(not isinstance(value, int) or value > MOST_FACTORIAL for value in values):
            raise ToolError(f"{name} takes whole numbers up to {MOST_FACTORIAL}.")
        return WHOLE[name](*values)
    if name not in FUNCTIONS:
        raise ToolError(f"There is no function {name[:40]}.")
    if name == "round" and len(values) == 2 and isinstance(values[1], int) and abs(values[1]) > 400:
        raise OverflowError
    return FUNCTIONS[name](*values)


def bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise OverflowError
    if isinstance(value, float) and not math.isfinite(value):
        raise OverflowError
    return value


def shown(value: Number) -> str:
    """Whole results without a point, others to fifteen digits, which hides 0.1 + 0.2's last one."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, int) else f"{value:.15g}"
