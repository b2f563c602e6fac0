"""From the events of an answer to the whole of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import (
    CodeRun,
    Completion,
    Event,
    Finished,
    OcrResult,
    ReasoningDelta,
    SearchSources,
    Source,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCall,
    ToolCallDelta,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Folder:
    """Folds events into one Completion."""

    def __init__(self) -> None:
        self._started = Started("", "", "")
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, list[ToolCallDelta]] = {}
        self._usage: Usage | None = None
        self._reason = ""
        self._sources: tuple[Source, ...] = ()
        self._runs: dict[int, CodeRun] = {}
        self._ocr: OcrResult | None = None

    def add(self, events: list[Event]) -> None:
        """Take in what a Reader gave."""
        for event in events:
            match event:
                case Started():
                    self._started = event
                case TextDelta(text):
                    self._text.append(text)
                case ReasoningDelta(text):
                    self._reasoning.append(text)
                case TextWasReasoning():
                    self._reasoning += self._text
                    self._text = []
                case ToolCallDelta():
                    self._calls.setdefault(event.index, []).append(event)
                case SearchSources(sources):
                    self._sources = sources
                case CodeRun():
                    self._runs[event.index] = event
                case OcrResult():
                    self._ocr = event
                case Usage():
                    self._usage = event
                case Finished(reason):
                    self._reason = reason

    def completion(self) -> Completion:
        """Give what was folded so far."""
        calls = (joined(fragments) for _, fragments in sorted(self._calls.items()))
        return Completion(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            tool_calls=tuple(ToolCall(c.id, c.name, c.arguments or "{}") for c in calls),
            finish_reason=self._reason,
            usage=self._usage,
            model=self._started.model,
            response_id=self._started.response_id,
            request_id=self._started.request_id,
            sources=self._sources,
            runs=tuple(run for _, run in sorted(self._runs.items())),
            ocr=self._ocr,
        )


def joined(fragments: Sequence[ToolCallDelta]) -> ToolCall:
    """Give the call of one index: id and name are set once, for they may be repeated, empty or missing
    later."""
    return ToolCall(
        next((each.id for each in fragments if each.id), ""),
        next((each.name for each in fragments if each.name), ""),
        "".join(each.arguments for each in fragments),
    )
