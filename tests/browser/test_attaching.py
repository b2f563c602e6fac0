"""Files beside the message, with real ones in a real browser against the real server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from attachments.models import Attachment
from tests.attachments import making

from .test_accessibility import examine
from .test_reading import PHONE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from .chat import Chat
    from .conftest import OpenTab
    from .people import Person
    from .service import Service

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

REFUSED = "status of 422"  # what Chromium writes to the console for a file that was refused

# A drop or a paste as the browser makes them of files from outside: the bytes come through an own input.
BRING = """async ([event, text]) => {
  const data = new DataTransfer();
  for (const file of document.getElementById("from-outside")?.files ?? []) data.items.add(file);
  if (text) data.setData("text/plain", text);
  const box = document.getElementById("composer-text");
  const init = { bubbles: true, cancelable: true };
  if (event === "paste") {
    box.focus();
    box.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: data }));
    return;
  }
  const target = document.getElementById("transcript");
  target.dispatchEvent(new DragEvent(event, { ...init, dataTransfer: data }));
}"""
OUTSIDE = """() => {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", id: "from-outside", multiple: true });
  document.body.append(input);
}"""

DELETE = """async (path) => {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  return (await fetch(path, { method: "DELETE", headers })).status;
}"""


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that people have."""
    folder = tmp_path_factory.mktemp("brought")
    (folder / "photo.jpg").write_bytes(making.photo())
    making.picture(300, 200).save(folder / "sketch.png")
    (folder / "boat.mp4").write_bytes(making.film(seconds=9.0, fps=10))
    (folder / "menu.pdf").write_bytes(making.pdf(["First page", "Second page", "Third page"]))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing of a PDF follows")
    Image.effect_noise((1500, 1500), 90).convert("RGB").save(folder / "noise.png")
    return folder


def attach(chat: Chat, folder: Path, *names: str) -> None:
    chat.page.locator("#attach-input").set_input_files([str(folder / name) for name in names])


def bring(chat: Chat, event: str, folder: Path, *names: str, text: str = "") -> None:
    if names:
        chat.page.evaluate(OUTSIDE)
        chat.page.locator("#from-outside").set_input_files([str(folder / name) for name in names])
    chat.page.evaluate(BRING, [event, text])
    chat.page.evaluate("() => document.getElementById('from-outside')?.remove()")


def chip(chat: Chat, name: str) -> Locator:
    return chat.page.locator("#chips .chip").filter(has_text=name)


def expect_ready(chat: Chat, *names: str) -> None:
    for name in names:
        expect(chip(chat, name)).to_have_attribute("data-status", "ready")


def ways_of(chat: Chat, name: str) -> Locator:
    chip(chat, name).get_by_role("button", name=f"How {name} is sent").click()
    return chat.page.locator("#ways-pop")


def parts(service: Service, question: str) -> list[dict[str, Any]]:
    """What reached the model service beside the words."""
    content = service.wait_for(question).json["messages"][-1]["content"]
    return [part for part in content if part["type"] != "text"]


def kept(person: Person) -> list[str]:
    files = Attachment.objects.using(person.app.database).filter(owner_id=person.user.pk)
    return sorted(files.values_list("name", flat=True))


def test_a_photo_is_chosen_shown_planned_and_reaches_the_model(
    chat: Chat, service: Service, brought: Path
) -> None:
    page = chat.page
    attach(chat, brought, "photo.jpg")
    expect_ready(chat, "photo.jpg")
    expect(chip(chat, "photo.jpg").locator("img")).to_have_attribute(
        "src", re.compile(r"^/attachments/.*/thumbnail/$")
    )
    expect(chip(chat, "photo.jpg")).to_contain_text("picture")
    expect(page.locator("#plan")).to_contain_text("Auto chose")
    expect(page.locator("#plan")).to_contain_text("tokens")
    chat.ask("What is red and blue?")
    chat.expect_status("complete")
    (picture,) = parts(service, "What is red and blue?")
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    expect(chat.question().locator(".atts img")).to_be_visible()
    expect(page.locator("#chips .chip")).to_have_count(0)

    chat.question().hover()
    chat.question().locator("[data-action=edit]").click()
    editor = chat.question().locator("form")
    expect(editor.locator(".chip")).to_contain_text("photo.jpg")
    editor.locator("textarea").fill("And what is above?")
    editor.get_by_role("button", name="Save and ask").click()
    assert len(parts(service, "And what is above?")) == 1
    chat.expect_status("complete")


