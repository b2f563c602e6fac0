"""Looking closer: what OCR read, pictures and films of a question, a document's text, all files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from attachments.models import Attachment
from conversations.models import MessageAttachment, Recognition
from tests.attachments import making

from .seeding import Past
from .test_accessibility import examine
from .test_reading import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from conversations.models import Message

    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

LINES = ["Tea house", "Longjing 2 x 38", "=SUM(A1)", "Total 76"]
IS_READY = """async (path) => {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  return (await response.json()).status === "ready";
}"""


def bring(chat: Chat, person: Person, name: str, content: bytes) -> Attachment:
    """Uploads as the page does, and waits until the file is ready."""
    token = json.loads(chat.page.locator("body").get_attribute("hx-headers") or "{}")
    file: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    response = chat.page.request.post(
        f"{chat.url}/attachments/", multipart={"file": file}, headers=token
    )
    assert response.status == 201, response.text()
    found = response.json()
    chat.page.wait_for_function(IS_READY, arg=found["url"])
    return Attachment.objects.using(person.app.database).get(id=found["id"])


def attach(message: Message, *attachments: Attachment, **delivery: Any) -> None:
    for position, attachment in enumerate(attachments):
        MessageAttachment(
            message=message, attachment=attachment, position=position, delivery=delivery
        ).save(using=message._state.db)


def words(width: int = 400) -> list[dict[str, Any]]:
    return [
        {"text": text, "location": [20, top, width - 20, top, width - 20, top + 40, 20, top + 40]}
        for text, top in zip(LINES, range(10, 300, 60), strict=False)
    ]


@pytest.fixture
def read(chat: Chat, alice: Person) -> Past:
    """Three pages that OCR read of two pictures: lines with boxes, a failed one, and a table."""
    first = bring(chat, alice, "receipt.png", making.encoded(making.picture(400, 300), "PNG"))
    second = bring(
        chat, alice, "menu.png", making.encoded(making.picture(400, 300, colour="white"), "PNG")
    )
    past = Past(alice, "Receipts")
    attach(past.ask("Read these"), first, second, **{"as": "ocr"})
    answer = past.answer("\n".join(LINES), model="qwen-vl-ocr", options={"task": "ocr"})
    table = "<table><tr><th>Dish</th></tr><tr><td>鱼</td></tr></table>"
    pages: list[dict[str, Any]] = [
        {"attachment": first, "task": "advanced_recognition", "words": words()},
        {"attachment": second, "error_code": "upstream_timeout"},
        {"attachment": second, "task": "table_parsing", "text": f"```html\n{table}\n```"},
    ]
    for position, fields in enumerate(pages):
        Recognition(message=answer, position=position, width=400, height=300, **fields).save(
            using=past.database
        )
    chat.goto(past.path)
    return past


def open_view(chat: Chat) -> Locator:
    link = chat.answer().get_by_role("link", name="Open the text view")
    link.click()
    dialog = chat.page.locator("dialog.ocr-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("image")).to_have_attribute("href", re.compile(r"^/attachments/"))
    return dialog


def box(dialog: Locator, number: int) -> Locator:
    return dialog.locator(f".boxes [data-line='{number}']")


def line(dialog: Locator, number: int) -> Locator:
    return dialog.locator(f".ocr__lines [data-line='{number}']")


def test_boxes_and_lines_lead_to_each_other(chat: Chat, read: Past) -> None:
    dialog = open_view(chat)
    line(dialog, 2).click()
    expect(box(dialog, 2)).to_have_class(re.compile(r"\bon\b"))
    box(dialog, 4).locator("polygon").click()
    expect(line(dialog, 4)).to_be_focused()
    expect(line(dialog, 4)).to_have_attribute("aria-current", "true")
    expect(line(dialog, 2)).not_to_have_attribute("aria-current", "true")
    expect(box(dialog, 2)).not_to_have_class(re.compile(r"\bon\b"))
    box(dialog, 1).locator("polygon").hover()
    expect(line(dialog, 1)).to_have_class("near")
    line(dialog, 3).hover()
    expect(box(dialog, 3)).to_have_class("near")
    expect(line(dialog, 1)).not_to_have_class("near")


def test_everything_in_the_view_can_be_done_by_keyboard(chat: Chat, read: Past) -> None:
    page = chat.page
    link = chat.answer().get_by_role("link", name="Open the text view")
    link.focus()
    link.press("Enter")
    dialog = page.locator("dialog.ocr-dialog")
    line(dialog, 1).focus()
    page.keyboard.press("ArrowDown")
    expect(line(dialog, 2)).to_be_focused()
    expect(box(dialog, 2)).to_have_class("on")
    page.keyboard.press("End")
    expect(line(dialog, 4)).to_be_focused()
    dialog.get_by_role("tab", name="Lines").focus()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("tab", name="Text")).to_be_focused()
    expect(dialog.get_by_role("tabpanel")).to_have_text(re.compile("Tea house\nLongjing"))
    page.keyboard.press("ArrowLeft")
    expect(dialog.locator(".ocr__lines")).to_be_visible()
    dialog.locator(".ocr__scroll").focus()
    page.keyboard.press("+")
    expect(dialog.locator("[data-slot=zoom]")).to_have_text("125%")
    page.keyboard.press("0")
    expect(dialog.locator("[data-slot=zoom]")).to_have_text("100%")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()


def test_zooming_in_shows_more_of_less(chat: Chat, read: Past) -> None:
    dialog = open_view(chat)
    drawing = dialog.locator(".ocr__picture")
    before = drawing.bounding_box()
    dialog.get_by_role("button", name="Zoom in").click()
    dialog.get_by_role("button", name="Zoom in").click()
    assert before is not None
    is_wider = "least => document.querySelector('.ocr__picture').clientWidth >= least"
    chat.page.wait_for_function(is_wider, arg=before["width"] * 1.5)
    expect(dialog.locator("[data-slot=zoom]")).to_have_text("156%")
    dialog.locator("[data-action=zoom-fit]").click()
    expect(dialog.locator("[data-slot=zoom]")).to_have_text("100%")


def test_pages_follow_each_other_and_one_that_failed_can_be_read_again(
    chat: Chat, read: Past
) -> None:
    page = chat.page
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: frames.append(sent)))
    page.reload()
    dialog = open_view(chat)
    dialog.get_by_role("link", name="Next page").click()
    expect(dialog).to_contain_text("This page was not read")
    expect(dialog.get_by_role("link", name="Next page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("tab", name="Table")).to_be_visible()
    expect(dialog.locator("td")).to_have_text("鱼")
    dialog.get_by_role("link", name="Previous page").click()
    expect(dialog).to_contain_text("This page was not read")
    dialog.get_by_role("button", name="Read this page again").click()
    expect(dialog).to_have_count(0)
    expect(chat.answer().get_by_text("2/2")).to_be_visible()  # another version, beside the first
    (asked,) = [one for one in map(json.loads, frames) if one.get("type") == "regenerate"]
    assert asked["options"] == {"again_pages": [2]}
    assert read.last is not None
    assert asked["message"] == str(read.last.id)


def test_the_text_is_copied_as_the_tab_shows_it(chat: Chat, read: Past) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = open_view(chat)
    dialog.get_by_role("button", name="Copy all").click()
    expect(chat.announcer).to_have_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == "\n".join(LINES)
    dialog.get_by_role("tab", name="JSON").click()
    dialog.locator("[data-action=copy-page]").click()
    chat.page.wait_for_function("async () => (await navigator.clipboard.readText())[0] === '{'")
    copied = json.loads(chat.page.evaluate("navigator.clipboard.readText()"))
    assert [word["text"] for word in copied["words"]] == LINES


def test_what_was_read_can_be_asked_about_and_downloaded(chat: Chat, read: Past) -> None:
    dialog = open_view(chat)
    with chat.page.expect_download() as waiting:
        dialog.get_by_role("link", name="Download as CSV").click()
    assert waiting.value.suggested_filename == "receipt.csv"
    assert "'=SUM(A1)" in waiting.value.path().read_text(encoding="utf-8-sig")
    dialog.get_by_role("button", name="Ask about this").click()
    expect(dialog).to_have_count(0)
    expect(chat.box).to_have_value(re.compile(r"> Tea house\n> Longjing 2 x 38\n"))
    expect(chat.box).to_be_focused()


def test_pictures_open_large_one_after_the_other(chat: Chat, read: Past) -> None:
    page = chat.page
    first = chat.question().get_by_role("link", name="receipt.png")
    first.focus()
    page.keyboard.press("Enter")
    lightbox = page.locator("dialog.lightbox")
    expect(lightbox.get_by_role("img", name="receipt.png")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(lightbox.get_by_role("img", name="menu.png")).to_be_visible()
    expect(lightbox.get_by_role("img", name="receipt.png")).to_be_hidden()
    lightbox.get_by_role("button", name="Next picture").click()
    expect(lightbox.get_by_role("img", name="receipt.png")).to_be_visible()
    natural = "image => image.complete && image.naturalWidth"
    page.wait_for_function(
        f"({natural})(document.querySelector('.lightbox figure:not([hidden]) img'))"
    )
    page.keyboard.press("Escape")
    expect(lightbox).to_have_count(0)
    expect(first).to_be_focused()


def test_a_film_plays_in_the_transcript(chat: Chat, alice: Person) -> None:
    boat = bring(chat, alice, "boat.mp4", making.film(seconds=6))
    past = Past(alice, "Boats")
    attach(past.ask("What boat?"), boat, **{"as": "frames", "times": [1000, 2000, 4000, 5000]})
    past.answer("A scull.")
    chat.goto(past.path)
    card = chat.question().locator(".att-video")
    expect(card).to_contain_text("4 frames read")
    expect(card.locator(".strip img")).to_have_count(4)
    video = card.locator("video")
    expect(video).to_be_hidden()
    card.get_by_role("link", name="Play boat.mp4").click()
    expect(video).to_be_focused()
    chat.page.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
    video.evaluate("video => { video.currentTime = 5; }")
    chat.page.wait_for_function("() => document.querySelector('video').currentTime >= 5")


def test_the_text_of_a_document_is_looked_at_in_place(chat: Chat, alice: Person) -> None:
    plan = bring(chat, alice, "plan.pdf", making.pdf(["Tea at five"]))
    past = Past(alice, "Plans")
    attach(past.ask("When?"), plan, **{"as": "text"})
    past.answer("At five.")
    chat.goto(past.path)
    chat.question().get_by_role("link", name="Text the model gets of plan.pdf").click()
    dialog = chat.page.locator("dialog[open]")
    expect(dialog).to_contain_text("Tea at five")
    examine(chat, "a document's text")
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_nothing_is_wider_than_a_phone(chat: Chat, alice: Person, read: Past) -> None:
    chat.page.set_viewport_size(PHONE)
    chat.goto(read.path)
    dialog = open_view(chat)
    wide = "document.scrollingElement.scrollWidth > innerWidth"
    assert not chat.page.evaluate(wide)
    expect(dialog.get_by_role("button", name="Ask about this")).to_be_in_viewport()
    chat.page.keyboard.press("Escape")
    chat.goto("/attachments/")
    assert not chat.page.evaluate(wide)


def test_axe_finds_nothing_around_files(chat: Chat, alice: Person, read: Past) -> None:
    note = bring(chat, alice, "note.txt", b"tea\n" * 40)
    attach(read.ask("And this?"), note, **{"as": "text"})
    read.answer("Tea.")
    chat.goto(read.path)
    examine(chat, "a transcript with files")
    chat.answer(0).get_by_role("link", name="Open the text view").click()
    expect(chat.page.locator("dialog.ocr-dialog")).to_be_visible()
    examine(chat, "the text view")
    chat.page.get_by_role("link", name="Next page").click()
    expect(chat.page.locator("dialog.ocr-dialog")).to_contain_text("This page was not read")
    examine(chat, "a page that failed")
    chat.page.keyboard.press("Escape")
    chat.question(0).locator(".att-img").first.click()
    expect(chat.page.locator("dialog.lightbox")).to_be_visible()
    examine(chat, "a picture")
    chat.goto("/attachments/")
    examine(chat, "all files")


def test_all_files_are_found_used_and_deleted(chat: Chat, alice: Person, read: Past) -> None:
    page = chat.page
    bring(chat, alice, "unused.txt", b"nobody asked about this")
    chat.goto("/attachments/")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox").fill("receipt")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="Receipts").click()
    expect(chat.question()).to_contain_text("Read these")
    page.go_back()
    page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(3)
    page.get_by_role("combobox", name="Order").select_option("name")
    expect(rows.first).to_contain_text("menu.png")
    expect(page.get_by_role("button", name="Delete receipt.png")).to_have_count(0)
    delete = page.get_by_role("button", name="Delete unused.txt")
    delete.press("Enter")
    page.get_by_role("button", name="Keep").press("Enter")
    expect(rows).to_have_count(3)
    delete.press("Enter")
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    expect(rows).to_have_count(2)
    assert not Attachment.objects.using(alice.app.database).filter(name="unused.txt").exists()


def test_a_reviewer_sees_the_files_and_plays_the_film_without_script(
    chat: Chat, alice: Person, rita: Person, open_tab: OpenTab
) -> None:
    boat = bring(chat, alice, "boat.mp4", making.film(seconds=4))
    lake = bring(chat, alice, "lake.png", making.encoded(making.picture(), "PNG"))
    past = Past(alice, "Boats")
    attach(past.ask("What boat?"), lake, boat, **{"as": "frames"})
    past.answer("A scull.")
    review = open_tab(rita)
    review.goto(f"/admin/conversations/conversation/{past.conversation.id}/change/")
    picture = review.page.get_by_role("img", name="lake.png")
    expect(picture).to_be_visible()
    review.page.wait_for_function("() => document.querySelector('.att-img img').naturalWidth > 0")
    review.page.locator("video").evaluate("video => { video.muted = true; return video.play(); }")
    review.page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    examine(review, "a review with files")
