"""What a question shows of its files: pictures, films, documents, how each reached the model."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.models import Attachment, Status
from conversations import exporting
from conversations.models import MessageAttachment, Recognition
from conversations.showing_files import frame_url
from tests.attachments.making import encoded, film, pdf, picture, scan
from tests.pages.conftest import Tree
from tests.pages.reading import Page

EVIL = "<img src=x onerror=alert(1)>"
TIMES = [500, 1500, 2500, 3500]


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.QWENCHAT_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def bring(browser):
    """Uploads a file as Alice's page does."""

    def bring(name, content):
        file = SimpleUploadedFile(name, content, "application/octet-stream")
        response = browser.post("/attachments/", {"file": file})
        assert response.status_code == 201, response.content
        return Attachment.objects.get(id=response.json()["id"])

    return bring


def attach(message, attachment, **delivery):
    MessageAttachment.objects.create(
        message=message,
        attachment=attachment,
        position=message.attached.count(),
        delivery=delivery,
    )


def question_of(look, tree, message):
    return look(tree.url).one("article", id=f"m-{message.id}")


def asked(tree, attachment, text="What is this?", **delivery):
    question = tree.ask(text)
    attach(question, attachment, **delivery)
    tree.answer(question)
    return question


def loads(browser, address):
    response = browser.get(address)
    if response.streaming:
        b"".join(response)
    return response.status_code == 200


def test_a_picture_is_a_link_to_itself_with_its_name_and_size(look, browser, tree, bring):
    lake = bring("lake.png", encoded(picture(640, 480), "PNG"))
    question = question_of(look, tree, asked(tree, lake, **{"as": "image"}))
    link = question.one("a", "att-img")
    image = link.one("img")
    assert link.attributes["href"] == f"/attachments/{lake.id}/"
    assert image.attributes["alt"] == "lake.png"
    assert (image.attributes["width"], image.attributes["height"]) == ("640", "480")
    assert loads(browser, image.attributes["src"])
    assert loads(browser, link.attributes["href"])


def test_the_pictures_of_a_question_are_shown_one_by_one(htmx, look, tree, bring):
    first = bring("one.png", encoded(picture(), "PNG"))
    question = asked(tree, first)
    attach(question, bring("two.png", encoded(picture(colour="green"), "PNG")))
    links = question_of(look, tree, question).all("a", "att-img")
    dialog = Page(htmx.get(links[1].attributes["data-dialog-url"]).content.decode()).one("dialog")
    figures = dialog.all("figure")
    assert ["hidden" in figure.attributes for figure in figures] == [True, False]
    assert [figure.one("img").attributes["alt"] for figure in figures] == ["one.png", "two.png"]
    whole = htmx.get(links[0].attributes["data-dialog-url"].replace("?at=", "?at=x"))
    assert whole.status_code == 404


def test_somebody_elses_pictures_are_missing(look, others, tree, bring):
    question = asked(tree, bring("one.png", encoded(picture(), "PNG")))
    address = question_of(look, tree, question).one("a", "att-img").attributes["data-dialog-url"]
    assert others.get(address).status_code == 404


def test_a_film_shows_the_frames_that_the_model_read_and_can_be_played(look, browser, tree, bring):
    boat = bring("boat.mp4", film(seconds=4))
    question = question_of(look, tree, asked(tree, boat, **{"as": "frames", "times": TIMES}))
    card = question.one("div", "att-video")
    assert "0:04 · 4 frames read" in card.words
    frames = card.one("div", "strip").all("img")
    assert [frame.attributes["alt"] for frame in frames] == ["0:00.5", "0:01.5", "0:02.5", "0:03.5"]
    assert all(loads(browser, frame.attributes["src"]) for frame in frames)
    made = boat.file.derived.filter(kind="frame").values_list("number", flat=True)
    assert set(TIMES) <= set(made)
    video = card.one("video")
    assert {"controls", "hidden"} <= set(video.attributes)
    assert video.attributes["preload"] == "none"
    assert card.one("a", "strip__play").attributes["aria-label"] == "Play boat.mp4"


@pytest.mark.parametrize("at", [0, 1, 40, 3999])
def test_a_frame_at_any_moment_has_an_address(browser, bring, at):
    boat = bring("boat.mp4", film(seconds=4))
    assert loads(browser, frame_url(boat, at))
    assert boat.file.derived.filter(kind="frame", number=at).exists()


def test_a_strip_of_very_many_frames_shows_some_of_all(bring, tree, look):
    boat = bring("boat.mp4", film(seconds=4))
    times = list(range(0, 4000, 40))
    question = question_of(look, tree, asked(tree, boat, **{"as": "frames", "times": times}))
    assert "100 frames read" in question.words
    frames = [image.attributes["alt"] for image in question.one("div", "strip").all("img")]
    assert len(frames) == 32
    assert (frames[0], frames[-1]) == ("0:00.0", "0:04.0")


def test_a_document_shows_its_facts_and_the_text_that_the_model_gets(htmx, look, tree, bring):
    plan = bring("plan.pdf", pdf(["Tea at five", "Then lunch"]))
    question = question_of(look, tree, asked(tree, plan, **{"as": "file"}))
    card = question.one("div", "att-file")
    assert card.one("a", "att-file__open").attributes["href"] == f"/attachments/{plan.id}/"
    words = card.one("small").words.replace("\xa0", " ")
    assert words.startswith("PDF · 2 pages · ")
    assert words.endswith(" · as native file")
    peek = card.one("a", "att-file__peek")
    dialog = Page(htmx.get(peek.attributes["hx-get"]).content.decode()).one("dialog")
    assert "Tea at five" in dialog.one("pre").text
    assert "characters" in dialog.words


