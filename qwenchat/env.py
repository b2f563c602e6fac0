"""Reading the environment: typed values, secrets from files, and errors that say what to change.

Every value that differs between machines comes through here. `NAME_FILE` may point to a file that holds
the value, which is how container platforms hand out secrets. A value that does not fit is an error that
names the variable, what it holds and what was expected.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

Choice = TypeVar("Choice", bound=str)
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    """The variable's value without surrounding space, or what the file in `NAME_FILE` holds."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"{name}_FILE is {file_name!r}, which cannot be read: {error.strerror}."
            raise ImproperlyConfigured(message) from error
    return os.environ.get(name, default).strip()


def is_set(name: str) -> bool:
    """Whether the variable, or its `_FILE` form, is there at all; an empty value counts as set."""
    return name in os.environ or f"{name}_FILE" in os.environ


def flag(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; expected true or false.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; expected a whole number.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} is {number}; expected {minimum} or more.")
    return number


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list; empty items fall away."""
    if not is_set(name):
        return list(default)
    return [item.strip() for item in text(name).split(",") if item.strip()]


def choice(name: str, default: Choice, allowed: Sequence[Choice]) -> Choice:
    value = text(name).lower() or default
    for one in allowed:
        if one == value:
            return one
    expected = ", ".join(allowed)
    raise ImproperlyConfigured(f"{name} is {value!r}; expected one of: {expected}.")