def test_files_are_pasted_and_dropped_anywhere(
    chat: Chat, alice: Person, service: Service, brought: Path
) -> None:
    bring(chat, "paste", brought, "sketch.png")
    expect_ready(chat, "sketch.png")
    bring(chat, "dragenter", brought, "photo.jpg")
    expect(chat.page.get_by_text("Drop files to attach them")).to_be_visible()
    bring(chat, "drop", brought, "photo.jpg", "menu.pdf")
    expect(chat.page.get_by_text("Drop files to attach them")).to_be_hidden()
    expect_ready(chat, "photo.jpg", "menu.pdf")
    assert kept(alice) == ["menu.pdf", "photo.jpg", "sketch.png"]
    chip(chat, "photo.jpg").get_by_role("button", name="Remove photo.jpg").click()
    expect(chip(chat, "photo.jpg")).to_have_count(0)
    chat.ask("Dropped and pasted")
    assert len(parts(service, "Dropped and pasted")) == 1
    assert kept(alice) == ["menu.pdf", "sketch.png"]


def test_an_upload_shows_its_progress_and_cancelling_aborts_it(
    chat: Chat, alice: Person, brought: Path
) -> None:
    slow = chat.page.context.new_cdp_session(chat.page)
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000},
    )
    failed: list[str] = []
    chat.page.on("requestfailed", lambda request: failed.append(request.failure or ""))
    attach(chat, brought, "noise.png")
    going = chip(chat, "noise.png")
    expect(going).to_have_attribute("data-status", "uploading")
    expect(going).to_contain_text(re.compile(r"Uploading [1-9]\d? %"))
    expect(going.get_by_role("progressbar", name="Uploading noise.png")).to_be_visible()
    chat.box.fill("Not yet")
    expect(chat.send_button).to_be_disabled()
    going.get_by_role("button", name="Cancel noise.png").click()
    expect(going).to_have_count(0)
    expect(chat.send_button).to_be_enabled()
    attach(chat, brought, "sketch.png")
    expect_ready(chat, "sketch.png")
    assert failed == ["net::ERR_ABORTED"]
    assert kept(alice) == ["sketch.png"]


def test_a_file_that_fails_leaves_the_good_one_and_the_text(
    chat: Chat, alice: Person, service: Service, brought: Path
) -> None:
    chat.expects(REFUSED)
    chat.box.fill("Which one is good?")
    attach(chat, brought, "broken.pdf", "sketch.png")
    expect(chip(chat, "broken.pdf")).to_contain_text("This file is damaged and cannot be read.")
    expect(chat.announcer).to_contain_text("broken.pdf: This file is damaged")
    expect_ready(chat, "sketch.png")
    expect(chat.box).to_have_value("Which one is good?")
    chat.box.press("Enter")
    expect(chat.page.locator("#composer-error")).to_contain_text("broken.pdf could not be added")
    chip(chat, "broken.pdf").get_by_role("button", name="Remove broken.pdf").click()
    chat.ask("Which one is good?")
    assert len(parts(service, "Which one is good?")) == 1
    assert kept(alice) == ["sketch.png"]


def test_a_long_paste_becomes_a_file_and_comes_back(chat: Chat, alice: Person) -> None:
    chat.box.fill("Summarise: ")
    text = "A line of many words. " * 400
    bring(chat, "paste", None, text=text)  # type: ignore[arg-type]
    expect_ready(chat, "pasted-text.txt")
    expect(chat.box).to_have_value("Summarise: ")
    chat.page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(chip(chat, "pasted-text.txt")).to_have_count(0)
    expect(chat.box).to_have_value("Summarise: " + text)


