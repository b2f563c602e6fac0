"""A frozen branch as its page shows it: values with every word ready, in the reader's language.

An answer's HTML goes through today's allow-list each time, so that an old copy is no harbour for what was
found to be harmful since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from conversations import (
    citations,
    presenting,
    showing_files,
    showing_sources,
    structured,
    toolshow,
)
from qwenchat.markup.sanitise import clean

from .frozen import shared_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.safestring import SafeString

    from attachments.models import Kind
    from conversations.showing_sources import ShownSource
    from conversations.structured import ShownStructure
    from conversations.toolshow import ShownCall

    from .frozen import (
        End,
        Frozen,
        FrozenAnswer,
        FrozenCall,
        FrozenFile,
        FrozenQuestion,
        FrozenStructure,
    )


@dataclass(frozen=True, slots=True)
class SharedFile:
    """`preview` and `whole` are addresses, "" where there is nothing behind them."""

    name: str
    icon: str
    preview: str
    whole: str


@dataclass(frozen=True, slots=True)
class SharedThinking:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """One article of the page. `number` is its place, in ids and marks."""

    number: int
    is_question: bool
    heading: str
    text: str = ""
    files: tuple[SharedFile, ...] = ()
    html: SafeString = mark_safe("")  # noqa: RUF009 -- a text, never changed
    thinking: SharedThinking | None = None
    calls: tuple[ShownCall, ...] = ()
    sources: tuple[ShownSource, ...] = ()
    searched: str = ""
    structure: ShownStructure | None = None
    note: str = ""


def articles(frozen: Frozen, token: str) -> list[SharedMessage]:
    """The articles of a copy, in the current language."""
    numbers = iter(range(1, len(shared_files(frozen)) + 1))
    return [
        shown_question(message, number, token, numbers)
        if message["role"] == "user"
        else shown_answer(message, number)
        for number, message in enumerate(frozen["messages"], 1)
    ]


def models_of(frozen: Frozen) -> list[str]:
    """The models that answered, each once, in order."""
    answered = [m["model"] for m in frozen["messages"] if m["role"] == "assistant"]
    return list(dict.fromkeys(filter(None, answered)))


def shown_question(
    message: FrozenQuestion, number: int, token: str, numbers: Iterator[int]
) -> SharedMessage:
    return SharedMessage(
        number=number,
        is_question=True,
        heading=_("Question"),
        text=message["text"],
        files=tuple(shown_file(file, token, numbers) for file in message["files"]),
    )


def shown_file(file: FrozenFile, token: str, numbers: Iterator[int]) -> SharedFile:
    icon = showing_files.ICONS.get(cast("Kind", file["kind"]), "file")
    if "id" not in file:
        return SharedFile(file["name"], icon, "", "")
    place = [token, next(numbers)]
    whole = reverse("share_file", args=place) if file.get("whole") else ""
    return SharedFile(file["name"], icon, reverse("share_preview", args=place), whole)


def shown_answer(message: FrozenAnswer, number: int) -> SharedMessage:
    place = str(number)
    sources = showing_sources.shown_sources(message["sources"])
    html = citations.linked(clean(message["html"]), place, sources)
    reasoning = message.get("reasoning", "")
    return SharedMessage(
        number=number,
        is_question=False,
        heading=message["model"],
        html=mark_safe(html),  # noqa: S308 -- cleaned above
        thinking=SharedThinking(presenting.thought_for(message.get("reasoning_ms")), reasoning)
        if reasoning
        else None,
        calls=tuple(shown_call(call, place) for call in message["calls"]),
        sources=sources,
        searched=showing_sources.sentence(message["searched"], len(sources)),
        structure=shown_structure(message["structure"]),
        note=note_of(message["end"]),
    )


def shown_call(kept: FrozenCall, place: str) -> ShownCall:
    """The call as far as it is shared: what it got is left out by the person, not by the model."""
    found = toolshow.shown_call(kept, place, read_only=True, whole=True, over=True)
    if "arguments" in kept:
        return found
    note = "" if kept.get("by_service") else found.note
    return replace(found, arguments="", preview="", note=note)


def shown_structure(kept: FrozenStructure | None) -> ShownStructure | None:
    """The tree, with the verdict of then: whether it fitted a schema that is not here."""
    if kept is None:
        return None
    found = structured.shown(kept["text"], {"type": kept["kind"]})
    if found is None or found.root is None:
        return found
    verdict = structured.verdict(kept["kind"], fits=kept["fits"])
    tone, icon = ("ok", "check") if kept["fits"] else ("warn", "alert")
    return replace(found, sentence=verdict, tone=tone, icon=icon, problems=())


def note_of(end: End) -> str:
    match end:
        case "stopped":
            return _("This answer was stopped.")
        case "interrupted":
            return _("This answer was interrupted.")
        case "length":
            return _("The answer reached its longest length.")
        case "failed":
            return _("No answer came.")
    return ""
