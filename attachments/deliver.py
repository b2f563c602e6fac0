"""The bytes that a model gets: data URLs of pictures, frames and pages, and the text of documents.

Which way is gone is decided in `plans`. Everything here may wait for a worker process and reads whole
pieces: call it from a thread.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenchat.refusals import NotFound

from . import pipeline, refusals, storing
from .limits import for_decoding, limits
from .models import DerivedFile, Kind, Made
from .plans import DATA_URL_BYTES
from .workers import MEGABYTE, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .models import Attachment


def data_url(content_type: str, data: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(data).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture as it is sent: a data URL, and its size in pixels."""

    url: str
    width: int
    height: int


def image_data_url(
    attachment: Attachment, max_pixels: int, *, turn: int = 0, box: Sequence[float] | None = None
) -> str:
    """`picture` as a data URL."""
    return picture(attachment, max_pixels, turn=turn, box=box).url


def picture(
    attachment: Attachment, max_pixels: int, *, turn: int = 0, box: Sequence[float] | None = None
) -> Sent:
    """The picture on white, at most so many pixels and 7 MB; `turn` and `box` as in `images.resize`.

    The sized copy is kept, since every later turn of the conversation sends it again; a turned or cut one
    is not.
    """
    must_be(attachment, Kind.IMAGE)
    file = attachment.file
    is_plain = not turn and box is None
    kept = pipeline.derived(file, Made.SIZED, max_pixels) if is_plain else None
    if kept is None:
        with storing.local(file.path) as source:
            order = Job(
                task="resize",
                source=source,
                limits=for_decoding(),
                arguments={
                    "max_pixels": max_pixels,
                    "max_bytes": DATA_URL_BYTES,
                    "turn": turn,
                    "box": list(box) if box is not None else None,
                },
            )
            if not is_plain:
                with pipeline.looked(order) as found:
                    piece = found.facts["derived"][0]
                    url = data_url(piece["content_type"], (found.folder / "sized").read_bytes())
                    return Sent(url, piece["width"], piece["height"])
            kept = pipeline.make(file, order, number=max_pixels)[0]
    return sent(kept)


def sent(made: DerivedFile) -> Sent:
    return Sent(
        data_url(made.content_type, storing.read(made.path)), made.width or 0, made.height or 0
    )


def frames(attachment: Attachment, times: Sequence[int]) -> list[DerivedFile]:
    """The frames at these times, in order; those that are missing are made first, all in one job."""
    must_be(attachment, Kind.VIDEO)
    return pieces(
        attachment,
        Made.FRAME,
        times,
        lambda missing: Asked(
            "frames",
            {"format_id": pipeline.stored_format(attachment.file), "times_ms": missing},
            cpu_s=60,
            memory_mb=1024,
        ),
    )


def frame_data_urls(attachment: Attachment, times: Sequence[int]) -> list[str]:
    """The frames at these times as data URLs, in order."""
    return [
        data_url(item.content_type, storing.read(item.path)) for item in frames(attachment, times)
    ]


def video_data_url(attachment: Attachment) -> str:
    """The whole video, without its metadata; `Refusal` when it is too large for that."""
    must_be(attachment, Kind.VIDEO)
    file = attachment.file
    if file.stored_size > DATA_URL_BYTES:
        raise refusals.because("too_large", limit=DATA_URL_BYTES // 1_048_576)
    return data_url(file.content_type, storing.read(file.path))


def text_of(attachment: Attachment) -> str:
    """The whole text; "" when the file has none."""
    must_be(attachment, Kind.DOCUMENT)
    made = pipeline.derived(attachment.file, Made.TEXT)
    return storing.read(made.path).decode("utf-8") if made else ""


def page_images(attachment: Attachment, pages: Sequence[int]) -> list[DerivedFile]:
    """Pages of a PDF as JPEGs, by number from 1, in order; made when first asked for."""
    must_be(attachment, Kind.DOCUMENT)
    return pieces(
        attachment,
        Made.PAGE,
        pages,
        lambda missing: Asked(
            "pages",
            {"pages": missing, "max_pixels": limits().page_pixels},
            cpu_s=10 + 2 * len(missing),
        ),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A job for pieces that are missing."""

    task: str
    arguments: dict[str, object]
    cpu_s: int
    memory_mb: int = 512


def pieces(
    attachment: Attachment,
    kind: Made,
    numbers: Sequence[int],
    asked: Callable[[list[int]], Asked],
) -> list[DerivedFile]:
    """What was made of a file under these numbers, in order; what is missing is made by one job."""
    file = attachment.file
    wanted = sorted(set(numbers))
    there = {item.number: item for item in file.derived.filter(kind=kind, number__in=wanted)}
    missing = [number for number in wanted if number not in there]
    if missing:
        job = asked(missing)
        with storing.local(file.path) as source:
            order = Job(
                task=job.task,
                source=source,
                limits=for_decoding(),
                arguments=job.arguments,
                cpu_s=job.cpu_s,
                memory_bytes=job.memory_mb * MEGABYTE,
            )
            there |= {item.number: item for item in pipeline.make(file, order)}
    return [there[number] for number in wanted if number in there]


def page_pictures(attachment: Attachment, pages: Sequence[int]) -> list[Sent]:
    return [sent(item) for item in page_images(attachment, pages)]


def page_data_urls(attachment: Attachment, pages: Sequence[int]) -> list[str]:
    return [picture.url for picture in page_pictures(attachment, pages)]


def must_be(attachment: Attachment, kind: Kind) -> None:
    if attachment.kind != kind:
        raise NotFound
    if not attachment.is_ready:
        raise refusals.being_prepared()
