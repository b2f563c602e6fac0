"""What a chat request must be: the service's checks, in the service's words.

Texts come from the service's page of error codes and from bodies seen in public issues; where
only the fact is documented and not the wording, the wording is that of its JSON schema validator.
Unknown fields pass unread, as nothing says that the service refuses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwenchat.sandbox import models
from qwenchat.sandbox.files.references import check_total, takes_files
from qwenchat.sandbox.interpreting import read_interpreter
from qwenchat.sandbox.message_rules import read_messages
from qwenchat.sandbox.ocr.tasks import read_task
from qwenchat.sandbox.refusals import (
    ALGO,
    BAD_JSON,
    Failure,
    Refused,
    invalid,
    model_not_found,
)
from qwenchat.sandbox.request import ChatRequest
from qwenchat.sandbox.searching.asking import read_search
from qwenchat.sandbox.tooling.offered import read_offer

if TYPE_CHECKING:
    from qwenchat.dashscope.model import Model

Body = dict[str, Any]

# Told back to the person. Thinking is left out: an answer that was thought about and the
# continuation of it, which can't think, must come to the same words.
TOLD = (
    "temperature", "top_p", "top_k", "presence_penalty", "repetition_penalty",
    "frequency_penalty", "max_tokens", "max_completion_tokens", "seed", "stop",
    "response_format", "enable_search", "n",
)  # fmt: skip

# The service's own three, and OpenAI's, which it takes for one of them or for no thinking.
EFFORTS = ("low", "medium", "xhigh", "high", "max", "minimal", "none")


def read_body(raw: bytes) -> Body:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(BAD_JSON) from error
    if not isinstance(body, dict):
        raise Refused(BAD_JSON)
    return body


def read_chat(body: Body, native: Body | None = None) -> ChatRequest:
    """The request, or `Refused` with what the service would say; `native` are the parameters of
    the service's own protocol, for what only it knows."""
    name = body.get("model")
    if not name:
        raise invalid("you must provide a model parameter", "invalid_request_error")
    if not isinstance(name, str):
        raise _wrong_type(name, "string", "model")
    model = models.known(name)
    if model is None:
        raise Refused(model_not_found(name))
    stream = _boolean(body, "stream") or False
    messages = read_messages(body, model)
    _check_sampling(body)
    thinking = _thinking(body, model, stream=stream)
    budget = _thinking_budget(body, model)
    max_tokens = _limit(body, "max_tokens", models.max_output_tokens(model))
    response_format, schema = _response_format(body, model, thinking=thinking)
    text = orjson.dumps(body["tools"]).decode() if body.get("tools") else ""
    offer = read_offer(body, model, thinking=thinking, text=text)
    if messages[-1].partial and thinking:
        raise invalid(ALGO + "Partial mode is not supported when enable_thinking is true")
    request = ChatRequest(
        model=model,
        name=name,
        messages=messages,
        stream=stream,
        include_usage=_include_usage(body, stream=stream),
        thinking=thinking,
        thinking_budget=budget,
        max_tokens=max_tokens or models.max_output_tokens(model),
        max_completion_tokens=_limit(body, "max_completion_tokens", None),
        stop=_stop(body),
        n=_integer(body, "n") or 1,
        seed=_integer(body, "seed"),
        response_format=response_format,
        json_schema=schema,
        offer=offer,
        options=tuple((key, body[key]) for key in TOLD if body.get(key) is not None),
        high_resolution=_boolean(body, "vl_high_resolution_images") or False,
        ocr=read_task(native or {}, model),
        search=read_search(body, model, native=native is not None),
        interpreter=read_interpreter(body, model, thinking=thinking, stream=stream),
    )
    check_length(request)
    return request


def check_length(request: ChatRequest) -> None:
    """The prompt fits into the model's window; looked at again when everything was decoded."""
    if takes_files(request.model):
        check_total(request)
    longest = models.max_input_tokens(request.model)
    if request.prompt_tokens > longest:
        raise invalid(f"{ALGO}Range of input length should be [1, {longest}]")


def _check_sampling(body: Body) -> None:
    temperature = _number(body, "temperature")
    if temperature is not None and not 0 <= temperature < 2:
        raise invalid("Temperature should be in [0.0, 2.0)")
    top_p = _number(body, "top_p")
    if top_p is not None and not 0 < top_p <= 1:
        raise invalid("Range of top_p should be (0.0, 1.0]")
    top_k = _integer(body, "top_k")
    if top_k is not None and top_k < 0:
        raise invalid(ALGO + "Parameter top_k be greater than or equal to 0")
    presence = _number(body, "presence_penalty")
    if presence is not None and not -2 <= presence <= 2:
        raise invalid("Presence_penalty should be in [-2.0, 2.0]")
    repetition = _number(body, "repetition_penalty")
    if repetition is not None and repetition <= 0:
        raise invalid(ALGO + "Repetition_penalty should be greater than 0.0")
    n = _integer(body, "n")
    if n is not None and not 1 <= n <= 4:
        raise invalid("Range of n should be [1, 4]")
    if n is not None and n > 1 and body.get("tools"):
        raise invalid("n should be 1 when tools are given")
    seed = _integer(body, "seed")
    if seed is not None and seed < 0:
        raise invalid(f"{seed} is less than the minimum of 0 - 'seed'")
    if seed is not None and seed > 2**31 - 1:
        raise invalid(f"{seed} is greater than the maximum of {2**31 - 1} - 'seed'")


