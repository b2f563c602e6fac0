"""One answer while it is written: the state, and what each reader has not seen of it yet.

Pure: no I/O, no clock, no tasks. The turn applies the service's events; the runner decides when what has
come is *flushed*, which gives the state a new `seq`; a reader is a `Cursor`, and `since(cursor)` is the
one frame that brings it up to date, however long it was away. So nothing is queued for anybody: a slow
reader's frames are larger and rarer, and memory does not grow with readers.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwenchat.dashscope.events import (
    CodeRun,
    Finished,
    OcrResult,
    ReasoningDelta,
    SearchSources,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    Usage,
)
from qwenchat.markup import Incremental

from .tails import changed_end, units

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from conversations.commands import Format
    from qwenchat.dashscope.events import Event

UNSEEN = -1
# Far below where the renderer shows a text plainly instead of formatting it.
REUSED_CHARACTERS = 100_000
PARAGRAPH = "\n\n"


@dataclass(slots=True)
class Cursor:
    """What one reader has been sent of an answer.

    `cut`: this reader keeps the unfinished block's HTML and takes changes of its end (`drop`).
    """

    format: Format
    cut: bool = False
    seq: int = UNSEEN
    epoch: int = 0
    text: int = 0
    reasoning: int = 0
    blocks: int = 0
    tail: str = ""
    activity: tuple[str, str, int, int] | None = None
    reasoning_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A tool call as its event has it, and since which `seq` it stands so."""

    call: dict[str, Any]
    seq: int


