"""English and Chinese, both complete: every word of the sources is translated, and the page shows it."""

from __future__ import annotations

import ast
import gettext
import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.utils import translation

from conversations.views import model_words
from qwenchat.dashscope import catalogue
from tests.pages.conftest import Tree, signed_in
from tests.pages.reading import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES"
ASKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
TRANSLATE = re.compile(r"{%-? *translate \"((?:[^\"\\]|\\.)*)\"")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|</?bdi>")
Entry = dict[str, str]


def entries() -> Iterator[tuple[list[str], Entry]]:
    """Each entry of the catalogue: its comments, and its fields as text."""
    text = (FOLDER / "django.po").read_text("utf-8")
    for block in text.split("\n\n")[1:]:
        comments: list[str] = []
        fields: Entry = {}
        name = ""
        for line in block.strip().split("\n"):
            if line.startswith("#"):
                comments.append(line)
                continue
            if not line.startswith('"'):
                name, _, line = line.partition(" ")
                fields[name] = ""
            fields[name] += ast.literal_eval(line)
        if fields:
            yield comments, fields


def sources(folder: str, pattern: str) -> list[Path]:
    return sorted((settings.BASE_DIR / folder).rglob(pattern))


def said_in_python() -> Iterator[tuple[str, str]]:
    for path in [*sources("conversations", "*.py"), *sources("qwenchat", "*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                not isinstance(node, ast.Call)
                or not isinstance(node.func, ast.Name)
                or not node.args
            ):
                continue
            asked = node.args[1 if node.func.id == "pgettext" else 0 :][:1]
            if node.func.id in ASKS | {"pgettext"} and isinstance(asked[0], ast.Constant):
                yield path.name, asked[0].value


def said_in_templates() -> Iterator[tuple[str, str]]:
    for path in sources("templates", "*.html"):
        for found in TRANSLATE.finditer(path.read_text("utf-8")):
            yield path.name, found[1].replace('\\"', '"')


def test_every_word_of_the_sources_is_in_the_catalogue():
    known = {fields["msgid"] for _, fields in entries()}
    said = [*said_in_python(), *said_in_templates()]
    assert len(said) > 300
    assert [(place, text) for place, text in said if text not in known] == []


def test_every_entry_is_translated_and_none_is_a_guess():
    for comments, fields in entries():
        assert not any("fuzzy" in comment for comment in comments), fields["msgid"]
        for name, text in fields.items():
            if name.startswith("msgstr"):
                assert text.strip(), fields["msgid"]


def test_translations_keep_their_placeholders():
    for _, fields in entries():
        wanted = sorted(set(PLACEHOLDER.findall(fields["msgid"])))
        for name, text in fields.items():
            if name.startswith("msgstr"):
                assert sorted(set(PLACEHOLDER.findall(text))) == wanted, fields["msgid"]


def test_the_compiled_catalogue_is_the_written_one():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for _, fields in entries():
        if "msgid_plural" in fields:
            assert compiled.ngettext(fields["msgid"], "", 2) == fields["msgstr[0]"]
        elif "msgctxt" in fields:
            assert compiled.pgettext(fields["msgctxt"], fields["msgid"]) == fields["msgstr"]
        else:
            assert compiled.gettext(fields["msgid"]) == fields["msgstr"]


def test_the_chinese_words_address_people_as_the_design_says():
    for _, fields in entries():
        text = fields.get("msgstr", "") + fields.get("msgstr[0]", "")
        assert "您" not in text
        assert "！" not in text


def test_what_the_catalogue_says_of_models_is_marked_for_translation():
    assert {model.summary for model in catalogue.MODELS.values()} <= set(model_words.SUMMARIES)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("stopped", "你停止了这次回答。"),
        ("interrupted", "生成时服务器重启，已有内容已保存。"),
    ],
)
def test_a_chinese_page_is_chinese(alice, status, sentence):
    tree = Tree(alice, "")
    tree.answer(
        tree.ask(),
        "茶",
        status=status,
        reasoning="嗯",
        reasoning_ms=8000,
        prompt_tokens=6214,
        completion_tokens=96,
        total_ms=2100,
    )
    browser = signed_in(alice, **{"Accept-Language": "zh-CN"})
    page = Page(browser.get(tree.url).content.decode())
    assert page.one("h1").text == "新对话"
    thread = page.one(id_="thread")
    assert thread.one("summary").words == "思考了 8 秒"
    assert sentence in thread.words
    assert "输入 6214 输出 96 2.1 秒" in thread.words
    assert page.one(id_="composer-text").attributes["placeholder"] == "随便问…"
    assert page.one("h2", class_="nav-group__label").words == "今天"


def test_the_language_switch_marks_the_current_one(look):
    switch = look("/").all("button", name="language")
    assert [(b.attributes["value"], b.attributes["aria-checked"]) for b in switch] == [
        ("en", "true"),
        ("zh-hans", "false"),
    ]


def test_the_chosen_language_stays(browser):
    browser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"})
    assert Page(browser.get("/").content.decode()).one("h1").text == "新对话"
    with translation.override("en"):
        assert Page(browser.get("/").content.decode()).one("h1").text == "新对话"
