"""What people attached, as a question shows it: values with every word ready for the template.

Pure: rows in, values out; whoever calls has fetched `attached` with `attachment__file`. The pages that an
OCR answer read are in `recognised`; here is only what its article says of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attachments import pipeline
from attachments.formats import FORMATS, extension_of
from attachments.models import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from attachments.models import Attachment

    from .models import MessageAttachment, Recognition

STRIP_FRAMES = 32  # of more, so many are shown, spread over all of them
ICONS = {Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.DOCUMENT: "file"}
# Which colour a document's icon has; `files` in css/messages.css.
TONES = {"pdf": "pdf", "docx": "word", "xlsx": "sheet", "csv": "sheet", "pptx": "slides"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that the model saw: its address, and its time as an alternative text."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class ShownAttachment:
    """One attachment of a question. `facts` and `delivery` are sentences, `chip` is JSON for editing.

    `trouble` says why there is nothing to show; it is "" for a file that is ready.
    """

    id: UUID
    kind: str
    name: str
    facts: str
    url: str
    thumbnail_url: str | None
    width: int | None
    height: int | None
    duration: str
    delivery: str
    icon: str
    tone: str
    is_ready: bool
    trouble: str
    strip: tuple[Frame, ...]
    has_text: bool
    text_url: str
    is_playable: bool
    chip: str

    @property
    def is_image(self) -> bool:
        return self.kind == Kind.IMAGE

    @property
    def is_video(self) -> bool:
        return self.kind == Kind.VIDEO

    @property
    def meta(self) -> str:
        """What stands under the name."""
        if self.is_video:
            return " · ".join(filter(None, [self.duration, self.delivery]))
        return " · ".join(filter(None, [self.facts, self.delivery]))


@dataclass(frozen=True, slots=True)
class ShownRecognition:
    """What the article of an OCR answer says: how many pages were read, and what did it in what time."""

    total: int
    done: int
    failed: int
    words: str
    badge: str


def recognition_of(
    pages: Iterable[Recognition], *, total: int | None = None, badge: str = ""
) -> ShownRecognition | None:
    """Of an answer's pages; None when it read none. `total` is what was asked for, while it still runs.

    Only `error_code` of each page is looked at: the rest may be deferred.
    """
    read = list(pages)
    if not read:
        return None
    failed = sum(bool(page.error_code) for page in read)
    done, all_of_them = len(read) - failed, max(len(read), total or 0)
    if done == all_of_them:
        words = ngettext("%(count)d page read", "%(count)d pages read", done) % {"count": done}
    else:
        sentence = _("%(done)d of %(total)d pages read")
        words = sentence % {"done": done, "total": all_of_them}
    return ShownRecognition(all_of_them, done, failed, words, badge)


def attachments_of(attached: Iterable[MessageAttachment]) -> tuple[ShownAttachment, ...]:
    """The attachments of one question, in their order."""
    return tuple(shown(one.attachment, one.delivery or {}) for one in attached)


def shown(attachment: Attachment, delivery: dict[str, Any]) -> ShownAttachment:
    is_ready = attachment.is_ready
    return ShownAttachment(
        id=attachment.id,
        kind=attachment.kind,
        name=attachment.name,
        facts=facts_of(attachment),
        url=attachment.get_absolute_url(),
        thumbnail_url=attachment.thumbnail_url,
        width=attachment.width,
        height=attachment.height,
        duration=clock(attachment.duration) if attachment.duration else "",
        delivery=delivery_of(delivery),
        icon=ICONS.get(Kind(attachment.kind), "file"),
        tone=TONES.get(attachment.file.format, ""),
        is_ready=is_ready,
        trouble="" if is_ready else trouble_of(attachment),
        strip=strip_of(attachment, delivery) if is_ready else (),
        has_text=is_ready and attachment.kind == Kind.DOCUMENT and attachment.file.has_text,
        text_url=reverse("attachment_text", args=[attachment.id]),
        is_playable=is_ready and attachment.file.is_inline,
        chip=chip_of(attachment, delivery),
    )


def trouble_of(attachment: Attachment) -> str:
    trouble = attachment.error
    return trouble.message if trouble else _("This file is still being prepared.")


def facts_of(attachment: Attachment) -> str:
    """`PDF · 12 pages · 1.4 MB`, `JPEG · 4000 × 3000 · 3.1 MB`."""
    parts = [title_of(attachment)]
    if attachment.kind == Kind.IMAGE and attachment.width and attachment.height:
        parts.append(f"{attachment.width} × {attachment.height}")
    if attachment.kind == Kind.VIDEO and attachment.duration:
        parts.append(clock(attachment.duration))
    if attachment.pages:
        parts.append(pages_words(attachment.pages))
    parts.append(filesizeformat(attachment.size))
    return " · ".join(parts)


def title_of(attachment: Attachment) -> str:
    """The format as people call it; plain texts by their ending."""
    format_ = FORMATS.get(attachment.file.format)
    if format_ is None or format_.id in ("text", "code"):
        return extension_of(attachment.name).upper() or _("Text")
    return format_.title


def pages_words(pages: int) -> str:
    return ngettext("%(count)d page", "%(count)d pages", pages) % {"count": pages}


def clock(duration_s: float) -> str:
    """`0:18`, `1:02:03`."""
    whole = max(1, round(duration_s))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def moment(at_ms: int) -> str:
    """`0:07.7`"""
    minutes, rest = divmod(at_ms, 60_000)
    return f"{minutes}:{rest / 1000:04.1f}"


def delivery_of(delivery: dict[str, Any]) -> str:
    """How it reached the model, as a phrase; "" where nothing needs to be said."""
    match delivery.get("as"):
        case "frames":
            count = len(times_in(delivery)) or delivery.get("count")
            if not isinstance(count, int):
                return _("frames read")
            return ngettext("%(count)d frame read", "%(count)d frames read", count) % {
                "count": count
            }
        case "video":
            return _("whole video read")
        case "file":
            return _("as native file")
        case "text":
            return _("as text, shortened") if delivery.get("shorten") else _("as text")
        case "ocr":
            pages = delivery.get("pages")
            if not isinstance(pages, list) or not pages:
                return _("read by OCR")
            sentence = ngettext(
                "%(count)d page read by OCR", "%(count)d pages read by OCR", len(pages)
            )
            return sentence % {"count": len(pages)}
        case "image":
            words = [
                _("cropped") if delivery.get("box") else "",
                _("turned") if delivery.get("turn") else "",
                _("in high resolution") if delivery.get("high") else "",
            ]
            return ", ".join(filter(None, words))
        case _:
            return ""


def times_in(delivery: dict[str, Any]) -> list[int]:
    times = delivery.get("times")
    if not isinstance(times, list):
        return []
    return [at for at in times if isinstance(at, int) and at >= 0]


def strip_of(attachment: Attachment, delivery: dict[str, Any]) -> tuple[Frame, ...]:
    """The frames that the model read; those of the file's own strip where it read no frames."""
    if attachment.kind != Kind.VIDEO:
        return ()
    times = times_in(delivery) or pipeline.strip_times(attachment.file)
    return tuple(Frame(frame_url(attachment, at), moment(at)) for at in spread(times))


def spread(times: Sequence[int]) -> list[int]:
    if len(times) <= STRIP_FRAMES:
        return list(times)
    step = (len(times) - 1) / (STRIP_FRAMES - 1)
    return [times[round(index * step)] for index in range(STRIP_FRAMES)]


def frame_url(attachment: Attachment, at_ms: int) -> str:
    """The frame at a time: of a sampling with one frame, whose middle is that time."""
    start, end = max(at_ms - 1, 0) / 1000, (at_ms + 1) / 1000 if at_ms else 0.0005
    address = reverse("attachment_frame", args=[attachment.id, 0])
    return f"{address}?count=1&start={start:.4f}&end={end:.4f}"


def chip_of(attachment: Attachment, delivery: dict[str, Any]) -> str:
    """What the composer needs to show it again when the question is edited."""
    whole = attachment.as_json()
    chip = {name: value for name, value in whole.items() if name != "details"}
    return json.dumps({**chip, "delivery": delivery}, ensure_ascii=False, separators=(",", ":"))
