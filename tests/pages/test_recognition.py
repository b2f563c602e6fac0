"""The text view of an OCR answer, page by page, and what can be taken away from it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from attachments.models import Attachment, Kind, Status, StoredFile
from conversations import recognised
from conversations.models import MessageAttachment, Recognition
from tests.pages.reading import Page

TABLE = "```html\n<table><tr><th>Dish</th><th>Price</th></tr><tr><td>=1+1</td><td>168</td></tr></table>\n```"
WORDS = [
    {"text": "Tea house", "location": [10, 20, 110, 20, 110, 60, 10, 60]},
    {"text": "=SUM(A1)", "location": [10, 80, 110, 80, 110, 120, 10, 120], "rotate_rect": []},
]


@pytest.fixture
def receipt(alice):
    """A picture that is ready; these pages ask for its facts only."""
    return picture(alice, "receipt.png")


def picture(owner, name, **fields):
    facts = {"kind": Kind.IMAGE, "format": "png", "width": 400, "height": 200} | fields
    file = StoredFile.objects.create(
        owner=owner, sha256=name, content_type="image/png", size=9, status=Status.READY, **facts
    )
    return Attachment.objects.create(owner=owner, file=file, name=name)


@pytest.fixture
def read(tree, receipt):
    """Adds a page to Alice's answer and gives the answer."""
    question = tree.ask("Read it")
    MessageAttachment.objects.create(message=question, attachment=receipt, position=0)
    answer = tree.answer(question, "Tea", model="qwen-vl-ocr", options={"task": "ocr"})

    def read(**fields):
        size = {"width": 400, "height": 200}
        facts = {"attachment": receipt, "position": answer.recognitions.count(), **size}
        Recognition.objects.create(message=answer, **(facts | fields))
        return answer

    return read


def dialog_of(htmx, answer, page=""):
    response = htmx.get(f"/messages/{answer.id}/recognition/{page}")
    assert response.status_code == 200
    return Page(response.content.decode()).one("dialog")


def tabs(dialog):
    return [tab.words for tab in dialog.all("button", role="tab")]


def panel(dialog, name):
    return dialog.one("div", id=f"ocr-{name}")


def test_the_answer_offers_the_view_once_something_was_read(look, tree, read):
    answer = read(words=WORDS)
    article = look(tree.url).one("article", id=f"m-{answer.id}")
    link = article.one("a", href=f"/messages/{answer.id}/recognition/")
    assert link.words == "Open the text view"
    assert "1 page read" in article.words
    read(error_code="upstream_timeout")
    assert "1 of 2 pages read" in look(tree.url).one("article", id=f"m-{answer.id}").words


def test_lines_and_boxes_carry_the_same_numbers(htmx, receipt, read):
    dialog = dialog_of(htmx, read(task="advanced_recognition", words=WORDS, total_ms=1800))
    assert dialog.one("h2").words == "Text in receipt.png"
    assert "qwen-vl-ocr · 1.8 s" in dialog.words
    assert tabs(dialog) == ["Lines", "Text", "JSON"]
    drawing = dialog.one("svg", "ocr__picture")
    assert drawing.one("image").attributes["href"] == f"/attachments/{receipt.id}/"
    boxes = drawing.all("polygon")
    assert boxes[0].attributes["points"] == "10,20 110,20 110,60 10,60"
    lines = panel(dialog, "lines").all("button")
    assert [line.one("span").text for line in lines] == ["Tea house", "=SUM(A1)"]
    assert [line.attributes["data-line"] for line in lines] == ["1", "2"]
    assert [box.parent.attributes["data-line"] for box in boxes] == ["1", "2"]
    assert not [one for one in dialog.walk() if "style" in one.attributes]


def test_a_line_without_a_usable_place_is_in_the_list_alone(htmx, read):
    odd = [{"text": "a"}, {"text": "b", "location": [1, 2]}, {"text": "c", "location": ["x"] * 8}]
    turned = {"text": "d", "rotate_rect": [100, 50, 40, 20, 90]}
    dialog = dialog_of(htmx, read(words=[*odd, turned]))
    assert len(panel(dialog, "lines").all("button")) == 4
    (box,) = dialog.all("polygon")
    assert box.attributes["points"] == "110,30 110,70 90,70 90,30"


