"""Files beside the message, against a server on which the test decides how each upload goes."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from PIL import Image
from playwright.sync_api import expect

from .files import FileServer
from .test_script import ask, at, box

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

DROP = """([name, text, type, event]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type }));
  const target = document.querySelector("#transcript");
  target.dispatchEvent(new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
PASTE = """([text, files]) => {
  const data = new DataTransfer();
  if (text) data.setData("text/plain", text);
  for (const [name, type] of files) data.items.add(new File(["bytes"], name, { type }));
  const box = document.getElementById("composer-text");
  box.focus();
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  if (box.dispatchEvent(event) && text) document.execCommand("insertText", false, text);
}"""


@pytest.fixture
def server() -> Iterator[FileServer]:
    server = FileServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def chat(page: Page, server: FileServer) -> Iterator[Page]:
    """A new chat that fails the test when a script throws or the policy stops something."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda line: (
            problems.append(line.text)
            if line.type == "error"
            and "WebSocket" not in line.text
            and "Failed to load" not in line.text
            else None
        ),
    )
    page.set_default_timeout(10_000)
    at(page, server)
    yield page
    assert not problems


def attach(page: Page, *names: str, size: int = 0) -> None:
    files = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content(name, size)}
        for name in names
    ]
    page.locator("#attach-input").set_input_files(files)  # type: ignore[arg-type]


def content(name: str, size: int = 0) -> bytes:
    if size:
        return b"x" * size
    if not name.endswith(".png"):
        return b"some text"
    made = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 90, 60)).save(made, "PNG")
    return made.getvalue()


def chip(page: Page, name: str) -> Locator:
    return page.locator("#chips .chip").filter(has_text=name)


def send_button(page: Page) -> Locator:
    return page.locator("#composer [data-action=send]")


def sent(server: FileServer) -> dict[str, Any]:
    return server.wait(lambda: server.commands("send"))[-1]  # type: ignore[no-any-return]


def test_a_file_is_uploaded_planned_and_sent(chat: Page, server: FileServer) -> None:
    attach(chat, "lake.png")
    ready = chip(chat, "lake.png")
    expect(ready).to_have_attribute("data-status", "ready")
    expect(ready).to_contain_text("as a picture")
    expect(ready.locator("img")).to_have_attribute("src", re.compile("/thumbnail/$"))
    expect(chat.locator("#plan")).to_contain_text("Auto chose qwen3-vl-plus")
    expect(chat.locator("#announcer")).to_have_text("lake.png is ready.")
    box(chat).fill("What is this?")
    box(chat).press("Enter")
    command = sent(server)
    assert command["attachments"] == [server.named("lake.png")["id"]]
    assert "deliveries" not in command["options"]
    expect(chat.locator("#chips .chip")).to_have_count(0)
    expect(chat.locator("#plan")).to_be_hidden()
    assert server.deleted == []


def test_states_are_said_in_words_and_sending_waits_for_the_file(
    chat: Page, server: FileServer
) -> None:
    server.slow.add("a.pdf")
    release = server.hold("a.pdf")
    attach(chat, "a.pdf")
    expect(chip(chat, "a.pdf")).to_contain_text("Checking")
    box(chat).fill("Summarise")
    expect(send_button(chat)).to_be_disabled()
    expect(send_button(chat)).to_have_attribute("title", re.compile("still on their way"))
    box(chat).press("Enter")
    expect(chat.locator("#armed")).to_be_visible()
    expect(chat.locator("#armed")).to_contain_text("Sends when the files are ready")
    chat.locator("[data-action=disarm]").click()
    expect(chat.locator("#armed")).to_be_hidden()
    expect(box(chat)).to_be_focused()
    box(chat).press("Enter")
    expect(chat.locator("#armed")).to_be_visible()
    release()
    expect(chip(chat, "a.pdf")).to_contain_text("Preparing")
    assert not server.commands("send")
    server.prepare("a.pdf")
    assert sent(server)["text"] == "Summarise"
    expect(chat.locator("#armed")).to_be_hidden()
    expect(box(chat)).to_have_value("")


def test_three_go_at_once_and_progress_is_shown(chat: Page, server: FileServer) -> None:
    names = [f"{number}.txt" for number in range(5)]
    releases = [server.hold(name) for name in names]
    attach(chat, *names)
    expect(chat.locator(".chip[data-status=checking]")).to_have_count(3)
    expect(chat.locator(".chip[data-status=waiting]")).to_have_count(2)
    expect(chip(chat, "4.txt")).to_contain_text("Waiting")
    for release in releases:
        release()
    expect(chat.locator(".chip[data-status=ready]")).to_have_count(5)
    assert server.most_uploading == 3


def test_cancelling_ends_the_request_and_leaves_the_others(chat: Page, server: FileServer) -> None:
    chat.context.new_cdp_session(chat).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000},
    )
    attach(chat, "long.pdf", size=2_000_000)
    going = chip(chat, "long.pdf")
    expect(going).to_have_attribute("data-status", "uploading")
    expect(going).to_contain_text(re.compile(r"Uploading [1-9]\d? %"))
    expect(going.locator("progress")).to_be_visible()
    server.wait(lambda: server.uploading == 1)
    attach(chat, "good.txt")
    going.get_by_role("button", name="Cancel long.pdf").click()
    expect(going).to_have_count(0)
    server.wait(lambda: server.uploading == 0)
    expect(chip(chat, "good.txt")).to_have_attribute("data-status", "ready")
    assert server.arrived == ["good.txt"]


def test_what_had_arrived_when_it_was_cancelled_is_deleted(chat: Page, server: FileServer) -> None:
    release = server.hold("late.txt")
    attach(chat, "late.txt")
    expect(chip(chat, "late.txt")).to_contain_text("Checking")
    chip(chat, "late.txt").get_by_role("button", name="Cancel").click()
    expect(chat.locator("#chips .chip")).to_have_count(0)
    release()
    server.wait(lambda: server.deleted == ["late.txt"])
    attach(chat, "ready.txt")
    expect(chip(chat, "ready.txt")).to_have_attribute("data-status", "ready")
    chip(chat, "ready.txt").get_by_role("button", name="Remove ready.txt").click()
    server.wait(lambda: server.deleted == ["late.txt", "ready.txt"])
    expect(box(chat)).to_be_focused()


def test_a_failing_file_disturbs_neither_the_others_nor_the_text(
    chat: Page, server: FileServer
) -> None:
    server.refuse("bad.pdf", "unreadable", "This file is damaged.")
    server.refuse("busy.png", "rate_limited", "Many files are being read.", 429)
    box(chat).fill("Keep me")
    attach(chat, "bad.pdf", "busy.png", "good.txt")
    expect(chip(chat, "bad.pdf")).to_contain_text("This file is damaged.")
    expect(chip(chat, "bad.pdf").locator("[data-action=retry-file]")).to_be_hidden()
    expect(chip(chat, "good.txt")).to_have_attribute("data-status", "ready")
    expect(box(chat)).to_have_value("Keep me")
    box(chat).press("Enter")
    expect(chat.locator("#composer-error")).to_contain_text("bad.pdf could not be added")
    assert not server.commands("send")
    chip(chat, "bad.pdf").locator("[data-action=remove-file]").click()
    server.refused.clear()
    chip(chat, "busy.png").get_by_role("button", name="Try again with busy.png").click()
    expect(chip(chat, "busy.png")).to_have_attribute("data-status", "ready")
    box(chat).press("Enter")
    assert len(sent(server)["attachments"]) == 2


def test_limits_are_checked_before_uploading(chat: Page, server: FileServer) -> None:
    attach(chat, "huge.png", size=1_100_000)
    expect(chip(chat, "huge.png")).to_contain_text("the limit is 1 MB")
    attach(chat, "notes.pages")
    expect(chip(chat, "notes.pages")).to_contain_text("cannot be attached")
    chat.evaluate(DROP, ["empty.txt", "", "text/plain", "drop"])
    expect(chip(chat, "empty.txt")).to_contain_text("This file is empty")
    attach(chat, *[f"{number}.txt" for number in range(5)])
    expect(chat.locator("#chips .chip")).to_have_count(6)
    expect(chat.locator("#announcer")).to_contain_text("A message takes 6 files; 2 were left out.")
    expect(chat.locator(".chip[data-status=ready]")).to_have_count(3)
    assert sorted(server.arrived) == ["0.txt", "1.txt", "2.txt"]


def test_files_are_dropped_and_pasted(chat: Page, server: FileServer) -> None:
    chat.evaluate(DROP, ["drop.txt", "words", "text/plain", "dragenter"])
    expect(chat.locator("#dropzone")).to_be_visible()
    expect(chat.locator("#composer")).to_have_attribute("data-dropping", "")
    chat.evaluate(DROP, ["drop.txt", "words", "text/plain", "drop"])
    expect(chat.locator("#dropzone")).to_be_hidden()
    expect(chip(chat, "drop.txt")).to_have_attribute("data-status", "ready")
    chat.evaluate(PASTE, ["", [["image.png", "image/png"]]])
    expect(chip(chat, "image.png")).to_have_attribute("data-status", "ready")
    chat.evaluate(PASTE, ["a few words", []])
    expect(box(chat)).to_have_value("a few words")
    assert server.arrived == ["drop.txt", "image.png"]


@pytest.mark.parametrize("way", ["toast", "keyboard"])
def test_a_long_paste_becomes_a_file_and_can_be_undone(
    chat: Page, server: FileServer, way: str
) -> None:
    box(chat).fill("Read this: ")
    text = "A long line of words.\n" * 300
    chat.evaluate(PASTE, [text, []])
    expect(chip(chat, "pasted-text.txt")).to_have_attribute("data-status", "ready")
    expect(box(chat)).to_have_value("Read this: ")
    if way == "toast":
        chat.locator(".toast").get_by_role("button", name="Undo").click()
    else:
        box(chat).press("Control+z")
    expect(chat.locator("#chips .chip")).to_have_count(0)
    expect(box(chat)).to_have_value("Read this: " + text)
    expect(box(chat)).to_be_focused()
    server.wait(lambda: server.deleted == ["pasted-text.txt"])


def test_a_picture_comes_from_the_web(chat: Page, server: FileServer) -> None:
    server.refuse("private.png", "invalid", "This address cannot be fetched.")
    chat.keyboard.press("Control+u")
    chat.get_by_role("menuitem", name="Picture from a web address").press("Enter")
    dialog = chat.get_by_role("dialog", name="Picture from a web address")
    expect(dialog.get_by_label("Address")).to_be_focused()
    chat.keyboard.type("ftp://example.org/a.png")
    chat.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Address").fill("https://example.org/pictures/lake.png")
    chat.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(chip(chat, "lake.png")).to_have_attribute("data-status", "ready")
    assert server.addresses == ["https://example.org/pictures/lake.png"]
    chat.keyboard.press("Control+u")
    expect(chat.get_by_role("menuitem", name="Choose files")).to_be_focused()
    chat.keyboard.press("ArrowDown")
    chat.keyboard.press("Enter")
    expect(dialog.get_by_label("Address")).to_be_focused()
    chat.keyboard.type("https://10.0.0.1/private.png")
    chat.keyboard.press("Enter")
    expect(chip(chat, "private.png")).to_contain_text("This address cannot be fetched.")


def test_how_a_file_is_sent_can_be_chosen(chat: Page, server: FileServer) -> None:
    attach(chat, "a.pdf", "film.mp4")
    chip(chat, "a.pdf").get_by_role("button", name="How a.pdf is sent").click()
    ways = chat.locator("#ways-pop")
    expect(ways.get_by_role("radio")).to_have_count(4)
    ways.get_by_label("Its text").check()
    expect(chip(chat, "a.pdf")).to_contain_text("its text")
    ways.get_by_label("Read with OCR").check()
    ways.get_by_label("Pages to read").fill("1-3, 5")
    ways.get_by_label("Pages to read").press("Tab")
    chat.keyboard.press("Escape")
    expect(chip(chat, "a.pdf").locator("[data-action=ways]")).to_be_focused()
    chip(chat, "film.mp4").get_by_role("button", name="How film.mp4 is sent").click()
    expect(ways.get_by_label("The whole video")).to_be_disabled()
    expect(ways).to_contain_text("Only videos up to 7 MB can be sent whole.")
    chat.keyboard.press("Escape")
    box(chat).fill("Go")
    box(chat).press("Enter")
    deliveries = sent(server)["options"]["deliveries"]
    assert deliveries == {server.named("a.pdf")["id"]: {"as": "ocr", "pages": [1, 2, 3, 5]}}


def test_the_frames_of_a_video_are_chosen_by_keyboard(chat: Page, server: FileServer) -> None:
    attach(chat, "film.mp4")
    chip(chat, "film.mp4").get_by_role("button", name="How film.mp4 is sent").press("Enter")
    chat.get_by_role("button", name="Choose frames").press("Enter")
    dialog = chat.get_by_role("dialog", name="Frames from film.mp4")
    boxes = dialog.get_by_role("checkbox")
    expect(boxes).to_have_count(8)
    expect(dialog.locator(".cost")).to_contain_text("8 frames · about 2,400 tokens")
    boxes.first.focus()
    chat.keyboard.press("ArrowRight")
    chat.keyboard.press("Space")
    expect(boxes.nth(1)).not_to_be_checked()
    expect(dialog.locator(".cost")).to_contain_text("7 frames · about 2,100 tokens")
    for number in range(2, 6):
        dialog.locator(".frame").nth(number).click()
    expect(dialog.get_by_text("This model needs 4 frames or more.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Use 3 frames")).to_be_disabled()
    dialog.get_by_role("button", name="All", exact=True).click()
    dialog.get_by_label("From").fill("0:02")
    dialog.get_by_label("To", exact=True).fill("0:12.0")
    dialog.get_by_label("One frame every").press("ArrowRight")
    expect(dialog.locator("[data-slot=frames-every]")).to_have_text("2 s")
    expect(boxes).to_have_count(5)
    dialog.locator(".frame").nth(2).click()
    expect(dialog.locator(".cost")).to_contain_text("4 frames · about 1,200 tokens")
    dialog.get_by_role("button", name="Use 4 frames").click()
    expect(dialog).to_be_hidden()
    expect(chip(chat, "film.mp4")).to_contain_text("4 frames")
    chip(chat, "film.mp4").locator("[data-action=ways]").click()
    chat.get_by_role("button", name="Choose frames").click()
    expect(boxes).to_have_count(5)
    expect(boxes.nth(2)).not_to_be_checked()
    dialog.get_by_role("button", name="Cancel").click()
    box(chat).fill("What happens?")
    box(chat).press("Enter")
    (delivery,) = sent(server)["options"]["deliveries"].values()
    assert delivery == {
        "as": "frames",
        "fps": 0.5,
        "start": 2,
        "end": 12,
        "times": [2000, 4000, 8000, 10000],
    }


def test_frames_are_no_more_than_the_model_takes_and_go_back_to_automatic(
    chat: Page, server: FileServer
) -> None:
    attach(chat, "film.mp4")
    chip(chat, "film.mp4").locator("[data-action=ways]").click()
    chat.get_by_role("button", name="Choose frames").click()
    dialog = chat.get_by_role("dialog", name="Frames from film.mp4")
    boxes = dialog.get_by_role("checkbox")
    expect(boxes).to_have_count(8)
    dialog.get_by_label("One frame every").press("End")
    expect(dialog.locator("[data-slot=frames-every]")).to_have_text("0.2 s")
    expect(boxes).to_have_count(12)
    dialog.get_by_role("button", name="Back to automatic").click()
    expect(boxes).to_have_count(8)
    dialog.get_by_label("From").fill("a while")
    expect(dialog.get_by_text("Choose times between 0:00.0 and 0:18.0")).to_be_visible()
    dialog.get_by_role("button", name="Back to automatic").click()
    expect(dialog.get_by_role("button", name="Use 8 frames")).to_be_enabled()
    dialog.get_by_role("button", name="Use 8 frames").click()
    box(chat).fill("What happens?")
    box(chat).press("Enter")
    assert "deliveries" not in sent(server)["options"]


def test_a_picture_is_turned_and_cropped(chat: Page, server: FileServer) -> None:
    attach(chat, "lake.png")
    chip(chat, "lake.png").locator("[data-action=ways]").click()
    chat.get_by_label("High resolution").check()
    chat.get_by_role("button", name="Turn or crop").click()
    dialog = chat.get_by_role("dialog", name="Turn or crop")
    canvas = dialog.locator("canvas")
    expect(canvas).to_have_attribute("width", "160")
    dialog.get_by_role("button", name="Turn right").click()
    expect(canvas).to_have_attribute("height", "160")
    area = canvas.bounding_box()
    assert area
    chat.mouse.move(area["x"] + area["width"] * 0.25, area["y"] + area["height"] * 0.25)
    chat.mouse.down()
    chat.mouse.move(area["x"] + area["width"] * 0.75, area["y"] + area["height"] * 0.75)
    chat.mouse.up()
    expect(dialog.get_by_label("Left")).to_have_value("25")
    dialog.get_by_label("Right", exact=True).fill("80")
    dialog.get_by_label("Bottom").fill("100")
    expect(dialog.locator("[data-slot=crop-note]")).to_contain_text("264 × 480")
    dialog.get_by_role("button", name="Use this").click()
    box(chat).fill("?")
    box(chat).press("Enter")
    (delivery,) = sent(server)["options"]["deliveries"].values()
    assert delivery["high"] is True
    assert delivery["turn"] == 90
    assert delivery["box"] == pytest.approx([0.25, 0.25, 0.8, 1.0], abs=0.02)


def test_ocr_is_chosen_with_its_task_and_a_schema(chat: Page, server: FileServer) -> None:
    attach(chat, "a.pdf")
    toggle = chat.get_by_role("button", name="OCR", exact=True)
    expect(chat.get_by_role("button", name="Options for OCR")).to_be_hidden()
    toggle.click()
    chat.get_by_role("button", name="Options for OCR").click()
    pop = chat.locator("#ocr-pop")
    expect(pop.get_by_label("Name")).to_be_hidden()
    pop.get_by_label("What to read").select_option("key_information_extraction")
    pop.get_by_label("Name").fill("Total")
    pop.get_by_label("Hint").fill("with tax")
    pop.get_by_role("button", name="Add a field", exact=True).click()
    chat.keyboard.type("Total")
    expect(pop.get_by_text("“Total” is there twice.")).to_be_visible()
    chat.keyboard.press("Control+a")
    chat.keyboard.type("Seller")
    pop.get_by_role("button", name="Add a field within").last.click()
    chat.keyboard.type("City")
    expect(pop.get_by_text("“Total” is there twice.")).to_be_hidden()
    pop.get_by_role("button", name="JSON").click()
    text = pop.get_by_label("Fields as JSON")
    assert json.loads(text.input_value()) == {"Total": "with tax", "Seller": {"City": ""}}
    text.fill('{"Total": 3}')
    expect(pop.get_by_text("Each field is a hint in quotes")).to_be_visible()
    text.fill('{"Total": "", "Seller": {"City": "where"}}')
    pop.get_by_role("button", name="JSON").click()
    expect(pop.get_by_label("Name")).to_have_count(3)
    pop.get_by_label("Pages of a.pdf").fill("2-14")
    expect(pop.get_by_text("Write pages like 1-3,5, up to 12.")).to_be_visible()
    pop.get_by_label("Pages of a.pdf").fill("2-3")
    pop.get_by_text("Size of the picture").click()
    pop.get_by_label("Most pixels").fill("600000")
    chat.keyboard.press("Escape")
    server.wait(lambda: server.plans and server.plans[-1]["options"].get("max_pixels") == 600_000)
    send_button(chat).click()
    command = sent(server)
    assert command["text"] == ""
    options = command["options"]
    assert options["task"] == "ocr"
    assert options["ocr_task"] == "key_information_extraction"
    assert options["ocr_schema"] == {"Total": "", "Seller": {"City": "where"}}
    assert options["max_pixels"] == 600_000
    assert [one["pages"] for one in options["deliveries"].values()] == [[2, 3]]
    expect(toggle).to_have_attribute("aria-pressed", "false")


def test_a_refused_message_comes_back_with_its_files(chat: Page, server: FileServer) -> None:
    attach(chat, "lake.png")
    expect(chip(chat, "lake.png")).to_contain_text("as a picture")
    server.refusals.append({"code": "invalid", "message": "Not so."})
    chat.get_by_role("button", name="OCR", exact=True).click()
    box(chat).fill("Look")
    box(chat).press("Enter")
    expect(chat.locator("#composer-error")).to_have_text("Not so.")
    expect(box(chat)).to_have_value("Look")
    expect(chip(chat, "lake.png")).to_have_attribute("data-status", "ready")
    expect(chat.get_by_role("button", name="OCR", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    box(chat).press("Enter")
    server.wait(lambda: len(server.commands("send")) == 2)
    first, second = server.commands("send")
    assert first["attachments"] == second["attachments"]


def test_a_draft_keeps_its_files_and_says_which_are_gone(chat: Page, server: FileServer) -> None:
    attach(chat, "stays.txt", "goes.txt")
    expect(chat.locator(".chip[data-status=ready]")).to_have_count(2)
    box(chat).fill("A draft")
    chip(chat, "stays.txt").locator("[data-action=ways]").click()
    chat.get_by_label("Its text").check()
    chat.keyboard.press("Escape")
    del server.files[server.named("goes.txt")["id"]]
    chat.reload()
    expect(box(chat)).to_have_value("A draft")
    expect(chip(chat, "stays.txt")).to_contain_text("its text")
    expect(chat.locator("#chips .chip")).to_have_count(1)
    expect(chat.locator("#announcer")).to_contain_text("goes.txt is not there any more")
    box(chat).press("Enter")
    assert len(sent(server)["attachments"]) == 1
    chat.reload()
    expect(box(chat)).to_have_value("")
    expect(chat.locator("#chips .chip")).to_have_count(0)


def test_files_wait_in_the_queue_and_are_sent_after_the_answer(
    chat: Page, server: FileServer
) -> None:
    answer = ask(chat, server)
    attach(chat, "lake.png")
    expect(chip(chat, "lake.png")).to_have_attribute("data-status", "ready")
    box(chat).fill("And this?")
    box(chat).press("Enter")
    expect(chat.locator(".queue")).to_contain_text("And this? · lake.png")
    chat.locator("[data-action=edit-queued]").click()
    expect(chip(chat, "lake.png")).to_have_attribute("data-status", "ready")
    expect(box(chat)).to_have_value("And this?")
    box(chat).press("Enter")
    chat.reload()
    expect(chat.locator(".queue")).to_contain_text("And this? · lake.png")
    server.write(answer, "Done.")
    server.end(answer)
    server.wait(lambda: len(server.commands("send")) == 2)
    assert server.commands("send")[-1]["attachments"] == [server.named("lake.png")["id"]]


def test_the_question_on_its_way_shows_its_files(chat: Page, server: FileServer) -> None:
    ask(chat, server)
    server.end(server.answer)
    attach(chat, "lake.png", "a.pdf")
    expect(chat.locator(".chip[data-status=ready]")).to_have_count(2)
    server.disconnect(accepting=False)
    box(chat).fill("Both")
    box(chat).press("Enter")
    pending = chat.locator(".msg[data-status=sending]")
    expect(pending.locator(".att-img img")).to_have_attribute("alt", "lake.png")
    expect(pending.locator(".att-file")).to_contain_text("a.pdf")
    chat.reload()
    expect(chat.locator("#chips .chip")).to_have_count(0)
    expect(chat.locator(".msg[data-status=sending] .att-file")).to_contain_text("a.pdf")
    server.accept()
    chat.evaluate("() => dispatchEvent(new Event('online'))")
    server.wait(lambda: len(server.commands("send")) == 2)


def test_editing_a_question_keeps_its_files(chat: Page, server: FileServer) -> None:
    ask(chat, server)
    server.end(server.answer)
    kept, dropped = server.keep("lake.png"), server.keep("a.pdf")
    question = chat.locator(".msg--user")
    question.evaluate(
        "(message, files) => (message.dataset.attachments = JSON.stringify(files))",
        [
            {name: file[name] for name in ("id", "name", "kind", "thumbnail_url")}
            for file in (kept, dropped)
        ],
    )
    question.hover()
    question.locator("[data-action=edit]").click()
    form = question.locator("form")
    expect(form.locator(".chip")).to_have_count(2)
    form.get_by_role("button", name="Remove a.pdf").click()
    form.locator("textarea").fill("Another question")
    form.get_by_role("button", name="Save and ask").click()
    server.wait(lambda: len(server.commands("send")) == 2)
    assert server.commands("send")[-1]["attachments"] == [kept["id"]]
    assert server.deleted == []


def test_ocr_is_off_where_the_chosen_model_cannot(chat: Page, server: FileServer) -> None:
    toggle = chat.get_by_role("button", name="OCR", exact=True)
    toggle.click()
    chat.locator("#model-button").click()
    chat.locator('.model:has(input[value="qwen-plus"])').click()
    expect(toggle).to_be_disabled()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    expect(toggle).to_have_attribute("title", re.compile("qwen-plus does not read texts"))
    chat.locator("#model-button").click()
    chat.locator('.model:has(input[value="qwen-vl-ocr"])').click()
    expect(toggle).to_be_enabled()


def test_on_a_phone_the_button_sends_later_since_enter_does_not(
    browser: Browser, server: FileServer
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    at(page, server)
    release = server.hold("a.pdf")
    attach(page, "a.pdf")
    expect(chip(page, "a.pdf")).to_contain_text("Checking")
    box(page).fill("Summarise")
    send_button(page).tap()
    expect(page.locator("#armed")).to_be_visible()
    box(page).press_sequentially(" it")
    expect(page.locator("#armed")).to_be_hidden()
    send_button(page).tap()
    release()
    assert sent(server)["text"] == "Summarise it"
    context.close()
