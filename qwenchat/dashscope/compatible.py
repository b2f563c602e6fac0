"""The answers of `POST /chat/completions`, from bytes to typed events, without any input or output.

    data: {"choices":[{"delta":{"content":"","role":"assistant"}}],"model":"qwen-plus","id":"c-3b"}

    data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":null,"index":0}],"usage":null}

    data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"stop","index":0}],"usage":null}

    data: {"choices":[],"usage":{"prompt_tokens":22,"completion_tokens":2,"total_tokens":24}}

    data: [DONE]

gives Started("qwen-plus", "c-3b", ""), TextDelta("Hel"), TextDelta("lo"), Finished("stop") and
Usage(22, 2, 24, 0, 0).

Lenient about what we don't use and strict about what we do (Source: dashscope-api §3 and §13, and
the servers listed in the tests): an event that is no JSON object of the expected shape is skipped
and counted; a whole JSON answer instead of a stream is read as one; what a `Reader` cannot read at
all it reports in `failure`, after the events that came before.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from .errors import CutError, DashScopeError, ProtocolError, UnavailableError
from .events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    Usage,
)
from .fragments import Calls
from .masking import masked
from .refusals import error_from_payload, is_refusal
from .sse import DONE, MAX_EVENT_BYTES, Decoder, SSEvent, TooLongError
from .texts import TextJoiner, clean, text_of
from .thinktags import Kind, ThinkTags
from .usage import usage_of


class Reader:
    """Reads one answer, streamed or whole.

    `feed` and `close` give events and never raise; look at `failure` after each. `finished` tells
    that the model ended by itself, `done` that nothing more of the answer comes.
    """

    def __init__(
        self,
        *,
        request_id: str = "",
        dialect: str = "dashscope",
        key: str = "",
        cumulative: bool = False,
        partial_response: bool = False,
    ) -> None:
        self.failure: DashScopeError | None = None
        self.finished = False
        self.done = False
        self.skipped = 0
        self.request_id = request_id
        self._dialect = dialect
        self._key = key
        self._cumulative = cumulative
        self._partial_response = partial_response
        self._decoder = Decoder()
        self._whole: bytearray | None = None  # a JSON answer instead of a stream
        self._opening = bytearray()
        self._opened = False
        self._started = False
        self._has_output = False
        self._usage: Usage | None = None
        self._given_usage: Usage | None = None
        self._text = TextJoiner()
        self._reasoning = TextJoiner()
        self._tags = ThinkTags()
        self._so_far = ""  # of a cumulative stream
        self._calls = Calls()

    def feed(self, chunk: bytes) -> list[Event]:
        """Give the events that `chunk` completes."""
        if self.failure or self.done:
            return []
        if not self._opened:
            chunk = self._open(chunk)
        if self._whole is not None:
            self._whole += chunk
            if len(self._whole) > MAX_EVENT_BYTES:
                self._fail(ProtocolError(f"the answer is longer than {MAX_EVENT_BYTES} bytes"))
            return []
        events: list[Event] = []
        if chunk and not self.failure:
            try:
                for event in self._decoder.feed(chunk):
                    self._read(event, events)
            except TooLongError as error:
                self._fail(ProtocolError(str(error)))
        return events

    @property
    def is_whole(self) -> bool:
        """Tell that a JSON answer is coming instead of a stream: bytes are progress, events come
        only at the end."""
        return self._whole is not None

    @property
    def has_begun(self) -> bool:
        """Tell that a part of the answer has come."""
        return self._started or self._whole is not None

    def close(self) -> list[Event]:
        """Give what the end of the body completes. Without a reason to finish, `failure` is a
        CutError."""
        events: list[Event] = []
        if not self.failure and not self.done:
            if self._whole is not None:
                self._read_whole(bytes(self._whole), events)
            else:
                for event in self._decoder.close():
                    self._read(event, events)
        self._flush(events)
        if not self.failure and not self.finished:
            self._fail(self._verdict())
        self.done = True
        return events

    def break_off(self) -> list[Event]:
        """Give what was held back when the connection broke; nothing more is read."""
        events: list[Event] = []
        self._flush(events)
        self.done = True
        return events

    def _open(self, chunk: bytes) -> bytes:
        """Look at the first character: a stream, a whole JSON answer, or a page meant for
        people."""
        self._opening += chunk
        begun = bytes(self._opening).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not begun or b"\xef\xbb\xbf".startswith(begun):
            if len(self._opening) > MAX_EVENT_BYTES:
                self._fail(ProtocolError("the answer is empty"))
            return b""
        self._opened = True
        opening, self._opening = bytes(self._opening), bytearray()
        if begun.startswith(b"{"):
            self._whole = bytearray()
            return begun
        if begun.startswith(b"<"):
            self._fail(ProtocolError("a page came instead of an answer"))
        return opening

    def _fail(self, error: DashScopeError) -> None:
        error.request_id = error.request_id or self.request_id
        self.failure = error

    def _verdict(self) -> DashScopeError:
        if self._started:
            return CutError("the stream ended before the answer did")
        if self.skipped:
            return ProtocolError(f"none of {self.skipped} events could be read")
        return ProtocolError("the answer is empty" if not self._opened else "no event came")

    def _read(self, event: SSEvent, events: list[Event]) -> None:
        data = event.data
        if self.done or self.failure:
            return
        if not data.startswith(b"{") and data.strip() == DONE:
            self._end_said(events)
            return
        payload, may_be_broken = _parsed(data)
        if event.event == "error" or (event.status or 200) >= 400:
            self._fail(self._refusal(payload, event))
        elif not isinstance(payload, dict):
            self.skipped += 1
        elif is_refusal(payload):
            self._fail(self._refusal(payload, event))
        elif not self._read_chunk(payload, events, may_be_broken=may_be_broken):
            self.skipped += 1

    def _end_said(self, events: list[Event]) -> None:
        """End at [DONE]. A server that says so after some output, but never gave a reason, has
        finished all the same."""
        self._flush_texts(events)
        if not self.finished and self._has_output:
            self.finished = True
            events.append(Finished("tool_calls" if self._calls else "stop"))
        self._give_usage(events)
        self.done = True
        if not self.finished:
            self._fail(self._verdict())

    def _refusal(self, payload: Any, event: SSEvent) -> DashScopeError:
        if isinstance(payload, dict):
            return error_from_payload(
                payload, status=event.status, dialect=self._dialect, key=self._key
            )
        text = masked(event.data.decode("utf-8", "replace"), self._key)
        return UnavailableError(f"the stream reported an error: {text}", status=event.status)

    def _read_whole(self, body: bytes, events: list[Event]) -> None:
        payload, may_be_broken = _parsed(body)
        if not isinstance(payload, dict):
            self._fail(ProtocolError("the answer is no valid JSON"))
        elif is_refusal(payload):
            self._fail(error_from_payload(payload, dialect=self._dialect, key=self._key))
        elif not self._read_chunk(payload, events, may_be_broken=may_be_broken):
            self._fail(ProtocolError("the answer is JSON of an unknown shape"))

    def _read_chunk(
        self, chunk: dict[str, Any], events: list[Event], *, may_be_broken: bool
    ) -> bool:
        """Read one chunk or one whole answer; False when it has none of the parts we know."""
        choices = chunk.get("choices")
        if not isinstance(choices, list) and not isinstance(chunk.get("usage"), dict):
            return False
        self._begin(chunk, events)
        if usage := usage_of(chunk.get("usage")):
            self._usage = usage
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                self._read_choice(choice, events, may_be_broken=may_be_broken)
        if not choices and self._usage is not None:
            self._give_usage(events)
        return True

    def _begin(self, chunk: dict[str, Any], events: list[Event]) -> None:
        if not self._started:
            self._started = True
            self.request_id = self.request_id or clean(_string(chunk.get("request_id")))
            model, response_id = clean(_string(chunk.get("model"))), clean(_string(chunk.get("id")))
            events.append(Started(model, response_id, self.request_id))

    def _read_choice(
        self, choice: dict[str, Any], events: list[Event], *, may_be_broken: bool
    ) -> None:
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = choice.get("message")
        if isinstance(delta, dict):
            self._read_delta(delta, events, may_be_broken=may_be_broken)
        reason = choice.get("finish_reason")
        # The native protocol's "not yet" is the word "null"; translation models say "stop" twice.
        if reason and isinstance(reason, str) and reason != "null" and not self.finished:
            self._flush_texts(events)
            self.finished = True
            if self._partial_response and reason == "stop":
                # The service's time limit cut the answer (Source: dashscope-api §3.1): it can be
                # continued like any cut one.
                reason = "length"
            events.append(Finished(clean(reason)))

    def _read_delta(
        self, delta: dict[str, Any], events: list[Event], *, may_be_broken: bool
    ) -> None:
        # Newer vLLM and some gateways say "reasoning"; those that send both send the same.
        reasoning = _string(delta.get("reasoning_content") or delta.get("reasoning"))
        if text := self._reasoning.feed(reasoning, may_be_broken=may_be_broken):
            self._has_output = True
            events.append(ReasoningDelta(text))
        if text := text_of(delta.get("content")):
            self._has_output = True
            if self._cumulative:
                text = self._news_in(text)
            self._give_text(self._text.feed(text, may_be_broken=may_be_broken), events)
        if refusal := _string(delta.get("refusal")):
            self._give_text(self._text.feed(refusal, may_be_broken=may_be_broken), events)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                self._read_call(call, events, may_be_broken=may_be_broken)

    def _read_call(self, call: dict[str, Any], events: list[Event], *, may_be_broken: bool) -> None:
        function = call.get("function")
        if not isinstance(function, dict):
            function = {}
        call_id, name = clean(_string(call.get("id"))), clean(_string(function.get("name")))
        place = self._calls.place_of(call.get("index"), call_id, name)
        if place is None:
            self.skipped += 1
            return
        self._has_output = True
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        text = self._calls.add(place, _string(arguments), may_be_broken=may_be_broken)
        events.append(ToolCallDelta(place, call_id, name, text))

    def _give_text(self, text: str, events: list[Event]) -> None:
        for kind, piece in self._tags.feed(text):
            events.append(_event_of(kind, piece))

    def _news_in(self, text: str) -> str:
        """Give what is new in a text that repeats all that came before it."""
        before, self._so_far = self._so_far, text
        return text[len(before) :] if text.startswith(before) else text

    def _flush_texts(self, events: list[Event]) -> None:
        if text := self._reasoning.close():
            events.append(ReasoningDelta(text))
        if text := self._text.close():
            self._give_text(text, events)
        for kind, piece in self._tags.close():
            events.append(_event_of(kind, piece))
        for index, text in self._calls.close():
            events.append(ToolCallDelta(index, "", "", text))

    def _flush(self, events: list[Event]) -> None:
        self._flush_texts(events)
        self._give_usage(events)

    def _give_usage(self, events: list[Event]) -> None:
        if self._usage is not None and self._usage != self._given_usage:
            self._given_usage = self._usage
            events.append(self._usage)


def _event_of(kind: Kind, text: str) -> Event:
    if kind is Kind.TEXT:
        return TextDelta(text)
    return ReasoningDelta(text) if kind is Kind.REASONING else TextWasReasoning()


def _parsed(data: bytes) -> tuple[Any, bool]:
    """Parse one event; the second value says that its strings may hold half characters."""
    try:
        return orjson.loads(data), False
    except orjson.JSONDecodeError:
        pass
    try:
        # orjson refuses lone surrogates and invalid UTF-8, both of which models produce at token
        # borders.
        return json.loads(data.decode("utf-8", "replace")), True
    except (ValueError, RecursionError):
        return None, False


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
