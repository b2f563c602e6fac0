from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwenchat.dashscope.masking import masked
from qwenchat.dashscope.texts import TextJoiner, clean


def joined(*pieces):
    joiner = TextJoiner()
    text = "".join(joiner.feed(piece, may_be_broken=True) for piece in pieces)
    return text + joiner.close()


def test_a_pair_over_two_pieces_is_one_character():
    assert joined("a\ud83d", "\ude00b") == "a😀b"


def test_lone_halves_are_replaced():
    assert joined("a\ud83d", "b\ude00") == "a\ufffdb\ufffd"
    assert joined("end\ud83d") == "end\ufffd"


def test_controls_go_and_the_rest_stays():
    assert clean("a\x00b\x1b[31m\tc\r\nd\x7f") == "ab[31m\tc\r\nd"
    assert clean("👩‍👩‍👧 \u202eabc\u202c ü") == "👩‍👩‍👧 \u202eabc\u202c ü"


@given(st.text(alphabet=st.characters(), max_size=30), st.data())
def test_any_cut_gives_the_same_text(text, data):
    broken = "".join(
        chr(unit) for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    )
    cut = data.draw(st.integers(0, len(broken)))
    assert joined(broken[:cut], broken[cut:]) == clean(text)


def test_keys_are_blotted_out():
    key = "private-key-of-another-kind"
    text = masked(f"Incorrect API key provided: sk-abcdef0123456789. {key} Bearer st-12345678", key)
    assert "abcdef" not in text
    assert key not in text
    assert "12345678" not in text
    assert text.startswith("Incorrect API key provided: sk-***")


def test_what_goes_into_a_log_is_one_line_of_bounded_length():
    text = masked("a\nb\x00c" + "x" * 10_000)
    assert text.startswith("a b c")
    assert len(text) < 600
