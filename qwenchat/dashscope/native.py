"""The answers of the service's own protocol, from bytes to the same events as `compatible`.

    id:1
    event:result
    :HTTP_STATUS/200
    data:{"output":{"choices":[{"message":{"content":"Hel","role":"assistant"},
          "finish_reason":"null"}]},"usage":{"input_tokens":9,"output_tokens":1},"request_id":"r-1"}

Each frame is read as the chunk that the compatible protocol would have sent; what that has no
words for comes first: where a search looked, which programs ran, and what a task of OCR found.
There is no [DONE]: the stream just ends. While the model runs `finish_reason` is the word "null",
and `usage` has grown in each frame (Source: dashscope-api §5.1, §6.2, §8.2, §9).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .coderuns import CodeRuns
from .compatible import Reader
from .events import OcrResult, OcrWord, SearchSources, Source
from .growing import Growing
from .texts import clean, text_of

if TYPE_CHECKING:
    from .events import Event

# A search gives a handful; a page of text has hundreds of lines.
_MOST_SOURCES = 100
# Of a source's address, which is nothing when it is cut, and of its words: every page is sent them.
_ADDRESS_CHARACTERS = 4000
_WORDS_CHARACTERS = 500
_MOST_WORDS = 20_000
_DEEPEST_FIELD = 8
_NOT_YET = (None, "", "null")
# The service's word for a site without a name.
_NO_SITE = "无"


class NativeReader(Reader):
    """Reads one native answer, streamed or whole. `incremental` says that frames were asked to hold
    only what is new, by a model that listens to that."""

    def __init__(self, *, model: str, incremental: bool, **options: Any) -> None:
        super().__init__(**options)
        self._model = model
        self._incremental = incremental
        self._growing: dict[str, Growing] = {}
        self._has_sources = False
        self._ocr: OcrResult | None = None
        self._runs = CodeRuns()

    def _read_chunk(
        self, chunk: dict[str, Any], events: list[Event], *, may_be_broken: bool
    ) -> bool:
        output, usage = chunk.get("output"), chunk.get("usage")
        if not isinstance(output, dict):
            if not isinstance(usage, dict):
                return False
            output = {}
        compatible = {
            "model": self._model,
            "request_id": chunk.get("request_id"),
            "usage": usage,
        }
        self._begin(compatible, events)
        choices = _choices_of(output)
        self._read_sources(output.get("search_info"), events)
        self._runs.count(usage)
        events += self._runs.news(output.get("tool_info"))
        for choice in choices:
            message = _message_of(choice)
            events += self._runs.news(message.get("tool_info"))
            self._read_ocr(message.get("content"), events)
            if choice.get("finish_reason") not in _NOT_YET:
                events += self._runs.untold()
        compatible["choices"] = [self._with_news(choice) for choice in choices]
        return super()._read_chunk(compatible, events, may_be_broken=may_be_broken)

    def _with_news(self, choice: dict[str, Any]) -> dict[str, Any]:
        """Give a choice whose texts are only what is new."""
        message = _message_of(choice)
        news = {
            "content": self._news("content", text_of(message.get("content"))),
            "reasoning_content": self._news("reasoning", text_of(message.get("reasoning_content"))),
        }
        calls = message.get("tool_calls")
        return {
            "index": choice.get("index"),
            "finish_reason": choice.get("finish_reason"),
            "message": news | {"tool_calls": self._calls_with_news(calls)},
        }

    def _calls_with_news(self, calls: object) -> list[dict[str, Any]]:
        if not isinstance(calls, list):
            return []
        found = []
        for place, call in enumerate(calls):
            if not isinstance(call, dict):
                continue
            function = call.get("function")
            function = function if isinstance(function, dict) else {}
            number = call.get("index")
            if type(number) is not int and not self._incremental:
                # What repeats all calls has each of them at its place.
                number = place
            arguments = function.get("arguments")
            if isinstance(arguments, str):
                arguments = self._news(f"call {number}", arguments)
            found.append(call | {"index": number, "function": function | {"arguments": arguments}})
        return found

    def _news(self, name: str, text: str) -> str:
        growing = self._growing.get(name)
        if growing is None:
            if not text:
                return text
            growing = self._growing[name] = Growing(incremental=self._incremental)
        return growing.news(text)

    def _read_sources(self, info: object, events: list[Event]) -> None:
        """Read where the search looked; frames after the first repeat it or have an empty list."""
        if self._has_sources or not isinstance(info, dict):
            return
        results = info.get("search_results")
        if isinstance(results, list):
            sources = _numbered(results[:_MOST_SOURCES])
            if sources:
                self._has_sources = True
                events.append(SearchSources(sources))

    def _read_ocr(self, content: object, events: list[Event]) -> None:
        for part in content if isinstance(content, list) else ():
            result = part.get("ocr_result") if isinstance(part, dict) else None
            if isinstance(result, dict):
                found = _ocr_of(result)
                if found != self._ocr and (found.words or found.fields is not None):
                    self._ocr = found
                    events.append(found)


def _choices_of(output: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the choices; with `result_format` "text" the answer stands beside them."""
    choices = output.get("choices")
    if isinstance(choices, list):
        return [choice for choice in choices if isinstance(choice, dict)]
    if isinstance(output.get("text"), str):
        message = {"content": output["text"], "reasoning_content": output.get("reasoning_content")}
        return [{"finish_reason": output.get("finish_reason"), "message": message}]
    return []