def test_the_frames_that_are_shown_are_the_frames_that_are_sent(
    chat: Chat, service: Service, brought: Path
) -> None:
    attach(chat, brought, "boat.mp4")
    expect(chip(chat, "boat.mp4")).to_contain_text("8 frames")
    ways_of(chat, "boat.mp4").get_by_role("button", name="Choose frames").click()
    dialog = chat.page.get_by_role("dialog", name="Frames from boat.mp4")
    boxes = dialog.get_by_role("checkbox")
    expect(boxes).to_have_count(8)
    widths = "(images) => images.every((image) => image.complete && image.naturalWidth > 0)"
    strip = dialog.locator(".frame img")
    expect(strip.last).to_be_visible()
    chat.page.wait_for_function(
        "() => [...document.querySelectorAll('.frame img')].every((one) => one.naturalWidth > 0)"
    )
    assert strip.evaluate_all(widths)
    dialog.get_by_label("From").fill("0:02")
    expect(boxes.first).to_have_attribute("value", re.compile("^2[0-9]{3}$"))
    dialog.locator(".frame").nth(1).click()
    expect(dialog.locator(".cost")).to_contain_text(re.compile(r"7 frames · about \d+ tokens"))
    for number in range(2, 6):
        dialog.locator(".frame").nth(number).click()
    expect(dialog.get_by_role("button", name="Use 3 frames")).to_be_disabled()
    for number in range(2, 6):
        dialog.locator(".frame").nth(number).click()
    dialog.get_by_role("button", name="Use 7 frames").click()
    expect(chip(chat, "boat.mp4")).to_contain_text("7 frames")
    chat.ask("What moves?")
    (video,) = parts(service, "What moves?")
    assert video["type"] == "video"
    assert len(video["video"]) == 7


def test_how_a_document_is_sent_is_chosen_and_impossible_ways_say_why(
    chat: Chat, service: Service, brought: Path
) -> None:
    page = chat.page
    attach(chat, brought, "menu.pdf")
    page.locator("#model-button").click()
    page.locator('.model:has(input[value="qwen-plus"])').click()
    ways = ways_of(chat, "menu.pdf")
    impossible = ways.locator(".way[data-impossible]").first
    expect(impossible.locator("input")).to_be_disabled()
    expect(impossible.locator("small")).not_to_be_empty()
    ways.get_by_role("radio", name="As text").check()
    link = ways.get_by_role("link", name="See the text the model gets")
    expect(link).to_have_attribute("href", re.compile(r"^/attachments/.*/text/$"))
    page.keyboard.press("Escape")
    expect(chip(chat, "menu.pdf").locator("[data-action=ways]")).to_be_focused()
    expect(chip(chat, "menu.pdf")).to_contain_text("text")
    chat.ask("What is on the second page?")
    chat.expect_status("complete")
    sent = str(service.wait_for("What is on the second page?").json["messages"])
    assert "Second page" in sent


def test_a_document_is_asked_about_in_two_turns(
    chat: Chat, service: Service, brought: Path
) -> None:
    before = service.files
    attach(chat, brought, "menu.pdf")
    expect_ready(chat, "menu.pdf")
    expect(chip(chat, "menu.pdf")).to_contain_text("native file")
    expect(chat.page.locator("#plan")).to_contain_text("qwen-long")
    chat.ask("What stands on the menu?")
    chat.expect_status("complete")
    chat.ask("And what on its last page?")
    chat.expect_status("complete")
    for question in ("What stands on the menu?", "And what on its last page?"):
        body = service.wait_for(question).json
        assert body["model"] == "qwen-long"
        named = [m["content"] for m in body["messages"] if m["role"] == "system"]
        assert f"fileid://file-fe-{before + 1}" in named
    assert service.files == before + 1


