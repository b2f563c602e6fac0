"""What answers say about pictures, videos and documents: only what was really found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.sandbox.documents import matching
from qwenchat.sandbox.seeing.seen import Clip, Frames, Picture
from qwenchat.sandbox.writing.attached_words import CHINESE, ENGLISH
from qwenchat.sandbox.writing.voice import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.documents import Document
    from qwenchat.sandbox.seeing.seen import Colours, Seen, Size
    from qwenchat.sandbox.writing.attached_words import Words
    from qwenchat.sandbox.writing.received import Received

QUOTED_DOCUMENTS = 5  # more are only counted
FIRST_CHARACTERS = 160
LISTED_FRAMES = 24


def about(received: Received, *, chinese: bool) -> list[str]:
    """A paragraph for each thing attached, in order; [] when there is nothing."""
    words = CHINESE if chinese else ENGLISH
    paragraphs = [
        _seen(item, number, words) for number, item in enumerate(_visible(received.seen), 1)
    ]
    for document in received.documents[:QUOTED_DOCUMENTS]:
        paragraphs.append(_document(document, words))
        paragraphs += _matches(document, received.question, words)
    if len(received.documents) > QUOTED_DOCUMENTS:
        paragraphs.append(words.more_documents.format(count=len(received.documents)))
    return paragraphs


def _visible(seen: Sequence[Seen]) -> list[Picture | Frames | Clip]:
    return [item for item in seen if isinstance(item, Picture | Frames | Clip)]


def _seen(item: Picture | Frames | Clip, number: int, words: Words) -> str:
    match item:
        case Picture():
            told = words.picture.format(
                number=number,
                format=item.format,
                size=_size(item.size),
                bytes=f"{len(item.data):,}",
                scaled=_size(item.scaled),
                tokens=f"{item.tokens:,}",
                colours=_colours(item.colours, words),
            )
        case Frames():
            told = words.frames.format(
                number=number,
                count=item.count,
                size=_size(item.size),
                scaled=_size(item.scaled),
                tokens=f"{item.tokens:,}",
                course=_course(item.colours, item.changes, words),
            )
        case Clip():
            told = words.clip.format(
                number=number,
                format=item.format.upper(),
                codec=item.codec,
                duration=f"{item.duration_s:.1f}",
                size=_size(item.size),
                rate=f"{item.rate:.4g}",
                count=item.looked_at,
                scaled=_size(item.scaled),
                tokens=f"{item.tokens:,}",
                course=_course(item.colours, item.changes, words),
            )
            if item.has_sound:
                told += words.sound
    return told + _options(item, words)


def _options(item: Picture | Frames | Clip, words: Words) -> str:
    given: dict[str, float | None] = {
        "min_pixels": item.min_pixels,
        "max_pixels": item.max_pixels,
        "fps": None if isinstance(item, Picture) else item.fps,
    }
    told = [f"`{name}` {value:.12g}" for name, value in given.items() if value is not None]
    return words.options.format(options=", ".join(told)) if told else ""


def _course(colours: Sequence[Colours], changes: Sequence[bool], words: Words) -> str:
    """How a video goes: the colours of its frames in order, and how often they change."""
    listed = [f"{at}. {_colours(names, words)}" for at, names in enumerate(colours, 1)]
    if len(listed) > LISTED_FRAMES:
        half = LISTED_FRAMES // 2
        listed = [*listed[:half], "…", *listed[-half:]]
    told = words.course.format(
        first=_colours(colours[0], words),
        last=_colours(colours[-1], words),
        listed="; ".join(listed),
    )
    count = sum(changes)
    if not count:
        return told + words.still
    return told + (words.changes_once if count == 1 else words.changes.format(count=count))


def _document(document: Document, words: Words) -> str:
    start = " ".join(document.text[: FIRST_CHARACTERS * 2].split())
    told = words.document.format(
        name=excerpt(document.name),
        words=f"{document.words:,}",
        characters=f"{document.characters:,}",
        tokens=f"{document.tokens:,}",
    )
    if document.pages is not None:
        told += words.page if document.pages == 1 else words.pages.format(count=document.pages)
    return told + words.begins.format(start=excerpt(start, FIRST_CHARACTERS))


def _matches(document: Document, question: str, words: Words) -> list[str]:
    found = matching.best(document.text, question)
    if not found:
        return [words.no_match]
    return [
        words.match,
        *(f"> {excerpt(sentence, matching.LONGEST_SENTENCE)}" for sentence in found),
    ]


def _size(size: Size) -> str:
    return f"{size[0]} × {size[1]}"


def _colours(names: Colours, words: Words) -> str:
    return words.joined.join(words.colours[name] for name in names)
