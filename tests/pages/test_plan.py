"""The composer asks what would be sent, and is told what the server then does."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.attachments import making


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.QWENCHAT_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def bring(browser):
    def bring(name, content):
        response = browser.post("/attachments/", {"file": SimpleUploadedFile(name, content)})
        assert response.status_code == 201, response.content
        return response.json()["id"]

    return bring


@pytest.fixture
def plan(browser):
    def plan(*attachments, status=200, **asked):
        body = {"conversation": None, "attachments": list(attachments), **asked}
        response = browser.post("/plan/", body, content_type="application/json")
        assert response.status_code == status, response.content
        return response.json()

    return plan


def picture():
    return making.encoded(making.picture(), "PNG")


def test_auto_says_which_model_and_why(plan, bring):
    image, film = bring("a.png", picture()), bring("a.mp4", making.film(seconds=4))
    report = bring("report.pdf", making.pdf(["words"] * 3))
    note = bring("note.txt", b"a few words")
    for ids, model, why in (
        ([], "qwen-plus", ""),
        ([image], "qwen3-vl-plus", "sees pictures"),
        ([image, film], "qwen3-vl-plus", "watches videos"),
        ([report], "qwen-long", "reads whole documents"),
        ([note], "qwen-plus", ""),
        ([image, report], "qwen3-vl-plus", "sees pictures"),
    ):
        (found,) = plan(*ids, options={"model": "auto"})["models"]
        assert found["id"] == model
        assert why in found["why"]
    (found,) = plan(image, options={"model": "auto", "task": "ocr"})["models"]
    assert found["id"] == "qwen-vl-ocr"
    assert plan(image, options={"model": "qwen-vl-max"})["models"][0]["why"] == ""


def test_each_file_says_how_it_goes_and_what_it_takes(plan, bring):
    film = bring("a.mp4", making.film(seconds=4))
    found = plan(film, options={"model": "auto"})
    row = found["attachments"][film]
    assert (row["as"], row["short"], row["message"]) == ("frames", "8 frames", "")
    assert row["frames"] == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75]
    assert f"about {row['tokens']} tokens" in row["label"]
    assert [(way["as"], way["possible"]) for way in row["ways"]] == [
        ("frames", True),
        ("video", True),
    ]
    assert found["total"].startswith(f"about {found['tokens']} tokens · ¥")
    assert found["problem"] is None


def test_what_is_chosen_counts(plan, bring):
    film = bring("a.mp4", making.film(seconds=4))
    options = {"model": "auto", "deliveries": {film: {"as": "frames", "count": 3}}}
    found = plan(film, options=options)
    assert "4 frames or more" in found["attachments"][film]["message"]
    assert found["problem"]["field"] == "attachments"
    options["deliveries"] = {film: {"times": [0, 1000, 2000, 3000, 3500]}}
    assert plan(film, options=options)["attachments"][film]["short"] == "5 frames"


def test_an_impossible_combination_says_why(plan, bring):
    image = bring("a.png", picture())
    found = plan(image, options={"model": "qwen-plus"})
    assert found["attachments"][image]["message"] == "This model cannot see pictures."
    assert found["problem"]["message"] == "a.png: This model cannot see pictures."


def test_a_long_text_can_be_shortened_with_consent(plan, bring):
    book = bring("book.txt", b"word " * 60_000)
    row = plan(book, options={"model": "qwen-max"})["attachments"][book]
    assert row["can_shorten"]
    assert "longer than this model can take" in row["message"]
    options = {"model": "qwen-max", "deliveries": {book: {"as": "text", "shorten": True}}}
    row = plan(book, options=options)["attachments"][book]
    assert (row["message"], row["short"]) == ("", "text, shortened")


def test_pictures_of_earlier_questions_are_counted(plan, bring, tree, alice):
    from attachments.models import Attachment
    from conversations.models import MessageAttachment

    image = Attachment.objects.get(id=bring("a.png", picture()))
    question = tree.ask("Look")
    tree.end_in(tree.answer(question, "I see."))
    MessageAttachment.objects.create(message=question, attachment=image, position=0)
    found = plan(conversation=str(tree.conversation.id), options={"model": "auto"})
    assert found["models"][0]["id"] == "qwen3-vl-plus"
    assert found["history"] == "1 earlier picture or video is sent again, about 82 tokens."


def test_only_ones_own_things_are_planned_with(plan, bring, client, bob, tree):
    from django.test import Client

    image = bring("a.png", picture())
    other = Client()
    other.force_login(bob)
    for body in (
        {"attachments": [image], "options": {}},
        {"attachments": [], "conversation": str(tree.conversation.id)},
    ):
        response = other.post("/plan/", body, content_type="application/json")
        assert response.status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"options": 1}', b'{"attachments": "x"}', b'{"text": 5}', b"{"],
)
def test_nonsense_is_refused(browser, body):
    response = browser.post("/plan/", body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"


def test_an_unknown_option_is_named(plan):
    assert plan(options={"tempo": 1}, status=400)["error"]["field"] == "options.tempo"
    error = plan(options={"deliveries": {"x": {"as": "song"}}}, status=400)["error"]
    assert error["field"] == "options.deliveries"
