"""What of a request is not there yet when it is planned: bytes to read, frames to take, files to upload.

A question with attachments is first a list of pieces; `fill` makes it what is sent. That may take seconds,
so nothing of it is done in the transaction that begins an answer, and all of it can be cancelled.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connections

from attachments import deliver, plans, sampling, upstream
from attachments.decoding.unusable import Unusable
from attachments.limits import limits
from attachments.models import Kind
from qwenchat.dashscope import payloads
from qwenchat.dashscope.errors import FileRefusedError
from qwenchat.refusals import NotFound, Refusal

from . import service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attachments.models import Attachment
    from attachments.plans import Plan
    from attachments.wishes import Wish
    from qwenchat.dashscope import Model

Part = dict[str, Any]
# Where work on files waits for its workers, so that it never takes the threads that answers need.
threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="delivery")


class Tell(Protocol):
    """Hears what is being done with which file: "uploading", "parsing", "ready", "preparing"."""

    def __call__(self, state: str, name: str) -> None: ...


class FileProblem(Exception):
    """A file does not reach the model: `code` says why, in the words of `problems`, and `name` which."""

    retry_after: float | None = None
    request_id = ""

    def __init__(self, code: str, name: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.name = name


async def of_file(work: Callable[[], Any], attachment: Attachment) -> Any:
    """`in_thread`, for one file: what is wrong with it is said with its name."""
    try:
        return await in_thread(work)
    except Refusal as refusal:
        raise FileProblem("file_unreadable", attachment.name, refusal.message) from refusal
    except (Unusable, NotFound, OSError) as error:
        raise FileProblem("file_unreadable", attachment.name, str(error)) from error


async def in_thread(work: Callable[[], Any]) -> Any:
    """Runs work that reads files and rows on a thread of its own kind."""

    def whole() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(threads, whole)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, at most as large as the model looks at."""

    attachment: Attachment
    max_pixels: int
    wish: Wish
    pixels: tuple[int | None, int | None] = (None, None)

    async def fill(self, tell: Tell) -> list[Part]:
        wish = self.wish
        work = partial(
            deliver.image_data_url,
            self.attachment,
            self.max_pixels,
            turn=wish.turn,
            box=wish.box or None,
        )
        return [self.part(await of_file(work, self.attachment))]

    def part(self, url: str) -> Part:
        least, most = self.pixels
        return payloads.image_part(url, min_pixels=least, max_pixels=most)


@dataclass(frozen=True, slots=True)
class Frames:
    """A video as its frames."""

    attachment: Attachment
    times: tuple[int, ...]

    async def fill(self, tell: Tell) -> list[Part]:
        tell("preparing", self.attachment.name)
        work = partial(deliver.frame_data_urls, self.attachment, self.times)
        urls = await of_file(work, self.attachment)
        return [payloads.frames_part(urls, fps=sampling.rate_fps(list(self.times)))]


@dataclass(frozen=True, slots=True)
class Video:
    """A whole video."""

    attachment: Attachment
    fps: float | None = None

    async def fill(self, tell: Tell) -> list[Part]:
        url = await of_file(partial(deliver.video_data_url, self.attachment), self.attachment)
        return [payloads.video_part(url, fps=self.fps)]


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of a PDF as pictures."""

    attachment: Attachment
    numbers: tuple[int, ...]

    async def fill(self, tell: Tell) -> list[Part]:
        tell("preparing", self.attachment.name)
        work = partial(deliver.page_data_urls, self.attachment, self.numbers)
        urls = await of_file(work, self.attachment)
        return [payloads.image_part(url) for url in urls]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the text that was extracted from it; `most_tokens` where the person let it be cut.

    The text stands between marks, so that the model can tell it from what the person says.
    """

    attachment: Attachment
    most_tokens: int | None = None

    async def fill(self, tell: Tell) -> list[Part]:
        text = await of_file(partial(deliver.text_of, self.attachment), self.attachment)
        return [payloads.text_part(self.marked(self.cut(text)))]

    def cut(self, text: str) -> str:
        tokens = plans.text_tokens(self.attachment)
        if self.most_tokens is None or tokens <= self.most_tokens:
            return text
        kept = int(len(text) * self.most_tokens / tokens)
        return f"{text[:kept]}\n[The document goes on; the person agreed to send only this much.]"

    def marked(self, text: str) -> str:
        name = self.attachment.name.replace('"', "'")
        inside = text.replace("</document>", "</ document>")  # what it says must not end it
        return f'<document name="{name}">\n{inside}\n</document>'


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A document as a file at the service, uploaded there now or before."""

    attachment: Attachment

    async def fill(self, tell: Tell) -> str:
        """The file's id there. Raises `FileProblem` when the service does not read it, or not yet."""
        name = self.attachment.name
        try:
            return await upstream.upload_to_service(
                service.client(),
                self.attachment,
                service.account(),
                report=lambda state: tell(state, name),
            )
        except (upstream.StillReading, TimeoutError) as error:
            raise FileProblem("file_still_reading", name) from error
        except (upstream.Refused, FileRefusedError) as error:
            raise FileProblem("file_refused", name, str(error)) from error