def test_a_long_text_is_shown_by_its_beginning_and_says_so(htmx, others, bring):
    long = bring("long.txt", ("茶" * 79 + "\n").encode() * 1000)
    dialog = Page(htmx.get(f"/attachments/{long.id}/preview/").content.decode()).one("dialog")
    assert dialog.one("pre").text.startswith("茶茶")
    assert len(dialog.one("pre").text) < 50_000
    assert "the beginning is shown" in dialog.words
    assert others.get(f"/attachments/{long.id}/preview/").status_code == 404


def test_a_document_without_text_offers_none(look, tree, bring, browser):
    scanned = bring("scan.pdf", scan(1))
    question = question_of(look, tree, asked(tree, scanned, **{"as": "ocr", "pages": [1]}))
    assert "1 page read by OCR" in question.words
    assert not question.all("a", "att-file__peek")
    assert browser.get(f"/attachments/{scanned.id}/preview/").status_code == 404


def test_a_file_that_failed_is_shown_as_such(look, tree, bring):
    note = bring("note.txt", b"tea")
    note.file.status, note.file.error = Status.FAILED, "too_slow"
    note.file.save()
    card = question_of(look, tree, asked(tree, note)).one("div", "att-file--missing")
    assert "note.txt" in card.words
    assert "took too long" in card.words
    assert not card.all("a")


def test_a_question_of_files_alone_has_no_empty_bubble(look, tree, bring):
    question = question_of(look, tree, asked(tree, bring("note.txt", b"tea"), text=""))
    assert "hidden" in question.one("div", "bubble").attributes
    assert not question.all("button", data_action="copy")


def test_the_article_carries_what_editing_needs(look, tree, bring):
    note = bring("note.txt", b"tea")
    question = question_of(look, tree, asked(tree, note, **{"as": "text", "shorten": True}))
    (chip,) = json.loads(question.attributes["data-attachments"])
    assert chip["id"] == str(note.id)
    assert (chip["name"], chip["kind"], chip["status"]) == ("note.txt", "document", "ready")
    assert chip["delivery"] == {"as": "text", "shorten": True}


def test_names_are_text_wherever_they_stand(browser, alice, bring):
    tree = Tree(alice)
    note = bring("note.txt", b"tea")
    Attachment.objects.filter(id=note.id).update(name=f'{EVIL}".txt')
    asked(tree, note)
    page = Page(browser.get(tree.url).content.decode())
    assert f'{EVIL}".txt' in page.one("a", "att-file__open").text
    assert not page.all("img", src="x")
    exported = browser.get(f"{tree.url}export/?as=html").content.decode()
    assert EVIL not in exported
    assert EVIL not in exporting.as_markdown(tree.conversation)


def test_every_delivery_has_its_words(look, tree, bring):
    note = bring("note.txt", b"tea")
    told = {
        "video": "whole video read",
        "text": "as text",
        "file": "as native file",
        "ocr": "read by OCR",
    }
    for way, words in told.items():
        assert words in question_of(look, tree, asked(tree, note, **{"as": way})).words
    lake = bring("lake.png", encoded(picture(), "PNG"))
    shown = asked(tree, lake, **{"as": "image", "turn": 90, "box": [0, 0, 0.5, 1], "high": True})
    assert "cropped, turned, in high resolution" in question_of(look, tree, shown).words


def test_exports_name_the_files_and_keep_their_bytes_out(browser, tree, bring):
    plan = bring("plan (1).pdf", pdf(["Tea"]))
    question = asked(tree, plan, **{"as": "file"})
    answer = tree.answer(question, "Read.", options={"task": "ocr"})
    Recognition.objects.create(
        message=answer,
        attachment=plan,
        position=0,
        page=1,
        task="key_information_extraction",
        text="```json\n{}\n```",
        fields={"Total": "12"},
    )
    markdown = browser.get(f"{tree.url}export/?as=markdown").content.decode()
    assert "\n- plan (1).pdf (PDF · 1 page · " in markdown.replace("\xa0", " ")
    whole = json.loads(browser.get(f"{tree.url}export/?as=json").content)
    (file,) = whole["messages"][0]["attachments"]
    assert (file["name"], file["pages"], file["delivery"]) == ("plan (1).pdf", 1, {"as": "file"})
    assert not {"url", "thumbnail_url"} & set(file)
    assert whole["messages"][1]["recognition"] is None
    assert whole["messages"][2]["recognition"][0]["fields"] == {"Total": "12"}
    page = Page(browser.get(f"{tree.url}export/?as=html").content.decode())
    assert "plan (1).pdf" in page.one("li", "att-file").words
    assert not page.all("img")
    assert "/attachments/" not in page.root.text


def test_a_page_with_many_files_asks_the_database_as_often_as_with_one(browser, alice, bring):
    note, lake = bring("note.txt", b"tea"), bring("lake.png", encoded(picture(), "PNG"))

    def counted(files):
        tree = Tree(alice)
        for _ in range(files):
            question = asked(tree, note)
            attach(question, lake)
        browser.get(tree.url)
        with CaptureQueriesContext(connection) as queries:
            browser.get(tree.url)
        return len(queries)

    assert counted(1) == counted(8)
