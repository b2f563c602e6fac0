"""What a streamed answer consists of: small values, in the order in which the model service said
them.

A stream is `Started`, then deltas, then `Finished`, then usually `Usage`. Joining all `TextDelta`s
gives the answer and joining all `ReasoningDelta`s the chain of thought, with one exception that
`TextWasReasoning` explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Started:
    """The first event: which model answers, and the ids that the service's support asks for."""

    model: str
    response_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of the chain of thought."""

    text: str


@dataclass(frozen=True, slots=True)
class TextWasReasoning:
    """Every `TextDelta` of this stream so far was chain of thought; move it there.

    Some models close a chain of thought with a lone `</think>` that they never opened, so that it
    arrives as the answer. A stream cannot know before that line comes, and what was given cannot be
    taken back, only renamed (see `thinktags`). Comes at most once in a stream.
    """


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of the tool call `index`: the first non-empty id and name hold, arguments are
    joined."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What was counted, in tokens; `total_tokens` is 0 where the service left it out. The last one
    of a stream holds. `searches` of the web, 0 where none were counted: the compatible protocol
    counts none, whether it searched or not."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    searches: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The model ended by itself: "stop", "length", "tool_calls", "content_filter", or a word we do
    not know."""

    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a search found. `index` is the number that citations in the text name, `[1]` or
    `[ref_1]`; `site` is "" where the service does not know it."""

    index: int
    title: str
    url: str
    site: str


@dataclass(frozen=True, slots=True)
class SearchSources:
    """What the answer was searched in; comes at most once, and only from the native protocol."""

    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class CodeRun:
    """A program that the service itself ran for the model, counted from 0; the last one of an
    `index` holds. `code` is "" where the service counted a run and did not tell its code. Only from
    the native protocol; what the program gave back is told by neither."""

    index: int
    code: str


@dataclass(frozen=True, slots=True)
class OcrWord:
    """A line of text and where it stands in the picture, in its own pixels.

    `location` is x1, y1 … x4, y4 clockwise from the top left; `rotate_rect` is the middle's x and
    y, width, height, and angle (-90 to 90). Either is () where the service does not say.
    """

    text: str
    location: tuple[int, ...]
    rotate_rect: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What a task of OCR found, beside the text; the last one of a stream holds. `fields` is None
    where none were asked for; one that is not in the picture has the text "null"."""

    words: tuple[OcrWord, ...]
    fields: dict[str, Any] | None


Event = (
    Started
    | TextDelta
    | ReasoningDelta
    | TextWasReasoning
    | ToolCallDelta
    | SearchSources
    | CodeRun
    | OcrResult
    | Usage
    | Finished
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole tool call; `arguments` is JSON text as the model wrote it, `"{}"` where it wrote
    none."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, asked for without streaming (or folded from a stream)."""

    text: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: Usage | None
    model: str
    response_id: str
    request_id: str
    sources: tuple[Source, ...] = ()
    runs: tuple[CodeRun, ...] = ()
    ocr: OcrResult | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A row of the endpoint's own list of models; `context_window` in tokens, `None` where it does
    not say."""

    id: str
    context_window: int | None
