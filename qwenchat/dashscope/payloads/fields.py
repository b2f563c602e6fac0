"""The checks of single fields: each gives the value back or says which field is wrong, and what it
may be."""

from __future__ import annotations

import math


class FieldError(ValueError):
    """A field cannot be sent as it is. `minimum` and `maximum` are the limits that hold, where it
    has any."""

    def __init__(
        self,
        field: str,
        message: str,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.minimum = minimum
        self.maximum = maximum


def number(
    field: str,
    value: object,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
    maximum: float | None = None,
) -> float:
    """Check a number; `above` and `below` are limits that it may not reach."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FieldError(field, "must be a number", minimum=minimum, maximum=maximum)
    if (
        (above is not None and value <= above)
        or (minimum is not None and value < minimum)
        or (below is not None and value >= below)
        or (maximum is not None and value > maximum)
    ):
        raise FieldError(
            field,
            f"{value} is not in {_interval(above, minimum, below, maximum)}",
            minimum=minimum if above is None else above,
            maximum=maximum if below is None else below,
        )
    return value


def whole_number(field: str, value: object, *, minimum: int, maximum: int | None = None) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(field, "must be a whole number", minimum=minimum, maximum=maximum)
    number(field, value, minimum=minimum, maximum=maximum)
    return value


def flag(field: str, value: object) -> bool:
    """Check a yes or no."""
    if not isinstance(value, bool):
        raise FieldError(field, "must be true or false")
    return value


def _interval(
    above: float | None, minimum: float | None, below: float | None, maximum: float | None
) -> str:
    low = f"({above}" if above is not None else f"[{'-∞' if minimum is None else minimum}"
    high = f"{below})" if below is not None else f"{'∞' if maximum is None else maximum}]"
    return f"{low}, {high}"