@pytest.mark.parametrize(
    ("delivery", "transform"),
    [
        ({}, "scale(1 1)"),
        ({"turn": 180}, "scale(1 1) translate(400 200) rotate(180)"),
        ({"turn": 90}, "scale(2 0.5) translate(200 0) rotate(90)"),
        ({"box": [0.5, 0, 1, 0.5]}, "scale(2 2) translate(-200 0)"),
        (
            {"turn": 270, "box": [0, 0.5, 1, 1]},
            "scale(2 1) translate(0 -200) translate(0 400) rotate(270)",
        ),
    ],
)
def test_the_picture_lies_under_the_boxes_as_it_was_sent(htmx, read, delivery, transform):
    answer = read(words=WORDS)
    answer.parent.attached.update(delivery=delivery)
    image = dialog_of(htmx, answer).one("image")
    assert image.attributes["transform"] == transform


def test_a_page_of_a_pdf_is_shown_as_its_picture(htmx, alice, read):
    scan = picture(alice, "scan.pdf", kind=Kind.DOCUMENT, format="pdf", pages=3)
    dialog = dialog_of(htmx, read(attachment=scan, page=2, words=WORDS))
    assert dialog.one("h2").words == "Text on page 2 of scan.pdf"
    assert dialog.one("image").attributes["href"] == f"/attachments/{scan.id}/pages/2/"


def test_several_pages_are_steps_apart(htmx, read):
    for text in ("one", "two", "three"):
        answer = read(text=text)
    second = dialog_of(htmx, answer, "?page=2")
    assert "Page 2 of 3" in second.words
    assert second.one("a", id="ocr-previous").attributes["hx-get"].endswith("?page=1")
    assert second.one("a", id="ocr-next").attributes["hx-get"].endswith("?page=3")
    first = dialog_of(htmx, answer)
    assert first.one("a", id="ocr-previous").attributes["aria-disabled"] == "true"
    for wrong in ("?page=0", "?page=4", "?page=x", "?page=-1"):
        assert htmx.get(f"/messages/{answer.id}/recognition/{wrong}").status_code == 404


def test_a_table_is_shown_first_and_as_a_table(htmx, read):
    dialog = dialog_of(htmx, read(task="table_parsing", text=TABLE))
    assert tabs(dialog) == ["Table", "Text", "JSON"]
    table = panel(dialog, "table").one("table")
    assert [cell.text for cell in table.all("th")] == ["Dish", "Price"]
    assert [cell.text for cell in table.all("td")] == ["=1+1", "168"]
    assert panel(dialog, "table").all("template")[0].text.splitlines() == [
        "Dish\tPrice",
        "'=1+1\t168",
    ]


def test_fields_are_shown_by_their_paths_and_gaps_as_such(htmx, read):
    fields = {
        "Shop": "楼外楼",
        "Total": {"amount": "12", "currency": "null"},
        "Items": ["a", {"b": 1}],
    }
    dialog = dialog_of(
        htmx, read(task="key_information_extraction", text="```json\n{}\n```", fields=fields)
    )
    assert tabs(dialog) == ["Fields", "Text", "JSON"]
    names = [one.words for one in dialog.all("dt")]
    assert names == ["Shop", "Total / amount", "Total / currency", "Items / 1", "Items / 2 / b"]
    assert [one.words for one in dialog.all("dd")] == ["楼外楼", "12", "not found", "a", "1"]
    assert "5 fields · 1 not found" in dialog.words


def test_a_formula_is_drawn_beside_its_latex(htmx, read):
    dialog = dialog_of(htmx, read(task="formula_recognition", text="```latex\n\\frac{a}{b}\n```"))
    shown = panel(dialog, "text")
    assert shown.all("math")
    assert shown.one("pre").text == "\\frac{a}{b}"
    assert tabs(dialog) == ["Formula", "JSON"]


def test_a_document_in_latex_has_its_headings_and_formulas(htmx, read):
    text = "\\section{Motion}\nWe know $v = at$.\n<script>alert(1)</script>"
    shown = panel(dialog_of(htmx, read(task="document_parsing", text=text)), "text")
    assert "Motion" in [one.text for tag in ("h3", "h4", "h5") for one in shown.all(tag)]
    assert shown.all("math")
    assert not shown.all("script")


