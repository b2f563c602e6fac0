"""Documents: their text with its marks, their pages, and whether there is text at all."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from attachments import deliver

from . import making
from .conftest import attachment


def text_of(person, found) -> str:
    response = person.get(f"{found['url']}text/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    text = response.body.decode()
    assert text == deliver.text_of(attachment(found))
    return text


def test_a_pdf_has_its_pages_and_their_text(hers):
    found = hers.brings("menu.pdf", making.pdf(["Fish in vinegar", "Beggar chicken", "Tea"]))
    assert (found["kind"], found["pages"], found["content_type"]) == (
        "document",
        3,
        "application/pdf",
    )
    assert found["thumbnail_url"]
    text = text_of(hers, found)
    assert text.index("[Page 1]") < text.index("Fish in vinegar") < text.index("[Page 2]")
    assert "[Page 3]\nTea" in text
    page = Image.open(io.BytesIO(hers.body(f"{found['url']}pages/2/")))
    assert page.format == "JPEG"
    assert page.height > page.width > 1000
    assert hers.get(f"{found['url']}pages/4/").status_code == 404
    assert hers.get(f"{found['url']}pages/0/").status_code == 404
    assert len(deliver.page_data_urls(attachment(found), [3, 1])) == 2


def test_a_scan_says_that_it_has_no_text(hers):
    found = hers.brings("scan.pdf", making.scan(pages=2))
    assert found["pages"] == 2
    assert found["details"]["text_layer"] is False
    assert found["details"]["pages_without_text"] == 2


@pytest.mark.parametrize(
    ("name", "make", "pages", "words"),
    [
        (
            "a.docx",
            making.word,
            None,
            ["# 合同 Contract", "第一条 Rent is 3000 yuan.", "甲方\tAlice"],
        ),
        (
            "a.pptx",
            making.slides,
            2,
            ["[Slide 1]", "西湖 West Lake", "Notes: say hello", "[Slide 2]"],
        ),
        (
            "a.xlsx",
            making.sheet,
            2,
            ["[Sheet 收入]", "month\tyuan", "一月\t1200.5", "[Sheet Empty]"],
        ),
        ("a.epub", making.book, 2, ["[Chapter 1]", "红楼梦 first", "# One", "last & least"]),
    ],
)
def test_office_files_and_books_become_text(hers, name, make, pages, words):
    data = make()
    found = hers.brings(name, data)
    assert found["pages"] == pages
    text = text_of(hers, found)
    places = [text.index(word) for word in words]
    assert places == sorted(places)
    assert "alert" not in text
    assert hers.body(found["url"]) == data


@pytest.mark.parametrize(
    ("name", "content", "text", "encoding"),
    [
        ("a.txt", "你好，世界\r\nzwei".encode(), "你好，世界\nzwei", "utf-8"),
        ("b.txt", "杭州的天气很好。".encode("gb18030"), "杭州的天气很好。", "gb18030"),
        ("c.csv", "﻿城市,人口\n".encode(), "城市,人口\n", "utf-8"),
        ("d.md", "# Tïtle".encode("utf-16"), "# Tïtle", "utf-16-le"),
        ("e.json", b'{"a": [1, 2]}', '{"a": [1, 2]}', "utf-8"),
        (
            "f.py",
            b"#!/usr/bin/env python3\nprint(1)\n",
            "#!/usr/bin/env python3\nprint(1)\n",
            "utf-8",
        ),
        ("g.txt", b"a\x00b".replace(b"\x00", b"\x01") + b" " * 200, "ab" + " " * 200, "utf-8"),
        ("Makefile", b"all:\n\ttrue\n", "all:\n\ttrue\n", "utf-8"),
        ("h.txt", "‮desrever".encode(), "‮desrever", "utf-8"),
    ],
)
def test_texts_are_read_in_the_encodings_that_people_have(hers, name, content, text, encoding):
    found = hers.brings(name, content)
    assert text_of(hers, found) == text
    assert found["details"]["encoding"] == encoding
    assert hers.body(found["url"]) == content
    assert hers.get(found["url"])["Content-Disposition"].startswith("attachment")