def _thinking(body: Body, model: Model, *, stream: bool) -> bool:
    asked = _boolean(body, "enable_thinking")
    if model.thinking == "none":
        if asked is not None:
            raise invalid(
                f"The model {body['model']} does not support enable_thinking.",
                "InvalidParameter.NotSupportEnableThinking",
            )
        return False
    if model.thinking == "always" and asked is False:
        raise invalid(ALGO + "The value of the enable_thinking parameter is restricted to True.")
    effort = body.get("reasoning_effort")
    if effort is not None and model.effort and effort not in EFFORTS:
        raise invalid(f"{effort} is not one of {list(EFFORTS)} - 'reasoning_effort'")
    if asked is None and model.effort and effort == "none":
        asked = False
    thinking = models.thinks_by_default(model) if asked is None else asked
    if not stream and model.stream_only:
        raise invalid(
            "This model only support stream mode, please enable the stream parameter to access "
            "the model. "
        )
    if not stream and thinking and models.has_open_weights(model) and model.thinking != "always":
        raise invalid("parameter.enable_thinking must be set to false for non-streaming calls")
    return thinking


def _thinking_budget(body: Body, model: Model) -> int:
    longest = models.max_thinking_tokens(model)
    budget = _integer(body, "thinking_budget")
    if budget is None:
        return longest
    if body.get("reasoning_effort") is not None:
        raise invalid("thinking_budget and reasoning_effort cannot be set at the same time")
    if model.max_thinking_tokens is None:
        longest = max(longest, budget)  # not published: nobody knows above what it is refused
    if not 1 <= budget <= longest:
        raise invalid(
            f"{ALGO}The thinking_budget parameter must be a positive integer and not greater "
            f"than {longest}"
        )
    return budget


def _limit(body: Body, field: str, longest: int | None) -> int | None:
    limit = _integer(body, field)
    if limit is not None and (limit < 1 or (longest is not None and limit > longest)):
        raise invalid(f"Range of {field} should be [1, {longest or 2**31 - 1}]")
    return limit


def _include_usage(body: Body, *, stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not stream:
        raise invalid("'stream_options' only set this when you set stream: true")
    if not isinstance(options, dict):
        raise _wrong_type(options, "object", "stream_options")
    return _boolean(options, "include_usage") or False


def _stop(body: Body) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    entries = [stop] if isinstance(stop, str) else stop
    if not isinstance(entries, list):
        raise _wrong_type(stop, "string", "stop")
    if len({type(entry) for entry in entries}) > 1:
        raise invalid("'stop' must not mix strings and token ids")
    # Token ids are accepted but can't match: this tokenizer numbers nothing.
    return tuple(entry for entry in entries if isinstance(entry, str) and entry)


def _formats(model: Model) -> list[str]:
    """Models that follow schemas know the looser mode, too."""
    if model.json_schema:
        return ["text", "json_object", "json_schema"]
    return ["text", "json_object"] if model.json_mode else ["text"]


def _response_format(
    body: Body, model: Model, *, thinking: bool
) -> tuple[str, dict[str, Any] | None]:
    asked = body.get("response_format")
    if asked is None:
        return "text", None
    if not isinstance(asked, dict):
        raise _wrong_type(asked, "object", "response_format")
    kind = asked.get("type")
    formats = _formats(model)
    if kind not in formats:
        raise invalid(f"{kind} is not one of {formats} - 'response_format.type'")
    if kind == "text":
        return "text", None
    if thinking:
        raise invalid(ALGO + "Json mode response is not supported when enable_thinking is true")
    if kind == "json_object" and "json" not in _words(body).lower():
        raise invalid(
            ALGO + "'messages' must contain the word 'json' in some form, to use "
            "'response_format' of type 'json_object'."
        )
    wrapper = asked.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if kind == "json_schema" and not isinstance(schema, dict):
        raise invalid("'json_schema' is a required property - 'response_format'")
    if isinstance(wrapper, dict):
        _boolean(wrapper, "strict")
    return kind, schema


def _words(body: Body) -> str:
    messages: list[Body] = body["messages"]
    return "\n".join(str(message.get("content")) for message in messages)


def _boolean(body: Body, field: str) -> bool | None:
    value = body.get(field)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong_type(value, "boolean", field)


def _integer(body: Body, field: str) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(value, "integer", field)
    return value


def _number(body: Body, field: str) -> float | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"'{field}' must be Float")
    return float(value)


def _wrong_type(value: object, expected: str, field: str) -> Refused:
    return Refused(
        Failure(
            400, "invalid_parameter_error", f"{value!r} is not of type '{expected}' - '{field}'"
        )
    )
