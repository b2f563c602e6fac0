"""The tree of messages, as pure values: branches, siblings, and where a branch ends.

A conversation is a tree: an edited question and a regenerated answer are siblings of the first ones. A
*branch* is the path from a root to a leaf. Nothing here touches the database; `Node` is what a query
gives for one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Node:
    """One message's place: `number` grows with every message of a conversation."""

    id: UUID
    parent: UUID | None
    number: int


@dataclass(frozen=True, slots=True)
class Siblings:
    """Where a message stands among its alternatives: the `position`-th (from 1) of `count`."""

    position: int
    count: int
    previous: UUID | None
    next: UUID | None


def path_to(leaf: UUID, nodes: Iterable[Node]) -> list[UUID]:
    """The branch that ends in `leaf`, from its root, as far as `nodes` reach."""
    parents = {node.id: node.parent for node in nodes}
    path: list[UUID] = []
    step: UUID | None = leaf
    while step is not None and step in parents:
        path.append(step)
        step = parents.pop(step)
    return path[::-1]


def siblings(nodes: Iterable[Node]) -> dict[UUID, Siblings]:
    """For each of `nodes`, its place among those with the same parent, oldest first."""
    families: dict[UUID | None, list[Node]] = {}
    for node in nodes:
        families.setdefault(node.parent, []).append(node)
    places: dict[UUID, Siblings] = {}
    for family in families.values():
        family.sort(key=lambda node: node.number)
        for index, node in enumerate(family):
            places[node.id] = Siblings(
                position=index + 1,
                count=len(family),
                previous=family[index - 1].id if index else None,
                next=family[index + 1].id if index + 1 < len(family) else None,
            )
    return places


def newest_leaf(start: UUID, nodes: Iterable[Node]) -> UUID:
    """The end of the branch below `start` that was written to last.

    Numbers grow with every message, so the newest message below `start` is a leaf, and it is where the
    person was when they left that branch.
    """
    ordered = sorted(nodes, key=lambda node: node.number)
    below = {start}
    newest = start
    for node in ordered:  # a parent is always older than its replies
        if node.parent in below:
            below.add(node.id)
            newest = node.id
    return newest
