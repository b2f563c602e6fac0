"""Where attachments are used: other rooms say it, since this one doesn't know them.

@usage.register
def in_messages(ids): -> {attachment id: [Use(title, url), …]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    Finder = Callable[[Sequence[UUID]], Mapping[UUID, Sequence["Use"]]]


@dataclass(frozen=True, slots=True)
class Use:
    """One place: what it is called, and its address."""

    title: str
    url: str


_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    _finders.append(finder)
    return finder


def unregister(finder: Finder) -> None:
    _finders.remove(finder)


def is_known() -> bool:
    """Whether anybody is there who can say where attachments are used."""
    return bool(_finders)


def uses(attachments: Iterable[UUID]) -> dict[UUID, list[Use]]:
    """Every use of each attachment; one that is not used anywhere has an empty list."""
    ids = list(attachments)
    found: dict[UUID, list[Use]] = {attachment: [] for attachment in ids}
    for finder in _finders:
        for attachment, places in finder(ids).items():
            found[attachment] += places
    return found


def is_used(attachment: UUID) -> bool:
    return bool(uses([attachment])[attachment])