@dataclass(slots=True)
class LiveAnswer:
    """The state of one answer. `epoch` grows when something already shown was taken back."""

    id: UUID
    conversation: UUID
    owner: int
    text: str = ""
    reasoning: str = ""
    seq: int = 0
    flushed: int = 0  # the `seq` of the last flush
    epoch: int = 0
    status: str = "queued"
    waiting_s: int = 0
    # State, file, page and pages, while there is nothing to read yet.
    activity: tuple[str, str, int, int] | None = None
    render_s: float = 0.0  # what the last rendering for readers took; set by whoever has a clock
    is_reasoning: bool = False  # the last thing that came is reasoning
    reasoning_ms: int | None = None  # how long it reasoned before its last pause
    reasoning_since: float | None = None  # the clock, as `reasons_at` was told it
    model: str = ""
    request_id: str = ""
    response_id: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    calls: dict[str, Shown] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    sources_seq: int = 0
    searched: bool = False  # the service counted a search, whether or not it told the sources
    link: Callable[[str, list[dict[str, Any]]], str] | None = None
    _begun: int = 0  # characters of `text` from before the request that is being answered
    _parts: set[str] = field(default_factory=set)  # of what more begins a new paragraph
    _texts: list[str] = field(default_factory=list)
    _reasonings: list[str] = field(default_factory=list)
    _size: int = 0
    _html: Incremental | None = None
    _rendered: int = 0

    def __post_init__(self) -> None:
        self._size = len(self.text) + len(self.reasoning)

    # ---- what the turn does ----

    def apply(self, event: Event) -> None:
        """Folds one event of the service into the state; shown after the next flush."""
        match event:
            case TextDelta(text):
                self._add("text", text, self.text, self._texts)
                self.is_reasoning = False
            case ReasoningDelta(text):
                self._add("reasoning", text, self.reasoning, self._reasonings)
                self.is_reasoning = True
            case Usage():
                self.usage = event
                self.searched = self.searched or event.searches > 0
            case Finished(reason):
                self.finish_reason = reason
                self.is_reasoning = False
            case Started():
                self._begun = len(self.text) + sum(map(len, self._texts))
                self.model, self.request_id, self.response_id = (
                    event.model,
                    event.request_id,
                    event.response_id,
                )
            case TextWasReasoning():
                self._take_back()
            case SearchSources(sources):
                self._take_sources([dataclasses.asdict(source) for source in sources])
            case ToolCallDelta():
                self.is_reasoning = False  # the call itself is kept by whoever asked
            case CodeRun() | OcrResult():
                pass  # kept by whoever asked

    def _add(self, kind: str, text: str, shown: str, coming: list[str]) -> None:
        if not text:
            return
        if kind in self._parts:
            self._parts.discard(kind)
            before = coming[-1] if coming else shown
            if before and not before.endswith(PARAGRAPH):
                text = PARAGRAPH + text
        coming.append(text)
        self._size += len(text)

    def _take_sources(self, sources: list[dict[str, Any]]) -> None:
        """Takes what a search found. Each request of an answer may search, and its marks mean its own pages:
        the last search counts, unless marks of an earlier one are in the text."""
        if self.sources and "[" in self.text + "".join(self._texts):
            return
        self.sources = sources
        self.seq += 1
        self.sources_seq = self.seq
        if self.has_text:
            self.epoch += 1  # blocks that readers have may hold marks, which are links from now on

    def part(self) -> None:
        """What was said and thought until now is done with: more of it begins a new paragraph."""
        self._parts = {"text", "reasoning"}

    def reasons_at(self, now: float) -> None:
        """Counts the time of reasoning and no other, by a clock in seconds: told of it after each event.

        What lies between two stretches of it, such as a call that waits for its person, is not thinking.
        """
        if self.is_reasoning and self.reasoning_since is None:
            self.reasoning_since = now
        elif not self.is_reasoning and self.reasoning_since is not None:
            self.reasoning_ms = self.reasoned_ms(now)
            self.reasoning_since = None

    def reasoned_ms(self, now: float) -> int:
        """How long it has reasoned by now."""
        running_s = 0.0 if self.reasoning_since is None else now - self.reasoning_since
        return (self.reasoning_ms or 0) + round(running_s * 1000)

    def pause(self, now: float) -> None:
        """Nothing more comes of this request."""
        self.is_reasoning = False
        self.reasons_at(now)

    def show_call(self, call: dict[str, Any]) -> None:
        """A tool call as it stands now, in the place of how it stood."""
        self.seq += 1
        self.calls[call["id"]] = Shown(call, self.seq)

    def say(self, state: str, name: str = "", page: int = 0, pages: int = 0) -> None:
        """What is being done before there is more to read; shown after the next flush, "" ends it."""
        self.activity = (state, name, page, pages) if state else None

    def restart(self, text: str) -> None:
        """Takes back what was shown for this text: every reader begins anew."""
        self.flush()
        self._size += len(text) - len(self.text)
        self.text = text
        self._html = None
        self._rendered = 0
        self.epoch += 1

    @property
    def size(self) -> int:
        """Characters of text and reasoning that have come, flushed or not."""
        return self._size

    @property
    def has_text(self) -> bool:
        return bool(self.text or self._texts)

    def has_text_after(self, characters: int) -> bool:
        """Whether there is more text than so much, flushed or not."""
        return len(self.text) > characters or bool(self._texts)

    @property
    def is_dirty(self) -> bool:
        return bool(self._texts or self._reasonings)

    def flush(self) -> None:
        """Makes what has come since the last flush visible, under a new `seq`."""
        if self._texts:
            self.text += "".join(self._texts)
            self._texts.clear()
        if self._reasonings:
            self.reasoning += "".join(self._reasonings)
            self._reasonings.clear()
        self.seq += 1
        self.flushed = self.seq

    def _take_back(self) -> None:
        """What came as text was reasoning: moves it, so that every reader begins anew.

        Only what this request brought: an answer with tools has several, and a continued one had text before.
        """
        self.flush()
        kept, leaked = self.text[: self._begun], self.text[self._begun :]
        if leaked.startswith(PARAGRAPH):
            self._parts.add("text")
        self.reasoning += leaked if self.reasoning else leaked.removeprefix(PARAGRAPH)
        self.text = kept
        self._html = None
        self._rendered = 0
        self.epoch += 1

    # ---- what readers get ----

    def frames(self, cursor: Cursor) -> list[dict[str, Any]]:
        """All that brings this reader up to date, by `seq`: `tool`s and `sources`, then the text."""
        if cursor.seq == UNSEEN or cursor.epoch != self.epoch:
            return [self._snapshot(cursor)]
        seen = cursor.seq
        news: list[dict[str, Any]] = [
            {"type": "tool", "message": str(self.id), "seq": shown.seq, "call": shown.call}
            for shown in self.calls.values()
            if shown.seq > seen
        ]
        if self.sources_seq > seen:
            news.append(
                {
                    "type": "sources",
                    "message": str(self.id),
                    "seq": self.sources_seq,
                    "sources": self.sources,
                }
            )
        text = self.since(cursor)
        if text is not None:
            news.append(text)
        news.sort(key=lambda frame: int(frame["seq"]))
        if news:
            cursor.seq = news[-1]["seq"]
        return news

    def since(self, cursor: Cursor) -> dict[str, Any] | None:
        """The frame that brings this reader up to date; None when it is. Moves the cursor.

        The first frame of a reader is a `snapshot`, the others are `delta`s.
        """
        if cursor.seq == UNSEEN or cursor.epoch != self.epoch:
            return self._snapshot(cursor)
        if cursor.seq >= self.flushed:
            return None
        frame: dict[str, Any] = {"type": "delta", "message": str(self.id), "seq": self.flushed}
        self._add_news(frame, cursor)
        cursor.seq = self.flushed
        return frame

    @property
    def was_rendered(self) -> bool:
        """Whether anybody has read it as HTML."""
        return self._html is not None

    def whole_html(self) -> str | None:
        """The whole answer's HTML, where what was rendered for readers is that to the letter.

        None when nobody reads it as HTML, or when the end changed what stands above it (a definition that
        came last): then the whole has to be rendered anew.
        """
        rendered = self._html
        if rendered is None or len(self.text) > REUSED_CHARACTERS:
            return None
        self._catch_up(rendered)
        if not (rendered.exact and rendered.settled):
            return None
        return "\n".join([*rendered.blocks, *([rendered.tail] if rendered.tail else [])])

    def _snapshot(self, cursor: Cursor) -> dict[str, Any]:
        cursor.epoch = self.epoch
        cursor.text = cursor.reasoning = cursor.blocks = 0
        cursor.tail = ""
        cursor.seq = self.seq
        frame: dict[str, Any] = {
            "type": "snapshot",
            "message": str(self.id),
            "seq": self.seq,
            "status": self.status,
            "reasoning": "",
            "calls": [shown.call for shown in self.calls.values()],
            "sources": self.sources,
        }
        frame |= {"text": ""} if cursor.format == "text" else {"blocks": [], "tail": ""}
        whole = Cursor(cursor.format)
        self._add_news(frame, whole)
        cursor.text, cursor.reasoning = whole.text, whole.reasoning
        cursor.blocks, cursor.tail = whole.blocks, whole.tail
        cursor.activity, cursor.reasoning_ms = whole.activity, whole.reasoning_ms
        return frame

    def _add_news(self, frame: dict[str, Any], cursor: Cursor) -> None:
        if cursor.reasoning < len(self.reasoning):
            frame["reasoning"] = self.reasoning[cursor.reasoning :]
            cursor.reasoning = len(self.reasoning)
        if self.is_reasoning:
            frame["thinking"] = True
        elif self.reasoning_ms != cursor.reasoning_ms:
            frame["reasoning_ms"] = cursor.reasoning_ms = self.reasoning_ms
        if self.waiting_s:
            frame["waiting"] = self.waiting_s
        if self.activity != cursor.activity:
            frame["activity"] = self.activity
            cursor.activity = self.activity
        if cursor.text == len(self.text):
            return
        if cursor.format == "text":
            frame["text"] = self.text[cursor.text :]
        else:
            self._add_html(frame, cursor)
        cursor.text = len(self.text)

    def _add_html(self, frame: dict[str, Any], cursor: Cursor) -> None:
        """Rendered once for all readers: the renderer is fed when the first of them asks."""
        if self._html is None:
            self._html = Incremental()
        self._catch_up(self._html)
        blocks, tail = self._html.blocks, self.linked(self._html.tail)
        if cursor.blocks < len(blocks):
            frame["blocks"] = [self.linked(block) for block in blocks[cursor.blocks :]]
            cursor.blocks = len(blocks)
            frame["tail"] = tail
        elif tail != cursor.tail:
            drop = changed_end(cursor.tail, tail) if cursor.cut else None
            if drop is None:
                frame["tail"] = tail
            else:
                frame["drop"] = units(cursor.tail[len(cursor.tail) - drop :])
                frame["tail"] = tail[len(cursor.tail) - drop :]
        cursor.tail = tail

    def linked(self, html: str) -> str:
        """With its citation marks as links, once there are sources; in the language of whoever asks."""
        return self.link(html, self.sources) if self.link is not None and self.sources else html

    def _catch_up(self, rendered: Incremental) -> None:
        if self._rendered < len(self.text):
            rendered.append(self.text[self._rendered :])
            self._rendered = len(self.text)