def test_a_page_that_failed_says_why_and_can_be_read_again(htmx, read):
    read(words=WORDS)
    dialog = dialog_of(htmx, read(error_code="upstream_timeout"), "?page=2")
    assert "This page was not read" in dialog.words
    again = dialog.one("button", data_action="read-again")
    assert again.attributes["data-page"] == "2"
    assert not tabs(dialog)


def test_a_page_whose_file_is_gone_keeps_its_text(htmx, read):
    dialog = dialog_of(htmx, read(attachment=None, words=WORDS))
    assert "a file that was deleted" in dialog.one("h2").words
    assert not dialog.all("image")
    assert not dialog.all("button", data_action="read-again")
    assert "Tea house" in panel(dialog, "lines").words


def test_without_script_the_view_is_a_page_of_its_own(look, read):
    answer = read(words=WORDS)
    page = look(f"/messages/{answer.id}/recognition/")
    assert page.one("h1").words == "Text in receipt.png"
    assert "open" in page.one("dialog").attributes


@pytest.mark.parametrize("what", ["", "csv/", "json/"])
def test_it_is_there_for_its_owner_and_for_what_was_read_only(browser, others, tree, read, what):
    answer = read(words=WORDS)
    assert browser.get(f"/messages/{answer.id}/recognition/{what}").status_code == 200
    assert others.get(f"/messages/{answer.id}/recognition/{what}").status_code == 404
    plain = tree.answer(None, "Nothing was read here.")
    assert browser.get(f"/messages/{plain.id}/recognition/{what}").status_code == 404


def sheet(browser, answer, query=""):
    response = browser.get(f"/messages/{answer.id}/recognition/csv/{query}")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="receipt.csv"'
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_csv_has_lines_with_their_places_and_runs_nothing(browser, read):
    head, first, second = sheet(browser, read(words=WORDS))
    assert head == ["Page", "Line", "Text", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"]
    assert first == ["1", "1", "Tea house", "10", "20", "110", "20", "110", "60", "10", "60"]
    assert second[2] == "'=SUM(A1)"


def test_the_csv_of_a_table_is_the_table_and_of_fields_the_fields(browser, read):
    answer = read(task="table_parsing", text=TABLE)
    assert sheet(browser, answer) == [["Dish", "Price"], ["'=1+1", "168"]]
    read(fields={"Total": "-5"})
    assert sheet(browser, answer) == [["Page", "Field", "Value"], ["2", "Total", "'-5"]]
    assert sheet(browser, answer, "?page=1") == [["Dish", "Price"], ["'=1+1", "168"]]


def test_the_json_has_what_the_service_said_of_every_page(browser, read):
    answer = read(task="advanced_recognition", words=WORDS, text="```json\n[]\n```")
    read(task="table_parsing", text=TABLE)
    response = browser.get(f"/messages/{answer.id}/recognition/json/")
    whole = json.loads(response.content)
    assert (whole["format"], whole["model"]) == ("qwenchat-recognition", "qwen-vl-ocr")
    assert whole["pages"][0]["words"] == WORDS
    assert whole["pages"][1]["tables"] == [[["Dish", "Price"], ["=1+1", "168"]]]
    assert response["Content-Security-Policy"].startswith("sandbox")
    (page,) = json.loads(browser.get(response.request["PATH_INFO"] + "?page=2").content)["pages"]
    assert page["page"] == 2


def test_text_of_people_and_models_opens_no_html(htmx, read):
    evil = "</template><img src=x onerror=alert(1)>"
    dialog = dialog_of(htmx, read(words=[{"text": evil}], text=evil, fields={evil: evil}))
    assert not dialog.all("img")
    assert panel(dialog, "lines").one("span").text == evil


def test_fields_are_bounded_in_depth_and_number():
    deep = value = {}
    for _ in range(50):
        value["a"] = value = {}
    assert len(recognised.fields_of(deep)) <= 1
    assert len(recognised.fields_of({str(n): n for n in range(5000)})) == recognised.MOST_FIELDS
