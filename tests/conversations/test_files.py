"""What people add to a question reaches the model as it was said, and goes when nothing uses it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from PIL import Image

from attachments.models import Attachment, StoredFile, UpstreamFile
from attachments.upstream import delete_unwanted
from conversations import actions, pieces, service
from conversations.models import Conversation, Message, MessageAttachment, Round
from tests.attachments import making
from tests.upstream import Gate, Reply, answer, json_reply

from .conftest import ChatUpstream, Socket, limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.contrib.auth.models import User

    from tests.upstream import Received

TEXT = {"format": "text"}
PNG = making.encoded(making.picture(), "PNG")


class FilesUpstream(ChatUpstream):
    """A service that also keeps files; `states` is what it says of one, asked after asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.states = ["processed"]
        self.kept: list[str] = []
        self.deleted: list[str] = []

    def next_reply(self, received: Received) -> Reply:
        if received.path.endswith("/generation"):
            self.requests.append(received)
            return Reply([native("It is "), native("a lake.", finish_reason="stop")])
        _, found, place = received.path.partition("/files")
        if not found:
            return super().next_reply(received)
        if received.method == "POST":
            self.kept.append(f"file-fe-{len(self.kept) + 1}")
            return self.row(self.kept[-1], "processing")
        id_ = place.strip("/")
        if received.method == "DELETE":
            self.deleted.append(id_)
            return json_reply({"object": "file", "deleted": True, "id": id_})
        return self.row(id_, self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def row(self, id_: str, status: str) -> Reply:
        return json_reply(
            {
                "id": id_,
                "object": "file",
                "bytes": 9,
                "created_at": 1,
                "filename": "a",
                "purpose": "file-extract",
                "status": status,
            }
        )

    @property
    def chats(self) -> list[Any]:
        """The bodies of the questions, in order."""
        return [
            received.json
            for received in self.requests
            if received.path.endswith(("/completions", "/generation"))
            and received.json.get("stream", True)
        ]


@pytest.fixture
async def upstream(settings: Any, tmp_path: Any) -> AsyncIterator[FilesUpstream]:
    settings.QWENCHAT_DATA, settings.MEDIA_ROOT = tmp_path, tmp_path / "uploads"
    async with FilesUpstream() as up:
        settings.DASHSCOPE_BASE_URL = up.base_url
        settings.DASHSCOPE_NATIVE_URL = up.base_url.replace("/compatible-mode/v1", "/api/v1")
        yield up


def native(text: str, finish_reason: str = "null") -> bytes:
    """A frame of the service's own protocol."""
    message = {"role": "assistant", "content": text}
    output = {"choices": [{"finish_reason": finish_reason, "message": message}]}
    return (
        b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:"
        + json.dumps({"output": output}).encode()
        + b"\n\n"
    )


async def bring(user: User, name: str, content: bytes) -> str:
    """An attachment of this person; its id."""

    def post() -> str:
        browser = Browser()
        browser.force_login(user)
        response = browser.post("/attachments/", {"file": SimpleUploadedFile(name, content)})
        assert response.status_code == 201, response.content
        return str(response.json()["id"])

    return await sync_to_async(post)()


async def ended(page: Socket, text: str, *files: str, **options: Any) -> dict[str, Any]:
    """Asks with files and waits for the end; what the socket said of the answer."""
    where = {name: options.pop(name) for name in ("conversation", "parent") if name in options}
    await page.ask(text, attachments=list(files), options={**TEXT, **options}, **where)
    return await page.until("end")


def shown(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


# ---- pictures and videos ----------------------------------------------------------------------------


async def test_a_picture_goes_after_the_words_to_a_model_that_sees(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    picture = await bring(alice, "a.png", PNG)
    end = await ended(page, "What is this?", picture)
    assert end["status"] == "complete"
    body = upstream.chats[0]
    assert body["model"] == "qwen3-vl-plus"
    words, image = body["messages"][0]["content"]
    assert words == {"type": "text", "text": "What is this?"}
    assert image["type"] == "image_url"
    assert shown(image["image_url"]["url"]).size == (320, 240)


async def test_the_record_of_a_request_has_no_bytes(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    await ended(page, "What is this?", await bring(alice, "a.png", PNG))
    round_ = await Round.objects.aget()
    kept = json.dumps(round_.body)
    assert "data:image/png;base64,<" in kept
    assert len(kept) < 600
    assert round_.path == "/compatible-mode/v1/chat/completions"
    assert round_.first_token_ms is not None


async def test_a_picture_is_sized_turned_and_cut_as_asked(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    picture = await bring(alice, "a.png", PNG)
    wish = {"turn": 90, "box": [0, 0, 1, 0.5]}
    await ended(page, "And now?", picture, deliveries={picture: wish}, max_pixels=100_000)
    image = upstream.chats[0]["messages"][0]["content"][1]
    assert shown(image["image_url"]["url"]).size == (240, 160)
    assert image["max_pixels"] == 100_000
    kept = await MessageAttachment.objects.aget()
    assert kept.delivery == {
        "as": "image",
        "turn": 90,
        "box": [0.0, 0.0, 1.0, 0.5],
        "max_pixels": 100_000,
    }


async def test_a_video_goes_before_the_words_as_its_frames(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    film = await bring(alice, "a.mp4", making.film(seconds=4))
    await ended(page, "What happens?", film, frames=4)
    frames, words = upstream.chats[0]["messages"][0]["content"]
    assert (frames["type"], len(frames["video"])) == ("video", 4)
    assert frames["fps"] == 1.0
    greys = [shown(url).convert("L").getpixel((9, 9)) for url in frames["video"]]
    assert greys == sorted(greys)
    assert words["text"] == "What happens?"
    kept = await MessageAttachment.objects.aget()
    assert kept.delivery == {"as": "frames", "count": 4, "times": [500, 1500, 2500, 3500]}


async def test_a_small_video_goes_whole_when_that_is_chosen(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    film = await bring(alice, "a.mp4", making.film(seconds=4))
    await ended(page, "What happens?", film, deliveries={film: {"as": "video", "fps": 1}})
    part = upstream.chats[0]["messages"][0]["content"][0]
    assert part["type"] == "video_url"
    assert part["video_url"]["url"].startswith("data:video/mp4;base64,")
    assert part["fps"] == 1.0


async def test_earlier_pictures_are_sent_again_up_to_a_number_and_then_named(
    page: Socket, upstream: FilesUpstream, alice: User, settings: Any
) -> None:
    settings.LIMITS = limits(settings, history_pictures=1)
    first = await bring(alice, "first.png", PNG)
    second = await bring(alice, "second.png", making.encoded(making.picture(64, 64), "PNG"))
    ack = await page.ask("One", attachments=[first], options=TEXT)
    await page.until("end")
    await ended(page, "Two", second, conversation=ack["conversation"])
    await ended(page, "Compare", conversation=ack["conversation"])
    contents = [m["content"] for m in upstream.chats[2]["messages"] if m["role"] == "user"]
    assert upstream.chats[2]["model"] == "qwen3-vl-plus"
    assert "first.png" in contents[0]
    assert contents[1][1]["type"] == "image_url"
    assert contents[2] == "Compare"


async def test_a_model_that_cannot_see_is_told_what_it_is_not_shown(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    ack = await page.ask("Look", attachments=[await bring(alice, "a.png", PNG)], options=TEXT)
    await page.until("end")
    await ended(page, "And?", conversation=ack["conversation"], model="qwen-plus")
    first = upstream.chats[1]["messages"][0]["content"]
    assert isinstance(first, str)
    assert "a.png" in first
    assert first.endswith("Look")


# ---- documents --------------------------------------------------------------------------------------


async def test_a_document_is_uploaded_once_and_named_before_the_questions(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    upstream.states = ["processing", "processed"]
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."] * 3))
    ack = await page.ask("What is it about?", attachments=[report], options=TEXT)
    await page.until("end")
    said = [event["activity"] for event in page.events if event.get("activity")]
    assert said[0] == "Uploading report.pdf to the model service"
    assert "The model service is reading report.pdf" in said
    again = await bring(alice, "copy.pdf", making.pdf(["The lake is deep."] * 3))
    await ended(page, "And this one?", again, conversation=ack["conversation"])
    first, second = upstream.chats
    assert first["model"] == second["model"] == "qwen-long"
    assert [message["content"] for message in first["messages"]] == [
        "You are a helpful assistant.",
        "fileid://file-fe-1",
        "What is it about?",
    ]
    assert [m["content"] for m in second["messages"] if m["role"] == "system"] == [
        "You are a helpful assistant.",
        "fileid://file-fe-1",
        "fileid://file-fe-1",
    ]
    assert upstream.kept == ["file-fe-1"]


async def test_the_native_endpoint_takes_the_same_messages(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    await page.ask(
        "What is it about?", attachments=[report], options={**TEXT, "protocol": "native"}
    )
    end = await page.until("end")
    assert end["text"] == "It is a lake."
    (sent,) = upstream.requests
    assert sent.path == "/api/v1/services/aigc/text-generation/generation"
    assert sent.headers["x-dashscope-sse"] == "enable"
    assert sent.json["input"]["messages"][1] == {"role": "system", "content": "fileid://file-fe-1"}
    assert sent.json["parameters"]["result_format"] == "message"
    assert (await Round.objects.aget()).path == sent.path


async def test_other_models_are_given_the_text_between_marks(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    report = await bring(alice, 're"port.pdf', making.pdf(["The lake is </document> deep."]))
    await ended(page, "What is it about?", report, model="qwen-plus")
    content = upstream.chats[0]["messages"][0]["content"]
    assert content.startswith('<document name="re\'port.pdf">\n')
    assert content.count("</document>") == 1
    assert content.endswith("</document>\n\nWhat is it about?")
    assert "The lake is" in content


async def test_a_text_is_cut_only_when_the_person_agrees(
    page: Socket, upstream: FilesUpstream, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = await bring(alice, "book.txt", b"word " * 60_000)
    await page.say(
        "send",
        request="r1",
        conversation=None,
        parent=None,
        text="Sum up",
        attachments=[book],
        options={**TEXT, "model": "qwen-max"},
    )
    refusal = await page.until("error")
    assert (refusal["code"], refusal["field"]) == ("invalid", "attachments")
    assert "book.txt" in refusal["message"]
    assert await Message.objects.acount() == 0
    wish = {"as": "text", "shorten": True}
    await ended(page, "Sum up", book, model="qwen-max", deliveries={book: wish})
    content = upstream.chats[0]["messages"][0]["content"]
    assert 50_000 < len(content) < 290_000
    assert "agreed to send only this much" in content


async def test_a_file_that_the_service_refuses_is_named(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    upstream.states = ["failed"]
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    end = await ended(page, "What is it about?", report)
    assert (end["status"], end["error"]["code"]) == ("failed", "file_refused")
    assert (await Message.objects.aget(role="assistant")).error_about == "report.pdf"


async def test_a_file_that_is_still_read_at_chat_time_is_asked_for_again(
    page: Socket, upstream: FilesUpstream, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.generation.turn.PARSING_WAITS_S", (0, 0))
    parsing = {"message": "File parsing in progress, please try again later.", "code": "x"}
    upstream.script(json_reply({"error": parsing}, status=400), Reply(answer("It is a lake.")))
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    end = await ended(page, "What is it about?", report)
    assert (end["status"], end["text"]) == ("complete", "It is a lake.")


async def test_a_file_that_was_deleted_at_the_service_is_uploaded_anew(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    gone = {"message": "File [id:file-fe-1] cannot be found.", "code": "invalid_parameter_error"}
    upstream.script(json_reply({"error": gone}, status=400), Reply(answer("It is a lake.")))
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    end = await ended(page, "What is it about?", report)
    assert (end["status"], end["text"]) == ("complete", "It is a lake.")
    assert upstream.chats[1]["messages"][1]["content"] == "fileid://file-fe-2"


async def test_a_file_that_is_refused_at_the_question_is_named(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    said = "File [id:file-fe-1] exceeds page limits (15000 pages)."
    upstream.script(json_reply({"error": {"message": said, "code": "x"}}, status=400))
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    end = await ended(page, "What is it about?", report)
    assert end["error"]["code"] == "file_refused"
    assert "report.pdf" in end["error"]["message"]


async def test_two_models_share_one_upload(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    models = ["qwen-long", "qwen-doc-turbo"]
    await page.ask("What is it about?", attachments=[report], options={**TEXT, "models": models})
    ends = [await page.until("end"), await page.until("end")]
    assert [end["status"] for end in ends] == ["complete", "complete"]
    assert upstream.kept == ["file-fe-1"]


async def test_a_stopped_upload_can_be_tried_again_at_once(
    page: Socket, upstream: FilesUpstream, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()

    async def slow(*_: Any, **__: Any) -> None:
        await gate.wait()

    client = service.client()
    real = client.upload_file
    monkeypatch.setattr(client, "upload_file", slow)
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    ack = await page.ask("What is it about?", attachments=[report], options=TEXT)
    message = ack["messages"][1]["id"]
    await page.until("delta", lambda event: "Uploading" in event.get("activity", ""))
    await page.say("stop", message=message)
    assert (await page.until("end"))["status"] == "stopped"
    monkeypatch.setattr(client, "upload_file", real)
    await page.say("regenerate", request="again", message=message, options=TEXT)
    assert (await page.until("end"))["status"] == "complete"


@pytest.mark.parametrize(
    "options",
    [
        {"min_pixels": 1},
        {"max_pixels": 99_000_000},
        {"min_pixels": 200_000, "max_pixels": 100_000},
    ],
)
async def test_pixels_out_of_range_are_refused_before_anything_is_stored(
    page: Socket, upstream: FilesUpstream, alice: User, options: dict[str, int]
) -> None:
    picture = await bring(alice, "a.png", PNG)
    await page.say(
        "send",
        request="r",
        conversation=None,
        parent=None,
        text="Look",
        attachments=[picture],
        options={**TEXT, **options},
    )
    assert (await page.until("error"))["code"] == "invalid"
    assert await Message.objects.acount() == 0


async def test_nobody_names_a_file_of_the_service_by_hand(page: Socket) -> None:
    await page.say(
        "send",
        request="r",
        conversation=None,
        parent=None,
        text="Sum up",
        options={**TEXT, "model": "qwen-long", "system": "fileid://file-fe-other"},
    )
    assert (await page.until("error"))["field"] == "options.system"


async def test_stop_ends_an_upload_to_the_service(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    upstream.states = ["processing"]
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    ack = await page.ask("What is it about?", attachments=[report], options=TEXT)
    await page.until("delta", lambda event: "reading" in event.get("activity", ""))
    await page.say("stop", message=ack["messages"][1]["id"])
    assert (await page.until("end"))["status"] == "stopped"
    assert upstream.chats == []


# ---- whose, how many, and their end -----------------------------------------------------------------


async def test_only_ones_own_files_can_be_sent(
    page: Socket, upstream: FilesUpstream, alice: User, bob: User
) -> None:
    his = await bring(bob, "his.png", PNG)
    for ids in ([his], ["x"], ["00000000-0000-4000-8000-000000000000"]):
        await page.say(
            "send",
            request=str(ids),
            conversation=None,
            parent=None,
            text="Look",
            attachments=ids,
            options=TEXT,
        )
        refusal = await page.until("error")
        assert (refusal["code"], refusal["field"]) == ("not_found", "attachments")
    assert await Message.objects.acount() == 0


async def test_what_cannot_reach_the_model_is_refused_with_its_reason(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    picture = await bring(alice, "a.png", PNG)
    await page.say(
        "send",
        request="r1",
        conversation=None,
        parent=None,
        text="Look",
        attachments=[picture],
        options={**TEXT, "model": "qwen-plus"},
    )
    refusal = await page.until("error")
    assert refusal["message"] == "a.png: This model cannot see pictures."


async def test_a_file_alone_is_a_question(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    await ended(page, "", await bring(alice, "a.png", PNG))
    (image,) = upstream.chats[0]["messages"][0]["content"]
    assert image["type"] == "image_url"
    assert (await Conversation.objects.aget()).title == "a.png"


async def test_too_many_files_are_refused(
    page: Socket, upstream: FilesUpstream, alice: User, settings: Any
) -> None:
    settings.LIMITS = limits(settings, attachments_per_message=1)
    ids = [await bring(alice, "a.png", PNG), await bring(alice, "b.png", PNG)]
    await page.say(
        "send", request="r", conversation=None, parent=None, text="", attachments=ids, options=TEXT
    )
    refusal = await page.until("error")
    assert (refusal["code"], refusal["field"]) == ("invalid", "attachments")


async def test_files_go_with_the_conversation_and_at_the_service_too(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    kept = await bring(alice, "a.png", PNG)
    await ended(page, "What is it about?", report)
    conversation = await Conversation.objects.aget()
    await sync_to_async(actions.delete)(conversation)
    assert [str(row.id) async for row in Attachment.objects.all()] == [kept]
    assert await StoredFile.objects.acount() == 1
    assert await delete_unwanted(service.client(), service.account()) == 1
    assert upstream.deleted == ["file-fe-1"]
    assert await UpstreamFile.objects.acount() == 0


async def test_an_answer_can_be_asked_for_again_from_another_model(
    page: Socket, upstream: FilesUpstream, alice: User
) -> None:
    report = await bring(alice, "report.pdf", making.pdf(["The lake is deep."]))
    end = await ended(page, "What is it about?", report)
    await page.say(
        "regenerate",
        request="again",
        message=end["message"],
        options={**TEXT, "model": "qwen-plus"},
    )
    await page.until("end")
    assert "The lake is deep." in upstream.chats[1]["messages"][0]["content"]


async def test_slow_work_on_a_file_holds_nobody_else_up(
    page: Socket, upstream: FilesUpstream, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    loop = asyncio.get_running_loop()

    def slow(*_: Any, **__: Any) -> str:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(20)
        return "data:image/png;base64,AAAA"

    monkeypatch.setattr(pieces.deliver, "image_data_url", slow)
    picture = await bring(alice, "a.png", PNG)
    await page.ask("Look", attachments=[picture], options=TEXT)
    other = await page.ask("Hello", options=TEXT)
    end = await page.until("end")
    assert end["message"] == other["messages"][1]["id"]
    gate.open()
    assert (await page.until("end"))["status"] == "complete"
