"""The tree of messages: adding to it changes no other branch."""

from __future__ import annotations

import itertools
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from conversations.tree import Node, newest_leaf, path_to, siblings


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """Messages in the order in which they were written; each follows an older one, or none."""
    nodes: list[Node] = []
    for number in range(1, draw(st.integers(1, 30)) + 1):
        parent = draw(st.sampled_from([None, *(node.id for node in nodes)]))
        nodes.append(Node(UUID(int=number), parent, number))
    return nodes


@given(trees(), st.data())
def test_adding_a_branch_changes_no_other_path(nodes: list[Node], data: st.DataObject) -> None:
    before = {node.id: path_to(node.id, nodes) for node in nodes}
    parent = data.draw(st.sampled_from([None, *(node.id for node in nodes)]))
    added = Node(UUID(int=1000), parent, 1000)
    after = [*nodes, added]
    assert {node.id: path_to(node.id, after) for node in nodes} == before
    assert path_to(added.id, after)[-1] == added.id


@given(trees())
def test_a_path_goes_from_a_root_along_parents(nodes: list[Node]) -> None:
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        path = path_to(node.id, nodes)
        assert by_id[path[0]].parent is None
        assert all(by_id[b].parent == a for a, b in itertools.pairwise(path))


@given(trees())
def test_siblings_count_each_other(nodes: list[Node]) -> None:
    places = siblings(nodes)
    for node in nodes:
        family = [other for other in nodes if other.parent == node.parent]
        place = places[node.id]
        assert place.count == len(family)
        assert family[place.position - 1].id == node.id
        assert (place.previous is None) == (place.position == 1)
        assert (place.next is None) == (place.position == place.count)


@given(trees())
def test_the_newest_leaf_below_is_a_leaf_below(nodes: list[Node]) -> None:
    parents = {node.parent for node in nodes}
    for node in nodes:
        leaf = newest_leaf(node.id, nodes)
        assert leaf not in parents
        assert node.id in path_to(leaf, nodes)
