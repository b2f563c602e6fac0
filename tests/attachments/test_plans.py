"""Which ways lead to which model, and why the others are closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attachments import plans
from attachments.models import StoredFile
from attachments.wishes import Wish
from qwenchat.dashscope import find, tokens

from . import making
from .conftest import attachment

SEES, READS, LONG, OCR, OPEN = (
    find(name) for name in ("qwen3-vl-plus", "qwen-plus", "qwen-long", "qwen-vl-ocr", "qwen-max")
)


@pytest.fixture
def picture(hers):
    return attachment(hers.brings("a.png", making.encoded(making.picture(), "PNG")))


@pytest.fixture
def film(hers):
    return attachment(hers.brings("a.mp4", making.film(seconds=4)))


@pytest.fixture
def report(hers):
    return attachment(hers.brings("a.pdf", making.pdf(["words and more words"] * 3)))


def ways(found, model, wish=None, **options):
    return [(plan.way, plan.reason) for plan in plans.plans(found, model, wish, **options)]


def best(found, model, wish=None, **options):
    return plans.chosen(found, model, wish, **options)


def test_a_picture_goes_to_models_that_see(picture):
    assert ways(picture, SEES) == [("image", None)]
    assert ways(picture, READS) == [("image", "model_no_images")]
    assert ways(picture, OCR) == [("image", "model_only_ocr")]
    assert best(picture, SEES).tokens == tokens.image_tokens(SEES, 320, 240)
    assert not best(picture, READS).is_possible


def test_a_picture_that_is_turned_cut_or_large_costs_what_it_then_is(picture):
    cut = best(picture, SEES, Wish(box=(0.0, 0.0, 0.5, 1.0), turn=90))
    assert cut.tokens == tokens.image_tokens(SEES, 120, 320)
    high = best(picture, SEES, Wish(high=True))
    assert high.tokens == tokens.image_tokens(SEES, 320, 240, max_pixels=SEES.max_pixels)


def test_a_picture_is_read_by_ocr_when_that_is_the_task(picture, film):
    assert ways(picture, OCR, task="ocr") == [("ocr", None)]
    assert ways(picture, READS, task="ocr") == [("ocr", "model_no_images")]
    assert ways(film, OCR, task="ocr") == [("ocr", "ocr_format")]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"box": (0.0, 0.0, 0.01, 1.0)}, "cut_too_small"),
        ({"min_pixels": 1}, "too_few_pixels"),
        ({"max_pixels": 99_000_000}, "too_many_pixels"),
        ({"min_pixels": 200_000, "max_pixels": 100_000}, "pixels_crossed"),
    ],
)
def test_a_wish_that_no_model_takes_is_refused_before(picture, wish, reason):
    assert best(picture, SEES, Wish(**wish)).reason == reason


def test_a_film_goes_as_frames_or_whole(film, hers):
    assert ways(film, SEES) == [("frames", None), ("video", None)]
    frames = best(film, SEES)
    assert frames.count == 8
    assert frames.tokens == tokens.video_tokens(SEES, 8, 320, 240)
    assert ways(film, LONG) == [("frames", "model_no_video"), ("video", "model_no_video")]
    few = plans.plans(film, SEES, Wish(count=3))
    assert [(plan.way, plan.reason, plan.limit) for plan in few][-1] == (
        "frames",
        "too_few_frames",
        4,
    )
    assert best(film, SEES, Wish(way="video")).way == "video"
    assert ("video", "video_trimmed") in ways(film, SEES, Wish(start=1.0))
    webm = attachment(hers.brings("a.webm", making.film("webm", "libvpx-vp9", seconds=4)))
    assert ("video", "video_format") in ways(webm, SEES)
    StoredFile.objects.filter(id=film.file_id).update(stored_size=8 * 1024 * 1024)
    film.file.refresh_from_db()
    assert ("video", "video_too_large") in ways(film, SEES)


def test_frames_can_be_picked_one_by_one(film):
    picked = Wish(times=(100, 900, 1700, 2500, 99_000))
    assert plans.times_of(film, picked) == [100, 900, 1700, 2500]
    assert best(film, SEES, picked).count == 4
    assert best(film, SEES, Wish(times=(100, 900))).reason == "too_few_frames"


def test_a_document_goes_as_file_or_text_or_pages(report):
    assert ways(report, LONG)[0] == ("file", None)
    assert ways(report, READS) == [
        ("text", None),
        ("file", "model_no_files"),
        ("image", "model_no_images"),
    ]
    text = best(report, READS)
    assert (text.tokens, text.count) == (report.details["text_tokens"], 3)
    assert ("image", None) in ways(report, SEES)
    assert best(report, SEES, Wish(way="image", pages=(2, 3, 9))).count == 2
    assert best(report, OCR, Wish(pages=(3,)), task="ocr").count == 1


def test_a_text_that_does_not_fit_is_refused_and_cut_only_when_asked(report):
    small = replace(OPEN, context_tokens=10, max_input_tokens=10)
    plan = next(plan for plan in plans.plans(report, small) if plan.way == "text")
    assert (plan.reason, plan.limit) == ("text_too_long", 8)
    assert "8" in plan.sentence
    agreed = best(report, small, Wish(shorten=True))
    assert (agreed.way, agreed.tokens, agreed.shortened) == ("text", 8, True)


def test_a_scan_is_for_ocr(hers):
    scan = attachment(hers.brings("a.pdf", making.scan()))
    assert ("text", "no_text_layer") in ways(scan, READS)
    assert best(scan, OCR, task="ocr").is_possible


def test_office_files_are_not_for_ocr(hers):
    slides = attachment(hers.brings("a.pptx", making.slides()))
    assert ways(slides, LONG) == [("file", "file_format"), ("text", "model_wants_files")]
    assert ways(slides, READS)[0] == ("text", None)
    assert ways(slides, OCR, task="ocr") == [("ocr", "ocr_format")]


def test_nothing_goes_before_it_is_ready(picture):
    picture.file.status = "processing"
    assert {reason for _kind, reason in ways(picture, SEES)} == {"not_ready"}


def test_every_reason_has_a_sentence():
    reasons = [
        "not_ready", "model_no_images", "model_only_ocr", "model_no_video", "model_no_files",
        "too_few_frames", "video_format", "video_too_large", "video_too_short", "video_too_long",
        "file_format", "file_too_large", "no_text_layer", "text_too_long", "ocr_format",
        "too_many_pages", "model_wants_files", "too_many_frames",
        "cut_too_small", "too_few_pixels", "too_many_pixels", "pixels_crossed", "video_trimmed",
    ]  # fmt: skip
    for reason in reasons:
        sentence = plans.explain(reason, 7)
        assert sentence.endswith(".")
        assert "%" not in sentence
