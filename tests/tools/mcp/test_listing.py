"""Names and fingerprints, without a server."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.tools.declaring import NAME
from qwenchat.tools.mcp.listing import Described, listing_of, name_of

names = st.text("ab_-. ü", min_size=1, max_size=70)


def described(name: str = "a", **changes: object) -> Described:
    facts = {
        "title": "A",
        "description": "Does a.",
        "schema": {"type": "object"},
        "read_only": True,
        **changes,
    }
    return Described(name=name, **facts)


@settings(deadline=None)
@given(st.lists(st.tuples(names, names), min_size=2, max_size=8, unique=True))
def test_no_two_tools_of_any_servers_share_a_name(pairs):
    made = [name_of(server, tool, taken={}) for server, tool in pairs]
    assert len(set(made)) == len(pairs)
    assert all(NAME.fullmatch(name) for name in made)


def test_names_that_need_no_change_are_not_changed():
    assert name_of("my-server_2", "read_file", taken={}) == "my-server_2__read_file"
    assert re.fullmatch(r"a__b_c_[0-9a-f]{8}", name_of("a", "b.c", taken={}))
    assert re.fullmatch(r"a__b__c_[0-9a-f]{8}", name_of("a__b", "c", taken={}))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "b"},
        {"title": "B"},
        {"description": "Does b."},
        {"schema": {"type": "object", "properties": {}}},
        {"read_only": False},
        # Cut off for the model, and a change all the same.
        {"description": "Does a." + " " * 5000 + "b"},
    ],
)
def test_whatever_changes_changes_the_fingerprint(changes):
    before = listing_of("s", [described()], trusts_marks=True)
    after = listing_of("s", [described(**changes)], trusts_marks=True)
    assert after.fingerprint != before.fingerprint
    assert set(after.differences(before).values()) <= {"added", "removed", "changed"}
    assert after.differences(before)


def test_the_order_of_tools_does_not_change_the_fingerprint():
    one, two = described("a"), described("b")
    first = listing_of("s", [one, two], trusts_marks=True)
    second = listing_of("s", [two, one], trusts_marks=True)
    assert first.fingerprint == second.fingerprint
    assert first.differences(second) == {}
