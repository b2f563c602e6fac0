from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenchat.dashscope.thinktags import Kind, ThinkTags


def split(*pieces):
    """Give (text, reasoning) as a reader would have them at the end."""
    tags = ThinkTags()
    found = [piece for text in pieces for piece in tags.feed(text)]
    found += tags.close()
    text, reasoning = "", ""
    for kind, piece in found:
        if kind is Kind.TEXT:
            text += piece
        elif kind is Kind.REASONING:
            reasoning += piece
        else:
            text, reasoning = "", reasoning + text
    return text, reasoning


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("Hello", "Hello", ""),
        ("<think>\nHm.\n</think>\n\nHello", "Hello", "Hm.\n"),
        ("\n<think></think>Hello", "Hello", ""),
        ("<think>never closed", "", "never closed"),
        ("I think so.\n</think>\n\nHello", "Hello", "I think so.\n"),
        ("</think>\nHello", "Hello", ""),
        ("only thought\n</think>", "", "only thought\n"),
        ("a\n</think>\nb\n</think>\nc", "b\n</think>\nc", "a\n"),
        ('so.\n</think>{"a": 1}', '{"a": 1}', "so.\n"),
        ("so.\n</think>你好", "你好", "so.\n"),
        # About the tags, not in them:
        ("The tag `</think>` ends it.", "The tag `</think>` ends it.", ""),
        ("Write </think>\nthen go on.", "Write </think>\nthen go on.", ""),
        ("```\n<think>\nx\n</think>\n```", "```\n<think>\nx\n</think>\n```", ""),
        ("</think> ends it.", "</think> ends it.", ""),
        ("Write\n</think>, then go on.", "Write\n</think>, then go on.", ""),
        ("Write\n</think>。", "Write\n</think>。", ""),
        ("1 < 2 </thin", "1 < 2 </thin", ""),
        ("<thinking> is a word", "<thinking> is a word", ""),
        ("a <b> c\n<", "a <b> c\n<", ""),
    ],
)
def test_what_is_thought_and_what_is_said(content, text, reasoning):
    assert split(content) == (text, reasoning)


WORDS = st.sampled_from(
    ["<think>", "</think>", "\n", "\n\n", " ", "a", "<", "</", "think>", "`", "</thi", "nk>\n"]
)


@given(st.lists(WORDS, max_size=14).map("".join), st.data())
def test_any_cut_splits_the_same(content, data):
    whole = split(content)
    assert split(*content) == whole
    cut = data.draw(st.integers(0, len(content)))
    assert split(content[:cut], content[cut:]) == whole


@given(st.text())
def test_without_tags_nothing_is_lost(content):
    if "think>" not in content:
        assert split(*content) == (content, "")
