"""The texts: about what came, in the language asked, at the length asked, the same every time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenchat.sandbox import languages, rules, tokens
from qwenchat.sandbox.generation import generate
from qwenchat.sandbox.writing import think, write
from qwenchat.sandbox.writing.received import characters, words

QUESTIONS = [
    "Hello there!",
    "你好，请介绍一下你自己。",
    "Write 300 words, then a table and some code",
    "写 400 字，再给一个公式",
    "everything",
    "展示全部",
    "$x$ `code` *and* | bars",
    "🙂 👩‍💻",
    "",
]


def request(question, *, history=(), prefix=None, **fields):
    messages = [*history, {"role": "user", "content": question}]
    if prefix is not None:
        messages.append({"role": "assistant", "content": prefix, "partial": True})
    return rules.read_chat({"model": "qwen-plus", "messages": messages} | fields)


def answer(question, **fields):
    return write(request(question, **fields))


@given(st.sampled_from(QUESTIONS), st.floats(0, 1), st.sampled_from([None, 0.3]))
def test_a_continued_prefix_joins_to_the_whole(question, place, temperature):
    whole = answer(question, temperature=temperature)
    prefix = whole[: round(len(whole) * place)]
    rest = "".join(generate(request(question, prefix=prefix, temperature=temperature)).answer)
    assert prefix + rest == whole


def test_the_continuation_joins_over_http_as_well(post):
    question = {"role": "user", "content": "Write 120 words about streaming"}

    def said(*messages, **fields):
        return post(messages=messages, **fields).json()["choices"][0]

    whole = said(question)["message"]["content"]
    first = said(question, max_tokens=40)
    assert first["finish_reason"] == "length"
    prefix = whole[:97]
    rest = said(question, {"role": "assistant", "content": prefix, "partial": True})
    assert prefix + rest["message"]["content"] == whole
    assert rest["finish_reason"] == "stop"


def test_an_answer_that_was_thought_about_continues_without_thinking():
    whole = answer("A table please", enable_thinking=True)
    rest = answer("A table please", prefix=whole[:50], enable_thinking=False)
    assert whole[:50] + rest == whole


def test_an_edited_prefix_is_picked_up_by_its_last_words():
    whole = answer("Write 200 words")
    at = whole.index(".", 300)
    edited = "Something else entirely. " + whole[100:at]
    assert answer("Write 200 words", prefix=edited) == whole[at:]


def test_a_foreign_prefix_is_owned_up_to():
    rest = answer("Hello", prefix="def fibonacci(n):")
    assert "isn't one that I would have written" in rest
    assert rest.startswith(" ")


@given(st.text(max_size=300))
def test_tokens_joined_are_the_text(text):
    assert "".join(tokens.split(text)) == text
    assert tokens.count(text) == len(tokens.split(text))


@pytest.mark.parametrize("length", [1, 5, 20, 50, 119, 120, 300, 500, 1000, 5000])
def test_a_text_has_the_number_of_words_asked_for(length):
    text = answer(f"Write {length} words")
    assert words(text) == length


@pytest.mark.parametrize("length", [2, 20, 50, 119, 120, 300, 500, 1000, 5000])
def test_a_chinese_text_has_the_number_of_characters_asked_for(length):
    text = answer(f"写 {length} 字")
    visible = characters(re.sub(r"[#*]", "", text))
    assert abs(visible - length) <= 1
    assert languages.detect(text) == "zh"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("write five hundred words", 500),
        ("write a thousand words", 1000),
        ("a 200-word essay", 200),
        ("1,500 words please", 1500),
    ],
)
def test_lengths_are_understood_in_several_spellings(question, expected):
    assert words(answer(question)) == expected
    assert abs(characters(answer("写三百字")) - 300) <= 5


def test_it_says_what_it_received():
    history = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "What is a *tree*?"},
        {"role": "assistant", "content": "A plant."},
    ]
    text = answer("And a branch?", history=history, temperature=0.3, top_p=0.9)
    assert "qwenchat sandbox" in text
    assert "**3 words** (11 characters)" in text
    assert "in English" in text
    assert "question 2 of this conversation" in text
    assert "2 earlier messages" in text
    assert r"“What is a \*tree\*?”" in text
    assert "A system prompt of 3 words" in text
    assert "`temperature` 0.3, `top_p` 0.9" in text


def test_it_answers_in_the_language_asked():
    assert languages.detect(answer("你好")) == "zh"
    assert languages.detect(answer("请用英文回答：你好")) == "en"
    assert languages.detect(answer("Say hello in Chinese")) == "zh"
    assert languages.detect(answer("Hello")) == "en"
    assert "in French" in answer("Bonjour, comment est-ce que vous allez ?")
    assert "in Japanese" in answer("こんにちは、元気ですか")


def test_it_never_says_that_it_is_qwen():
    for question in (*QUESTIONS, "Are you Qwen?", "你是通义千问吗？", "write 3000 words"):
        for text in (answer(question), think(request(question))):
            assert not re.search(r"I am Qwen|我是(通义)?千问|我是 ?Qwen\b", text)


@pytest.mark.parametrize(
    ("asked", "mark"),
    [
        ("a table", "| :--- |"),
        ("一个表格", "| :--- |"),
        ("some code", "```python"),
        ("JavaScript code", "```javascript"),
        ("an SQL example", "```sql"),
        ("一段代码", "```python"),
        ("a formula", "\\frac"),
        ("一个公式", "\\frac"),
        ("a list", "1. "),
        ("一个列表", "- [x]"),
        ("a quote", "\n> a quote"),
        ("一段引用", "\n> 一段引用"),
        ("a footnote", "[^prompt]:"),
        ("一个脚注", "[^提示]:"),
    ],
)
def test_parts_of_a_page_can_be_asked_for(asked, mark):
    assert mark in answer(asked)


@pytest.mark.parametrize("asked", ["Show me everything", "展示所有格式"])
def test_everything_has_one_of_everything(asked):
    text = answer(asked)
    marks = "# |#### |```python|```diff|$$|\\[|\\(|[^1]:|> > |- [ ]|~~|***|<https://|$5|---"
    for mark in (*marks.split("|"), "**「重点」**", "| :---"):
        assert mark in text, mark
    assert "{" + "table}" not in text


def test_parts_come_in_the_order_of_asking():
    text = answer("first a formula, then a table, then code")
    places = [text.index(mark) for mark in ("\\frac", "| :---", "```python")]
    assert places == sorted(places)


def test_code_in_a_question_can_t_break_out_of_its_fence():
    text = answer("explain this code ```print('x')``` please")
    fence = re.search(r"^(`{3,})python$", text, re.M)[1]
    assert len(fence) == 4
    assert text.count(f"\n{fence}\n") == 1


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Please can you explain how rainbows form? I saw one.", "Explain how rainbows form"),
        ("请帮我写一首关于秋天的诗，要押韵", "写一首关于秋天的诗，要押韵"),
        ("User: What is **bold**?\n\nAssistant: A weight.", "What is bold"),
        ("用户：今天天气怎么样？", "今天天气怎么样"),
        ("```\ncode\n```", "Code"),
        ("/sandbox cut\nwrite 200 words", "Write 200 words"),
        ("???", "Sandbox"),
        ("What is 17 * 24 in **words**?", "What is 17 * 24 in"),
    ],
)
def test_titles_are_the_first_words(question, title):
    system = {"role": "system", "content": "Title this conversation in at most six words."}
    assert answer(question, history=[system]) == title


def test_a_different_seed_is_a_different_answer_and_the_same_one_isn_t():
    def pieces(seed):
        # The option itself is told; what is compared is the rest.
        return re.sub(r"`seed` \d+", "", answer("Hello", seed=seed))

    assert pieces(1) == pieces(1)
    assert len({pieces(seed) for seed in range(12)}) > 1


def test_thinking_says_what_it_sees():
    thoughts = think(request("Write 50 words and a table"))
    assert "6 words" in thoughts
    assert "a text of 50 words, then a table" in thoughts
    assert tokens.count(think(request("Think hard"))) > 2 * tokens.count(thoughts)
    assert languages.detect(think(request("写一段代码"))) == "zh"


def test_json_follows_a_simple_schema():
    import json

    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "count": {"type": "integer", "minimum": 3},
            "tags": {"type": "array", "items": {"type": "string"}},
            "ok": {"type": "boolean"},
        },
    }
    wrapped = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    value = json.loads(
        answer("Some JSON", model="qwen3.7-plus", enable_thinking=False, response_format=wrapped)
    )
    assert value == {"kind": "a", "count": 3, "tags": ["Some JSON"], "ok": True}
