from __future__ import annotations

import pytest

from qwenchat.markup import plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# 标题 **bold**\n\nand [link](https://e.x) `code`", "标题 bold and link code"),
        ("- [x] done\n- *two*", "done two"),
        ("| a | b |\n|--|--|\n| 1 | 2 |", "a b 1 2"),
        ("```py\nx = 1\n```\n\n$$\ny\n$$", "x = 1 y"),
        ("![alt](https://e.x/i.png)  \nnext", "alt next"),
        ("a &lt; b <i>c</i> $5", "a < b <i>c</i> $5"),
        ("", ""),
        ("\ud800\0", "\ufffd\ufffd"),
    ],
)
def test_the_words_remain_and_the_marks_go(text, words):
    assert plain(text) == words


def test_only_the_beginning_of_a_long_text_is_looked_at():
    assert plain("word " * 1_000_000, limit=50) == "word " * 9 + "word"
