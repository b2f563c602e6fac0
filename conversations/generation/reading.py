"""OCR: an answer that is read page by page, each by a request of its own.

A picture is one page, a PDF has many. What is read is stored page by page (`Recognition`), and the answer's
text follows from these rows alone: so an answer that was cut goes on with the page that is missing, and one
page can be read again without the others.
"""

from __future__ import annotations

import re
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings

from attachments import deliver, plans
from attachments.models import Kind
from conversations import pieces, routing, service, tables
from conversations.database import in_database
from conversations.models import Message, MessageAttachment, Recognition
from qwenchat.dashscope import payloads
from qwenchat.dashscope.errors import ContentFilteredError, InvalidRequestError
from qwenchat.dashscope.events import OcrResult, ReasoningDelta, TextDelta

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from attachments.models import Attachment
    from attachments.wishes import Wish
    from conversations.options import Options
    from qwenchat.dashscope.errors import DashScopeError
    from qwenchat.dashscope.events import Event

    from .asking import Asking
    from .live import LiveAnswer
    from .store import Begun

# As the service's own sample asks; a question's words take its place.
PROMPT = "Read all the text in the image."
# Texts as they stand in the picture are shown as they stand, not taken for Markdown.
PLAIN = ("text_recognition", "multi_lan", "advanced_recognition")
FENCE = "~~~~~~"
FENCED = re.compile(r"\A\s*```[\w-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the job: the `number`-th of its file, `position`-th of all (from 0)."""

    position: int
    attachment: Attachment
    wish: Wish
    number: int
    total: int
    done: Recognition | None = None

    @property
    def is_read(self) -> bool:
        return self.done is not None


def pages_for(id_: UUID, options: Options) -> list[Page]:
    """All pages of the answer's question in order, with what has been read of them.

    For an answer that reads some pages of another again, the rest is taken from there now.
    """
    answer = Message.objects.get(id=id_)
    rows = MessageAttachment.objects.filter(message__replies=answer)
    rows = rows.select_related("attachment__file")
    found: list[tuple[Attachment, Wish, int]] = []
    for row in rows:
        wish = options.wish_for(row)
        brought = routing.Brought(row.attachment, wish, is_stored=True)
        if not routing.plan_for(brought, answer.model, options).is_possible:
            continue
        numbers = [1] if row.attachment.kind == Kind.IMAGE else plans.pages_of(row.attachment, wish)
        found += [(row.attachment, wish, number) for number in numbers]
    done = read_already(answer, options)
    return [
        Page(position, attachment, wish, number, len(found), done.get(position))
        for position, (attachment, wish, number) in enumerate(found)
    ]


def read_already(answer: Message, options: Options) -> dict[int, Recognition]:
    done = {row.position: row for row in answer.recognitions.all()}
    if options.again_of and not done:
        again = set(options.again_pages)
        kept = Recognition.objects.filter(message_id=options.again_of)
        copies = [row for row in kept if row.position + 1 not in again]
        for row in copies:
            row.pk, row.message_id = None, answer.id
        done = {row.position: row for row in Recognition.objects.bulk_create(copies)}
    return done


# ---- the answer's text ------------------------------------------------------------------------------


def text_of(pages: Iterable[Page]) -> str:
    """The Markdown of what has been read, up to the first page that has not."""
    sections: list[str] = []
    for page in pages:
        if page.done is None:
            break
        sections.append(section(page, markdown(page.done)))
    return "".join(sections)


def section(page: Page, body: str) -> str:
    return f"{heading(page)}{body}\n\n"


def heading(page: Page) -> str:
    """Only where there are several pages, and in no language: a name and a number."""
    if page.total == 1:
        return ""
    name = re.sub(r"([\\`*_\[\]<>#~])", r"\\\1", page.attachment.name)
    is_one_of_many = (page.attachment.pages or 1) > 1
    return f"### {name} · {page.number}\n\n" if is_one_of_many else f"### {name}\n\n"


def markdown(row: Recognition) -> str:
    """What was read on a page, in the form that fits its task."""
    if row.error_code:
        return "—"
    text = inside(row.text)
    match row.task:
        case "advanced_recognition":
            return plain("\n".join(word["text"] for word in row.words) or text)
        case "text_recognition" | "multi_lan":
            return plain(text)
        case "key_information_extraction" if row.fields:
            return fields_table(row.fields)
        case "table_parsing":
            return tables.table_markdown(row.text)
        case "document_parsing":
            return f"```latex\n{text}\n```"
        case "formula_recognition":
            return f"$$\n{text.strip().strip('$').strip()}\n$$"
    return row.text.strip()


def inside(text: str) -> str:
    found = FENCED.match(text)
    return found[1] if found else text.strip()


def plain(text: str) -> str:
    return f"{FENCE}text\n{text.replace(FENCE, '~' * 3)}\n{FENCE}"


def fields_table(found: dict[str, Any]) -> str:
    rows = [("", "")]

    def walk(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, (*path, str(name)))
        elif isinstance(value, list):
            for number, inner in enumerate(value, 1):
                walk(inner, (*path, str(number)))
        else:
            said = "" if value is None or value == "null" else str(value)
            rows.append((" · ".join(path), said))

    walk(found, ())
    return tables.as_markdown(tables.Table(tuple(rows), heads=1))


# ---- reading ----------------------------------------------------------------------------------------


async def run(begun: Begun, asking: Asking) -> None:
    """Reads the pages that are missing, one after the other. Raises what the client raises.

    A page that the service refuses is marked and the next one read, unless it is the only one.
    """
    live, number = asking.live, begun.round
    pages = await in_database(pages_for)(live.id, begun.options)
    done: list[Page] = []
    settle(live, "")
    failure: DashScopeError | None = None
    for page in pages:
        if not page.is_read:
            asking.tell("reading", page.attachment.name, page.position + 1, page.total)
            try:
                row = await read(page, number, begun, asking)
            except (InvalidRequestError, ContentFilteredError) as error:
                if page.total == 1:
                    raise
                failure = error
                row = Recognition(task=begun.options.ocr_task or "", error_code=error.code)
                await asking.end(error)
            page = replace(page, done=await in_database(keep)(live.id, page, row))
            number += 1
        done.append(page)
        settle(live, text_of(done))
        asking.changed()
    asking.tell("", "")
    if failure is not None and all(page.done and page.done.error_code for page in done):
        raise failure
    live.finish_reason = "stop"


def settle(live: LiveAnswer, text: str) -> None:
    """Makes the live text this one: by adding to it where that is possible, else anew."""
    live.flush()
    if text.startswith(live.text):
        live.apply(TextDelta(text[len(live.text) :]))
    else:
        live.restart(text)


async def read(page: Page, number: int, begun: Begun, asking: Asking) -> Recognition:
    """One page by one request; its words are shown as they come where they are shown as they are."""
    live, task = asking.live, begun.options.ocr_task
    began = time.monotonic()
    picture = await look_at(page, begun.model, begun.options)
    body, native = request(begun, page, picture)
    await asking.begin(number, body, native=native)
    texts: list[str] = []
    found: OcrResult | None = None
    is_shown = task in (None, "text_recognition", "multi_lan")
    if is_shown and (start := opening(page, begun.options)):
        live.apply(TextDelta(start))
    async with aclosing(asking.stream(body, native=native)) as events_read:
        async for events in events_read:
            texts += [event.text for event in events if isinstance(event, TextDelta)]
            for event in events:
                if isinstance(event, OcrResult):
                    found = event
            if asking.fold([event for event in events if is_shown or not is_words(event)]):
                asking.changed()
    await asking.end(None)
    return Recognition(  # type: ignore[misc]  # a column of our own, that the plugin takes for text
        task=task or "",
        text="".join(texts),
        words=[word_json(word) for word in found.words] if found else [],
        fields=found.fields if found else None,
        width=picture.width,
        height=picture.height,
        total_ms=round((time.monotonic() - began) * 1000),
    )


def is_words(event: Event) -> bool:
    return isinstance(event, TextDelta | ReasoningDelta)


def opening(page: Page, options: Options) -> str:
    return heading(page) + (f"{FENCE}text\n" if options.ocr_task in PLAIN else "")


def word_json(word: Any) -> dict[str, Any]:
    return {
        "text": word.text,
        "location": list(word.location),
        "rotate_rect": list(word.rotate_rect),
    }


async def look_at(page: Page, model: str, options: Options) -> deliver.Sent:
    """The page as a picture, at most as large as the model looks at."""
    if page.attachment.kind == Kind.DOCUMENT:
        work = partial(deliver.page_pictures, page.attachment, [page.number])
        return (await pieces.of_file(work, page.attachment))[0]  # type: ignore[no-any-return]
    vision = routing.row_for(model).vision
    most = options.max_pixels or (
        vision.default_max_pixels if vision else settings.LIMITS.page_pixels
    )
    wish = page.wish
    turned = partial(deliver.picture, page.attachment, most, turn=wish.turn, box=wish.box or None)
    return await pieces.of_file(turned, page.attachment)  # type: ignore[no-any-return]


def request(begun: Begun, page: Page, picture: deliver.Sent) -> tuple[dict[str, Any], bool]:
    """The body for a page, and whether it is a native one."""
    options = begun.options
    pixels: dict[str, Any] = {"min_pixels": options.min_pixels, "max_pixels": options.max_pixels}
    if options.ocr_task is not None:
        body = payloads.native_ocr(
            begun.model,
            picture.url,
            task=options.ocr_task,  # type: ignore[arg-type]
            schema=options.ocr_schema,
            **pixels,
        )
        return body, True
    prompt = begun.question or PROMPT
    if service.dialect() == "dashscope":
        body = payloads.ocr(
            begun.model, picture.url, prompt=prompt, stream=True, include_usage=True, **pixels
        )
        if options.protocol == "native":
            return payloads.native(body), True
        return body, False
    parts = [payloads.image_part(picture.url, **pixels), payloads.text_part(prompt)]
    body = payloads.chat(
        begun.model,
        [payloads.user(parts)],
        stream=True,
        include_usage=True,
        dialect="openai",
    )
    return body, False


def keep(answer: Any, page: Page, row: Recognition) -> Recognition:
    """Stores what was read; what stood there before was read less well."""
    row.message_id, row.attachment = answer, page.attachment
    row.position, row.page = page.position, page.number
    Recognition.objects.filter(message_id=answer, position=page.position).delete()
    row.save()
    return row
