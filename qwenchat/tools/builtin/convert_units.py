"""Conversion between units. Currencies are none: their rates change, and a guess would be a lie."""

from __future__ import annotations

import math
from fractions import Fraction

from qwenchat.tools.context import ToolError
from qwenchat.tools.declaring import tool
from qwenchat.tools.units import KINDS, SYMBOLS, ZEROS

from .calculator import shown


@tool(title="Unit conversion", timeout_s=5)
def convert_units(value: float, from_unit: str, to_unit: str) -> str:
    """Converts between units of length, mass, temperature, area, volume, speed, time, data, data rate,
    energy, power, pressure, force, angle and fuel economy. Not for currencies.

    value: how many
    from_unit: the unit it is given in, such as km, lb, F, m2, GiB or km/h
    to_unit: the unit it is wanted in
    """
    if not math.isfinite(value):
        raise ToolError("The value is no finite number.")
    source, target = unit_of(from_unit), unit_of(to_unit)
    kind, other = kind_of(source), kind_of(target)
    if kind != other:
        raise ToolError(f"{source} ({kind}) cannot be converted to {target} ({other}).")
    units = KINDS[kind]
    # Exactly, and rounded once: 25.4 mm are one inch, not 0.9999999999999999.
    base = Fraction(repr(value)) * units[source] + ZEROS.get(source, 0)
    if kind == "temperature" and base < 0:
        raise ToolError("That is below absolute zero.")
    result = (base - ZEROS.get(target, 0)) / units[target]
    return f"{shown(value)} {written(source)} = {rounded(result)} {written(target)}"


def unit_of(name: str) -> str:
    """The unit's symbol: written exactly so, else in any case if only one can be meant."""
    wanted = "_".join(name.split())
    if wanted in SYMBOLS:
        return SYMBOLS[wanted]
    meant = {unit for spelt, unit in SYMBOLS.items() if spelt.lower() == wanted.lower()}
    if len(meant) == 1:
        return meant.pop()
    if meant:
        raise ToolError(f"{name[:40]} may mean {' or '.join(sorted(meant))}.")
    known = "; ".join(f"{kind}: {', '.join(units)}" for kind, units in KINDS.items())
    raise ToolError(f"There is no unit {name[:40]!r}. Known are {known}.")


def kind_of(unit: str) -> str:
    return next(kind for kind, units in KINDS.items() if unit in units)


def written(unit: str) -> str:
    return f"°{unit}" if unit in ("C", "F", "R") else unit


def rounded(value: Fraction) -> str:
    """To twelve digits: more than any of the factors that are not exact."""
    try:
        return shown(float(f"{float(value):.12g}"))
    except OverflowError:
        raise ToolError("The result is too large.") from None
