"""Answers of the native protocol: one JSON document, or frames of an event stream.

    id:1
    event:result
    :HTTP_STATUS/200
    data:{"output":{"choices":[{"message":{"content":"Hel","role":"assistant"},
          "finish_reason":"null"}]},"usage":{...},"request_id":"..."}

There is no space after a colon and no `[DONE]`; `finish_reason` is the string "null" until the
end; each frame has the usage so far. Frames hold what is new with `incremental_output`, and the
whole text so far without. Source: the service's notes, "Native DashScope protocol".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwenchat.sandbox import rules
from qwenchat.sandbox.exchange import JSON
from qwenchat.sandbox.interpreting import Run
from qwenchat.sandbox.native import asking, errors
from qwenchat.sandbox.refusals import ALGO, invalid
from qwenchat.sandbox.stream import Fragment

if TYPE_CHECKING:
    from qwenchat.sandbox.generation import Generation, Usage
    from qwenchat.sandbox.refusals import Failure
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.stream import Piece

_INCREMENTAL_BY_DEFAULT = ("qwen3", "qwq", "qvq")


class Native:
    def __init__(self, request_id: str, path: str, *, streams: bool) -> None:
        self._request_id = request_id
        self._path = path
        self._streams = streams
        self._multimodal = f"/{asking.MULTIMODAL}/" in path
        self._as_text = False
        self._incremental = True
        self._thinking = False
        self._frames = 0
        self._sent_tokens = 0
        self._usage: Usage | None = None
        self._sources: dict[str, Any] | None = None
        self._runs: list[dict[str, Any]] = []
        self._so_far: dict[str, Any] = {"reasoning": "", "content": "", "calls": []}

    def read(self, body: dict[str, Any]) -> ChatRequest:
        fields = asking.compatible_fields(body, self._path, streams=self._streams)
        request = rules.read_chat(fields, native=body.get("parameters") or {})
        parameters: dict[str, Any] = body.get("parameters") or {}
        self._thinking = request.thinking
        self._read_format(parameters, request)
        self._read_increments(parameters, request)
        return request

    def _read_format(self, parameters: dict[str, Any], request: ChatRequest) -> None:
        asked = parameters.get("result_format")
        if asked not in (None, "text", "message"):
            raise invalid(f"{asked} is not one of ['text', 'message'] - 'result_format'")
        if self._multimodal:
            return
        needs_message = request.thinking or bool(request.offer.tools)
        if asked == "text" and needs_message:
            raise invalid(ALGO + 'result_format must be "message" with tools or enable_thinking')
        self._as_text = asked != "message" and not needs_message

    def _read_increments(self, parameters: dict[str, Any], request: ChatRequest) -> None:
        asked = parameters.get("incremental_output")
        if asked is not None and not isinstance(asked, bool):
            raise invalid(f"{asked!r} is not of type 'boolean' - 'incremental_output'")
        if asked is False and request.thinking and self._streams:
            raise invalid(
                'parameter.incremental_output must be "true" when enable_thinking is true'
            )
        by_default = request.thinking or request.model.id.startswith(_INCREMENTAL_BY_DEFAULT)
        self._incremental = by_default if asked is None else asked

    def first(self, generation: Generation) -> bytes:
        self._usage = generation.usage
        if generation.sources:
            self._sources = _search_info(generation)
            if generation.prepends_sources:
                return self._frame(self._output({}, "null"))
        return b""

    def piece(self, piece: Piece) -> bytes:
        if isinstance(piece, Run):
            self._runs.append(piece.as_json())
            return self._frame(self._output({}, "null"))
        self._sent_tokens += 1
        if isinstance(piece, Fragment):
            return self._frame(self._output({"calls": [piece.entry]}, "null"))
        kind, text = piece
        field = "reasoning" if kind == "thinking" else "content"
        return self._frame(self._output({field: text}, "null"))

    def last(self, generation: Generation, finish_reason: str | None) -> bytes:
        if finish_reason is None:
            return b""
        self._usage = generation.usage
        self._sent_tokens = generation.usage.completion_tokens
        return self._frame(self._output({}, finish_reason, generation))

    def error(self, failure: Failure) -> bytes:
        return self._event("error", failure.status, self.failed(failure))

    def failed(self, failure: Failure) -> dict[str, Any]:
        return errors.body(failure, self._request_id)

    def refusal(self, failure: Failure) -> tuple[bytes, str]:
        if self._streams:
            return self.error(failure), "text/event-stream;charset=UTF-8"
        return orjson.dumps(self.failed(failure)), JSON

    def whole(self, generation: Generation) -> dict[str, Any]:
        self._usage = generation.usage
        self._sent_tokens = generation.usage.completion_tokens
        self._so_far = {
            "reasoning": "".join(generation.thinking),
            "content": "".join(generation.answer),
            "calls": [call.as_json(index) for index, call in enumerate(generation.calls)],
        }
        output = self._shaped(self._so_far, generation.finish_reason, generation.ocr_result)
        if generation.sources:
            output["search_info"] = _search_info(generation)
        return {"output": output, "usage": self._usage_body(), "request_id": self._request_id}

    def _output(
        self, new: dict[str, Any], finish_reason: str, generation: Generation | None = None
    ) -> dict[str, Any]:
        for field, content in new.items():
            if field == "calls":
                _merge(self._so_far["calls"], content)
            else:
                self._so_far[field] += content
        told = new if self._incremental else self._so_far
        ocr_result = generation.ocr_result if generation is not None else None
        return self._shaped(told, finish_reason, ocr_result)

    def _shaped(
        self, told: dict[str, Any], finish_reason: str, ocr_result: dict[str, Any] | None
    ) -> dict[str, Any]:
        text = told.get("content", "")
        if self._as_text:
            return {"finish_reason": finish_reason, "text": text}
        content: Any = text
        if self._multimodal:
            content = [{"text": text}] if text or ocr_result else []
            if ocr_result:
                content[0]["ocr_result"] = ocr_result
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if self._thinking:
            message["reasoning_content"] = told.get("reasoning", "")
        if told.get("calls"):
            message["tool_calls"] = told["calls"]
        return {"choices": [{"message": message, "finish_reason": finish_reason}]}

    def _frame(self, output: dict[str, Any]) -> bytes:
        if self._sources is not None:
            # The first frame has the sources; later ones only say that there were some.
            output["search_info"] = self._sources
            self._sources = {"search_results": []}
        if self._runs:
            # Repeated by every later frame, as a client has to be ready for.
            output["tool_info"] = list(self._runs)
        body = {
            "output": output,
            "usage": self._usage_body(),
            "request_id": self._request_id,
        }
        return self._event("result", 200, body)

    def _event(self, name: str, status: int, body: dict[str, Any]) -> bytes:
        self._frames += 1
        head = f"id:{self._frames}\nevent:{name}\n:HTTP_STATUS/{status}\ndata:"
        return head.encode() + orjson.dumps(body) + b"\n\n"

    def _usage_body(self) -> dict[str, Any]:
        usage = self._usage
        if usage is None:
            return {}
        thought = min(self._sent_tokens, usage.reasoning_tokens)
        body: dict[str, Any] = {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": self._sent_tokens,
            "total_tokens": usage.prompt_tokens + self._sent_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens_details": {"text_tokens": self._sent_tokens},
        }
        if thought:
            body["output_tokens_details"]["reasoning_tokens"] = thought
        if self._multimodal:
            body |= usage.media_body()
        counts = {"search": usage.searches, "code_interpreter": len(self._runs)}
        plugins = {name: {"count": count} for name, count in counts.items() if count}
        return body | ({"plugins": plugins} if plugins else {})


def _merge(calls: list[dict[str, Any]], fragments: list[dict[str, Any]]) -> None:
    """Adds fragments to the calls so far, which frames without `incremental_output` repeat."""
    for fragment in fragments:
        function = fragment["function"]
        if fragment["index"] == len(calls):
            calls.append(fragment | {"function": {"name": function["name"], "arguments": ""}})
        call = calls[fragment["index"]]
        call["function"]["arguments"] += function.get("arguments") or ""


def _search_info(generation: Generation) -> dict[str, Any]:
    info: dict[str, Any] = {"search_results": [one.as_json() for one in generation.sources]}
    if generation.extra_tool is not None:
        info["extra_tool_info"] = [generation.extra_tool]
    return info