@dataclass(frozen=True, slots=True)
class Note:
    """In words, that something was shown here which this model is not shown."""

    text: str

    async def fill(self, tell: Tell) -> list[Part]:
        return [payloads.text_part(self.text)]


Piece = Picture | Frames | Video | Pages | Document | Note


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what was added to it: videos and documents, then the words, then pictures, as the
    service's own samples have them. `files` go into a system message before it."""

    text: str
    pieces: tuple[Piece, ...]
    files: tuple[ServiceFile, ...] = ()

    async def fill(self, tell: Tell) -> list[dict[str, Any]]:
        ids = await asyncio.gather(*(file.fill(tell) for file in self.files))
        filled = [(piece, await piece.fill(tell)) for piece in self.pieces]
        before = [part for piece, parts in filled for part in parts if is_before(piece)]
        after = [part for piece, parts in filled for part in parts if not is_before(piece)]
        words = [payloads.text_part(self.text)] if self.text.strip() else []
        return [*payloads.file_messages(ids), payloads.user(joined([*before, *words, *after]))]


def is_before(piece: Piece) -> bool:
    return not isinstance(piece, Picture | Pages)


def joined(parts: Sequence[Part]) -> str | list[Part]:
    """The content of a message: models that only read want a text, so parts that are all words become one."""
    if all(part["type"] == "text" for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return list(parts)


def piece_for(attachment: Attachment, plan: Plan, wish: Wish, model: Model) -> Piece | ServiceFile:
    """The piece for a way that can be gone."""
    match plan.way:
        case "frames":
            return Frames(attachment, tuple(plans.times_of(attachment, wish, model=model)))
        case "video":
            return Video(attachment, wish.fps)
        case "file":
            return ServiceFile(attachment)
        case "text":
            return Document(attachment, plan.limit if plan.shortened else None)
        case "image" if attachment.kind == Kind.DOCUMENT:
            return Pages(attachment, tuple(plans.pages_of(attachment, wish)))
    pixels = plans.pixels_of(model, wish)
    vision = model.vision
    looked_at = pixels[1] or (vision.default_max_pixels if vision else limits().page_pixels)
    return Picture(attachment, looked_at, wish, pixels)


def note_for(attachment: Attachment, why: str) -> Note:
    kind = {"image": "picture", "video": "video"}.get(attachment.kind, "document")
    return Note(f"[Here the person attached the {kind} “{attachment.name}”, {why}.]")


def needs_work(messages: Sequence[dict[str, Any] | Question]) -> bool:
    return any(isinstance(message, Question) for message in messages)


def questions(messages: Sequence[dict[str, Any] | Question]) -> list[Question]:
    return [message for message in messages if isinstance(message, Question)]


async def name_of(messages: Sequence[dict[str, Any] | Question], file_id: str | None) -> str:
    """The name of a file by its id at the service; of the last one where the service does not say which."""
    files = [file.attachment for question in questions(messages) for file in question.files]
    known = await upstream.in_thread(upstream.ids_of)(
        [attachment.file_id for attachment in files], service.account()
    )
    named = [each for each in files if file_id and known.get(each.file_id) == file_id]
    return (named or files)[-1].name if files else ""


async def forget(messages: Sequence[dict[str, Any] | Question]) -> None:
    """After the service said that it does not know a file: all are uploaded again."""
    for question in questions(messages):
        for file in question.files:
            await upstream.forget_copy(file.attachment, service.account())


async def fill(messages: Sequence[dict[str, Any] | Question], tell: Tell) -> list[dict[str, Any]]:
    """The request's messages as they are sent."""
    filled: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, Question):
            filled += await message.fill(tell)
        else:
            filled.append(message)
    return filled
