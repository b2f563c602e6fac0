"""OCR: page by page, each a request of its own, kept with what was found where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conversations.models import Message, MessageAttachment, Recognition, Round
from tests.attachments import making
from tests.upstream import Gate, Reply, answer, json_reply

from .conftest import Socket, limits
from .test_files import PNG, TEXT, FilesUpstream, bring, ended, upstream  # noqa: F401

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OCR = {"task": "ocr"}
FIELDS = "key_information_extraction"
BOX = [10, 12, 90, 12, 90, 40, 10, 40]


def found(text: str, **result: Any) -> Reply:
    """A native answer with what a task found, as the service frames it."""
    content = [{"text": text, **({"ocr_result": result} if result else {})}]
    message = {"role": "assistant", "content": content}
    frame = {
        "output": {"choices": [{"finish_reason": "stop", "message": message}]},
        "usage": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
        "request_id": "r-1",
    }
    return Reply([b"id:1\nevent:result\ndata:" + json.dumps(frame).encode() + b"\n\n"])


class Native(FilesUpstream):
    """Answers the native endpoint from its script too."""


@pytest.fixture
def scripted(upstream: FilesUpstream, monkeypatch: pytest.MonkeyPatch) -> FilesUpstream:  # noqa: F811
    from .conftest import ChatUpstream

    def reply(self: FilesUpstream, received: Any) -> Reply:
        if received.path.endswith("/generation") and self._script:
            self.requests.append(received)
            return self._script.popleft()
        return ChatUpstream.next_reply(self, received)

    monkeypatch.setattr(FilesUpstream, "next_reply", reply)
    return upstream


async def test_without_a_task_the_request_is_the_one_of_the_sample(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    scripted.script(Reply(answer("Total: 5\n")))
    picture = await bring(alice, "a.png", PNG)
    end = await ended(
        page, "Read all the text in the image.", picture, **OCR, min_pixels=3136, max_pixels=1003520
    )
    (body,) = scripted.chats
    assert body["model"] == "qwen-vl-ocr"
    (message,) = body["messages"]
    image, words = message["content"]
    assert image["image_url"].startswith("data:image/png;base64,")
    assert (image["min_pixels"], image["max_pixels"]) == (3136, 1003520)
    assert words == {"type": "text", "text": "Read all the text in the image."}
    assert (end["status"], end["text"]) == ("complete", "Total: 5\n\n")
    row = await Recognition.objects.aget()
    assert (row.text, row.width, row.height, row.page) == ("Total: 5\n", 320, 240, 1)


async def test_a_task_goes_to_the_native_endpoint_and_its_boxes_are_kept(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    word = {"text": "Total", "location": BOX, "rotate_rect": [50, 26, 80, 28, 0]}
    scripted.script(found("```json\n[]\n```", words_info=[word]))
    picture = await bring(alice, "a.png", PNG)
    end = await ended(page, "", picture, **OCR, ocr_task="advanced_recognition")
    (sent,) = scripted.requests
    assert sent.path == "/api/v1/services/aigc/multimodal-generation/generation"
    assert sent.json["parameters"]["ocr_options"] == {"task": "advanced_recognition"}
    row = await Recognition.objects.aget()
    assert row.words == [{"text": "Total", "location": BOX, "rotate_rect": [50, 26, 80, 28, 0]}]
    assert end["text"] == "~~~~~~text\nTotal\n~~~~~~\n\n"
    assert end["usage"]["prompt_tokens"] == 9


async def test_fields_of_a_schema_become_a_table(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    scripted.script(found("```json\n{}\n```", kv_result={"No": "14|2", "Date": "null"}))
    picture = await bring(alice, "a.png", PNG)
    schema = {"No": "digits only", "Date": ""}
    end = await ended(
        page,
        "",
        picture,
        **OCR,
        ocr_task="key_information_extraction",
        ocr_schema=schema,
    )
    options = scripted.requests[0].json["parameters"]["ocr_options"]
    assert options["task_config"] == {"result_schema": schema}
    assert (await Recognition.objects.aget()).fields == {"No": "14|2", "Date": "null"}
    assert "14\\|2" in end["text"]
    assert "null" not in end["text"]


async def test_a_table_is_shown_as_one(page: Socket, scripted: FilesUpstream, alice: User) -> None:
    scripted.script(found("```html\n<table><tr><td>a</td><td>b</td></tr></table>\n```"))
    picture = await bring(alice, "a.png", PNG)
    end = await ended(page, "", picture, **OCR, ocr_task="table_parsing")
    assert "| a | b |" in end["text"]
    assert "<table" not in end["text"]


async def test_the_pages_of_a_pdf_are_read_one_after_the_other(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    scripted.script(Reply(answer("one")), Reply(answer("two")))
    report = await bring(alice, "report.pdf", making.pdf(["1", "2", "3"]))
    end = await ended(page, "", report, **OCR, deliveries={report: {"pages": [1, 3]}})
    assert end["text"] == "### report.pdf · 1\n\none\n\n### report.pdf · 3\n\ntwo\n\n"
    said = [event["activity"] for event in page.events if event.get("activity")]
    assert "Reading page 1 of 2" in said
    assert "Reading page 2 of 2" in said
    assert [row.page async for row in Recognition.objects.all()] == [1, 3]
    assert [round_.number async for round_ in Round.objects.order_by("number")] == [1, 2]
    assert (await MessageAttachment.objects.aget()).delivery == {"as": "ocr", "pages": [1, 3]}
    images = [body["messages"][0]["content"][0]["image_url"] for body in scripted.chats]
    assert all(url.startswith("data:image/jpeg;base64,") for url in images)
    assert (await Message.objects.aget(role="assistant")).prompt_tokens == sum(
        [round_.prompt_tokens or 0 async for round_ in Round.objects.all()]
    )


async def test_a_page_that_is_refused_is_marked_and_the_others_are_read(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    refused = {
        "message": "Output data may contain inappropriate content.",
        "code": "data_inspection_failed",
    }
    scripted.script(
        Reply(answer("one")), json_reply({"error": refused}, status=400), Reply(answer("three"))
    )
    report = await bring(alice, "report.pdf", making.pdf(["1", "2", "3"]))
    end = await ended(page, "", report, **OCR)
    assert end["status"] == "complete"
    assert [(row.page, row.error_code) async for row in Recognition.objects.all()] == [
        (1, ""),
        (2, "content_filtered"),
        (3, ""),
    ]
    assert "three" in end["text"]


async def test_a_job_that_was_cut_goes_on_with_the_page_that_is_missing(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    scripted.script(Reply(answer("one")), Reply([*answer("tw")[:2], Gate()]))
    report = await bring(alice, "report.pdf", making.pdf(["1", "2"]))
    ack = await page.ask("", attachments=[report], options={**TEXT, **OCR})
    message = ack["messages"][1]["id"]
    await page.until("delta", lambda event: event.get("text", "").endswith("tw"))
    await page.say("stop", message=message)
    end = await page.until("end")
    assert (end["status"], end["text"]) == (
        "stopped",
        "### report.pdf · 1\n\none\n\n### report.pdf · 2\n\ntw",
    )
    scripted.script(Reply(answer("two")))
    await page.say("continue", request="c", message=message, options=TEXT)
    end = await page.until("end")
    assert end["status"] == "complete"
    assert end["text"] == "### report.pdf · 1\n\none\n\n### report.pdf · 2\n\ntwo\n\n"
    assert page.shown(message) == end["text"]
    assert len(scripted.chats) == 3


async def test_one_page_is_read_again_beside_the_answer(
    page: Socket, scripted: FilesUpstream, alice: User
) -> None:
    scripted.script(Reply(answer("one")), Reply(answer("blurred")), Reply(answer("clear")))
    report = await bring(alice, "report.pdf", making.pdf(["1", "2"]))
    end = await ended(page, "", report, **OCR)
    first = end["message"]
    await page.say("regenerate", request="g", message=first, options={**TEXT, "again_pages": [2]})
    end = await page.until("end")
    assert end["text"] == "### report.pdf · 1\n\none\n\n### report.pdf · 2\n\nclear\n\n"
    assert end["message"] != first
    assert len(scripted.chats) == 3
    assert (await Message.objects.aget(id=first)).text.count("blurred") == 1


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"ocr_task": "poetry"}, "options.ocr_task"),
        ({"ocr_task": "table_parsing", "ocr_schema": {"a": ""}}, "options.ocr_schema"),
        ({"ocr_task": "table_parsing", "model": "qwen3-vl-plus"}, "options.model"),
        ({"ocr_task": FIELDS, "ocr_schema": {"a": {"b": {"c": {"d": ""}}}}}, "options.ocr_schema"),
        ({"min_pixels": 10, "max_pixels": 5}, "options.min_pixels"),
        ({"max_pixels": 0}, "options.max_pixels"),
        ({"model": "qwen-plus"}, "attachments"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_with_its_field(
    page: Socket, scripted: FilesUpstream, alice: User, options: dict[str, Any], field: str
) -> None:
    picture = await bring(alice, "a.png", PNG)
    await page.say(
        "send",
        request="r",
        conversation=None,
        parent=None,
        text="",
        attachments=[picture],
        options={**TEXT, **OCR, **options},
    )
    refusal = await page.until("error")
    assert (refusal["code"], refusal["field"]) == ("invalid", field)
    assert await Message.objects.acount() == 0


async def test_ocr_needs_something_to_read_and_not_too_much_of_it(
    page: Socket, scripted: FilesUpstream, alice: User, settings: Any
) -> None:
    settings.LIMITS = limits(settings, pages_per_answer=2)
    film = await bring(alice, "a.mp4", making.film(seconds=2))
    report = await bring(alice, "report.pdf", making.pdf(["1", "2", "3"]))
    for number, ids in enumerate(([], [film], [report])):
        await page.say(
            "send",
            request=f"r{number}",
            conversation=None,
            parent=None,
            text="Read",
            attachments=ids,
            options={**TEXT, **OCR},
        )
        assert (await page.until("error"))["field"] == "attachments"