def _message_of(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    return message if isinstance(message, dict) else {}


def _numbered(results: list[Any]) -> tuple[Source, ...]:
    """Give the sources, each number once: of two with the same one, a mark could mean either."""
    found: dict[int, Source] = {}
    for place, result in enumerate(results, 1):
        source = _source_of(result, place)
        if source is not None:
            found.setdefault(source.index, source)
    return tuple(found.values())


def _source_of(result: object, place: int) -> Source | None:
    """Give a source; None for one that is no page of the web: the address will be a link. Without a
    number it has that of its place, as the service counts."""
    if not isinstance(result, dict):
        return None
    index, url = result.get("index"), result.get("url")
    index = place if index is None else index
    if type(index) is not int or not isinstance(url, str):
        return None
    url = clean(url).strip()
    if not url.lower().startswith(("https://", "http://")) or len(url) > _ADDRESS_CHARACTERS:
        return None
    title, site = (
        clean(text_of(result.get(name))).strip()[:_WORDS_CHARACTERS]
        for name in ("title", "site_name")
    )
    return Source(index, title, url, "" if site == _NO_SITE else site)


def _ocr_of(result: dict[str, Any]) -> OcrResult:
    infos, fields = result.get("words_info"), result.get("kv_result")
    words = tuple(
        OcrWord(
            clean(info["text"]),
            tuple(round(number) for number in _numbers(info.get("location"), 8)),
            _numbers(info.get("rotate_rect"), 5),
        )
        for info in (infos[:_MOST_WORDS] if isinstance(infos, list) else ())
        if isinstance(info, dict) and isinstance(info.get("text"), str)
    )
    return OcrResult(words, _cleaned(fields) if isinstance(fields, dict) else None)


def _numbers(values: object, count: int) -> tuple[float, ...]:
    """Give so many numbers, () for anything else."""
    if not isinstance(values, list) or len(values) != count:
        return ()
    if any(type(value) not in (int, float) or not math.isfinite(value) for value in values):
        return ()
    return tuple(float(value) for value in values)


def _cleaned(value: Any, depth: int = 0) -> Any:
    """Give JSON whose texts are fit to store and show, cut off where it is absurdly deep."""
    if isinstance(value, str):
        return clean(value)
    if depth > _DEEPEST_FIELD:
        return None
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner, depth + 1) for inner in value]
    return value