def test_a_draft_has_its_files_after_a_reload(
    chat: Chat, alice: Person, service: Service, brought: Path
) -> None:
    chat.expects("status of 404")
    attach(chat, brought, "photo.jpg", "sketch.png")
    expect_ready(chat, "photo.jpg", "sketch.png")
    chat.box.fill("Still here?")
    files = Attachment.objects.using(alice.app.database)
    gone = files.get(owner_id=alice.user.pk, name="sketch.png")
    assert chat.page.evaluate(DELETE, gone.get_absolute_url()) == 204
    chat.page.reload()
    expect_ready(chat, "photo.jpg")
    expect(chat.box).to_have_value("Still here?")
    expect(chat.page.locator("#chips .chip")).to_have_count(1)
    expect(chat.announcer).to_contain_text("sketch.png is not there any more")
    chat.box.press("Enter")
    assert len(parts(service, "Still here?")) == 1


def test_everything_fits_on_a_phone(open_tab: OpenTab, alice: Person, brought: Path) -> None:
    chat = open_tab(alice, viewport=PHONE, has_touch=True, is_mobile=True)
    page = chat.page
    chat.goto()
    attach(chat, brought, "photo.jpg", "boat.mp4", "menu.pdf")
    expect_ready(chat, "photo.jpg", "boat.mp4", "menu.pdf")
    expect(chip(chat, "boat.mp4")).to_contain_text("frames")
    fits = "() => document.scrollingElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    ways_of(chat, "boat.mp4").get_by_role("button", name="Choose frames").click()
    dialog = page.get_by_role("dialog", name="Frames from boat.mp4")
    expect(dialog.get_by_role("button", name="Use 8 frames")).to_be_in_viewport()
    assert dialog.evaluate("(one) => one.scrollWidth <= innerWidth")
    dialog.get_by_role("button", name="Cancel").click()
    page.locator("#ocr-toggle").click()
    page.locator("#ocr-more").click()
    pop = page.locator("#ocr-pop")
    expect(pop).to_be_visible()
    assert pop.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert page.evaluate(fits)


def test_a_file_is_attached_and_sent_without_a_mouse(
    chat: Chat, service: Service, brought: Path
) -> None:
    page, keyboard = chat.page, chat.page.keyboard
    expect(chat.send_button).to_be_visible()
    chat.box.focus()
    with page.expect_file_chooser() as choosing:
        keyboard.press("Control+u")
        expect(page.get_by_role("menuitem", name="Choose files")).to_be_focused()
        keyboard.press("Enter")
    choosing.value.set_files(str(brought / "photo.jpg"))
    expect_ready(chat, "photo.jpg")
    expect(chat.box).to_be_focused()
    expect(chip(chat, "photo.jpg").locator("[data-action=ways]")).to_be_visible()
    keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Remove photo.jpg")).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Automatic")).to_be_focused()
    keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="High resolution")).to_be_focused()
    keyboard.press("Space")
    keyboard.press("Escape")
    expect(chip(chat, "photo.jpg").locator("[data-action=ways]")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.type("By keyboard alone")
    keyboard.press("Enter")
    assert len(parts(service, "By keyboard alone")) == 1


def test_axe_finds_nothing_on_the_files_and_their_dialogs(
    open_tab: OpenTab, alice: Person, brought: Path
) -> None:
    chat = open_tab(alice)
    chat.expects(REFUSED)
    page = chat.page
    chat.goto()
    attach(chat, brought, "photo.jpg", "boat.mp4", "menu.pdf", "broken.pdf")
    expect_ready(chat, "photo.jpg", "boat.mp4", "menu.pdf")
    expect(chip(chat, "boat.mp4")).to_contain_text("frames")
    examine(chat, "files beside the message")
    ways_of(chat, "photo.jpg")
    examine(chat, "ways of a picture")
    page.get_by_role("button", name="Turn or crop").click()
    examine(chat, "turn or crop")
    page.keyboard.press("Escape")
    ways_of(chat, "boat.mp4").get_by_role("button", name="Choose frames").click()
    expect(page.locator(".frame")).to_have_count(8)
    examine(chat, "frames")
    page.keyboard.press("Escape")
    page.locator("#ocr-toggle").click()
    page.locator("#ocr-more").click()
    page.get_by_label("What to read").select_option("key_information_extraction")
    page.get_by_role("button", name="Add a field within").first.click()
    examine(chat, "options for OCR")
