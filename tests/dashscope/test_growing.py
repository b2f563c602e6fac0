from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from qwenchat.dashscope.growing import Growing


def news(pieces, *, incremental):
    growing = Growing(incremental=incremental)
    return [growing.news(piece) for piece in pieces]


@given(st.lists(st.text("ab世 ")))
def test_repeated_beginnings_are_given_once(pieces):
    whole = list(accumulate(pieces))
    assert "".join(news(whole, incremental=False)) == "".join(pieces)


@given(st.lists(st.text("ab")))
def test_what_is_known_to_be_new_is_given_as_it_is(pieces):
    assert news(pieces, incremental=True) == pieces


def test_a_piece_that_does_not_repeat_the_first_shows_that_all_are_new():
    assert news(["Hel", "lo", "lo", "lo there"], incremental=False) == [
        "Hel",
        "lo",
        "lo",
        "lo there",
    ]


def test_a_frame_that_falls_back_gives_nothing_twice():
    assert news(["Hel", "Hello", "Hel", "", "Hello!"], incremental=False) == [
        "Hel",
        "lo",
        "",
        "",
        "!",
    ]


def test_a_text_that_changes_its_mind_goes_on_from_where_it_differs():
    assert "".join(news(["It is 1", "It is 12", "It is 13."], incremental=False)) == "It is 123."
