"""From what the service answers when it refuses to an error of our tree.

Refusals come in three envelopes (Source: dashscope-api §10.1), sometimes framed as a stream
although the status is 4xx, sometimes with such a frame inside the message:

    {"error": {"message": "…", "type": "…", "code": "invalid_parameter_error"}, "request_id": "…"}
    {"code": "InvalidParameter", "message": "…", "request_id": "…"}
    {"message": "…", "type": "AccessDenied.Unpurchased", "code": "AccessDenied.Unpurchased"}

A status says little (400 is also used for bills, moderation and length), so code and text decide,
and the status only what they leave open. Other servers (OpenAI, vLLM, llama.cpp, Ollama) use the
first envelope; there `code` may be a number and `error` a bare string.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from .errors import (
    ArrearsError,
    AuthError,
    ContentFilteredError,
    ContextTooLongError,
    DashScopeError,
    FileParsingError,
    FileRefusedError,
    InvalidRequestError,
    ModelNotFoundError,
    ProtocolError,
    RateLimitedError,
    StalledError,
    UnavailableError,
)
from .file_refusals import file_id_in, file_reason, is_parsing
from .masking import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRAPPED = re.compile(r"^<(\d{3})>\s*([A-Za-z][\w.]*)\s*:\s*", re.ASCII)

# "maximum context length is 4096 tokens" (OpenAI, vLLM), "[1, 983616]" (the service), "(10000000
# tokens)" (qwen-long).
_CONTEXT_TEXTS = re.compile(
    r"range of input length should be|maximum context length|maximum input length"
    r"|exceeds? the available context size|total message token length exceed"
    r"|context length exceeded|prompt is too long|exceeds the context (?:window|length)",
    re.IGNORECASE,
)
_CONTEXT_CODES = {"context_length_exceeded", "exceed_context_size_error"}
_CONTEXT_LIMIT = re.compile(
    r"\[1,\s*(\d{1,12})\]|maximum (?:context|input) length (?:is|of) (\d{1,12})"
    r"|context size \((\d{1,12})|\((\d{1,12}) tokens\)",
    re.IGNORECASE,
)

_ARREARS_CODES = {
    "arrearage",
    "commoditynotpurchased",
    "prepaidbilloverdue",
    "postpaidbilloverdue",
    "allocationquota.freetieronly",
    "billing_hard_limit_reached",
}
_ARREARS_TEXTS = re.compile(
    r"account is in good standing|overdue payment|free (?:tier|quota) .*exhausted", re.I
)
_FILTER_CODES = {
    "datainspectionfailed",
    "data_inspection_failed",
    "faqruleblocked",
    "customroleblocked",
    "ipinfringementsuspect",
    "content_filter",
    "content_policy_violation",
}
_FILTER_TEXTS = re.compile(r"may contain inappropriate content", re.I)
_MODEL_CODES = {"modelnotfound", "model_not_found", "model_not_supported"}
_UNOPENED_CODES = {"accessdenied.unpurchased", "model.accessdenied"}
_MODEL_TEXTS = re.compile(
    r"model not exist|access to model denied|\bmodel\b.{0,160}\b(?:does not exist|not found)",
    re.I | re.S,
)
_AUTH_CODES = {
    "invalidapikey",
    "invalid_api_key",
    "not authorized",
    "accessdenied",
    "access_denied",
    "workspace.accessdenied",
    "workspacenotfound",
    "authentication_error",
    "permission_error",
}
_TIMEOUT_CODES = {"requesttimeout", "internalerror.timeout"}
_RATE_CODES = {"limit_requests", "limit_burst_rate", "insufficient_quota", "rate_limit_exceeded"}
_SERVER_CODES = {
    "internalerror",
    "internal_error",
    "internalerror.algo",
    "systemerror",
    "modelservicefailed",
    "modelservingerror",
    "modelunavailable",
    "server_error",
    "unavailable_error",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal says, whatever envelope it came in. `code` and `kind` are "" where left
    out."""

    message: str
    code: str
    kind: str
    request_id: str
    status: int | None = None
    limit_tokens: int | None = None


def is_refusal(payload: Mapping[str, Any]) -> bool:
    """Tell a refusal from a chunk of an answer: both come with status 200."""
    if payload.get("error"):
        return True
    code = payload.get("code")
    return isinstance(code, str) and code != "" and "choices" not in payload


def refusal_of(payload: Mapping[str, Any]) -> Refusal:
    """Read one of the envelopes."""
    inner = payload.get("error")
    body: Mapping[str, Any] = inner if isinstance(inner, dict) else payload
    message = inner if isinstance(inner, str) else _text(body.get("message"))
    code = _text(body.get("code"))
    status = int(code) if code.isdigit() and len(code) == 3 else None
    refusal = Refusal(
        message=message,
        code="" if status else code,
        kind=_text(body.get("type")),
        request_id=_text(payload.get("request_id")) or _text(body.get("request_id")),
        status=status,
        limit_tokens=body["n_ctx"] if type(body.get("n_ctx")) is int else None,
    )
    return _unwrapped(refusal)


def error_from_payload(
    payload: Mapping[str, Any],
    *,
    status: int | None = None,
    dialect: str = "dashscope",
    key: str = "",
) -> DashScopeError:
    """Give the error that a refusal inside a stream means."""
    return _error(refusal_of(payload), status, {}, dialect, key)


def error_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    dialect: str = "dashscope",
    key: str = "",
) -> DashScopeError:
    """Give the error that an answer with a status of 400 or more means; `now` is the time of day,
    for `Retry-After`."""
    payload = _json_in(body.decode("utf-8", "replace"))
    refusal = refusal_of(payload) if payload else Refusal("", "", "", "")
    error = _error(refusal, status, headers, dialect, key)
    error.retry_after = retry_after_s(headers.get("retry-after"), now)
    return error


def retry_after_s(value: str | None, now: float) -> float | None:
    """Give the seconds that a `Retry-After` header asks to wait; zero and nonsense count as
    none."""
    if not value:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value, re.ASCII):
        seconds = float(value)
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return seconds if seconds > 0 else None


def _error(
    refusal: Refusal, status: int | None, headers: Mapping[str, str], dialect: str, key: str
) -> DashScopeError:
    status = refusal.status if status in (None, 200) and refusal.status else status
    kind, extra = _classify(refusal, status, dialect)
    error = kind(
        masked(refusal.message, key) or f"the model service answered {status or 'with an error'}",
        status=status,
        request_id=refusal.request_id or headers.get("x-request-id", ""),
        upstream_code=masked(refusal.code or refusal.kind, key),
        **extra,
    )
    if isinstance(error, ContextTooLongError):
        error.limit_tokens = refusal.limit_tokens or _limit_in(refusal.message)
    elif isinstance(error, FileParsingError | FileRefusedError):
        error.file_id = file_id_in(refusal.message)
        if isinstance(error, FileRefusedError):
            error.reason = file_reason(refusal.message, refusal.code) or error.reason
    return error


def _classify(
    refusal: Refusal, status: int | None, dialect: str
) -> tuple[type[DashScopeError], dict[str, bool]]:
    words = {refusal.code.lower(), refusal.kind.lower()} - {""}
    text = refusal.message
    kind: type[DashScopeError] = UnavailableError
    if words & _CONTEXT_CODES or (
        _CONTEXT_TEXTS.search(text)
        and not text.lstrip("`'\"").startswith(("max_tokens", "max_completion"))
    ):
        return ContextTooLongError, {}
    if (
        status == 402
        or words & _ARREARS_CODES
        or _ARREARS_TEXTS.search(text)
        # Elsewhere the word means a bill; here, mostly tokens per minute (Source: dashscope-api
        # §10.2).
        or (dialect != "dashscope" and "insufficient_quota" in words)
    ):
        return ArrearsError, {}
    if words & _FILTER_CODES or _FILTER_TEXTS.search(text):
        return ContentFilteredError, {}
    if words & _UNOPENED_CODES or "access to model denied" in text.lower():
        return ModelNotFoundError, {"operators_fault": True}
    if words & _MODEL_CODES or (status in (None, 400, 404) and _MODEL_TEXTS.search(text)):
        return ModelNotFoundError, {}
    if status in (401, 403) or words & _AUTH_CODES:
        return AuthError, {}
    if status == 429 or words & _RATE_CODES or any(word.startswith("throttling") for word in words):
        return RateLimitedError, {}
    if words & _TIMEOUT_CODES:
        return StalledError, {}
    if status not in (408, 409, 425) and (status is None or status < 500):
        if is_parsing(text):
            return FileParsingError, {}
        if file_reason(text, refusal.code):
            return FileRefusedError, {}
    if status is not None and 400 <= status < 500 and status not in (408, 409, 425):
        kind = InvalidRequestError
    elif (status is None or status < 400) and not words & _SERVER_CODES:
        # Inside a stream, with a status of 200: the code alone has to say whose fault it is.
        bad_request = any(word.startswith(("invalid", "badrequest")) for word in words)
        kind = InvalidRequestError if bad_request else UnavailableError
    elif status is not None and 300 <= status < 400:
        kind = ProtocolError
    return kind, {}


def _unwrapped(refusal: Refusal) -> Refusal:
    """Take the innermost refusal out of a message: `<400> InternalError.Algo.X: text`, or a whole
    stream frame."""
    message, code, status = refusal.message, refusal.code, refusal.status
    if "data:" in message and (inner := _json_in(message)) and inner != {}:
        found = refusal_of(inner)
        return Refusal(
            found.message,
            found.code or code,
            found.kind or refusal.kind,
            found.request_id or refusal.request_id,
            found.status or status,
            found.limit_tokens or refusal.limit_tokens,
        )
    while wrapped := _WRAPPED.match(message):
        status = status or int(wrapped[1])
        # "InternalError.Algo.DataInspectionFailed" says more than the "invalid_parameter_error"
        # around it.
        code = wrapped[2].removeprefix("InternalError.Algo.")
        message = message[wrapped.end() :]
    return Refusal(message, code, refusal.kind, refusal.request_id, status, refusal.limit_tokens)


def _json_in(text: str) -> dict[str, Any] | None:
    """Find the JSON object in a body that may be framed as a stream event."""
    candidates = [text]
    candidates += [
        line.partition(":")[2] for line in text.splitlines() if line.lstrip().startswith("data:")
    ]
    for candidate in candidates:
        try:
            payload = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(payload, list) and len(payload) == 1:  # Gemini's compatible endpoint
            payload = payload[0]
        if isinstance(payload, dict):
            return payload
    return None


def _limit_in(message: str) -> int | None:
    found = _CONTEXT_LIMIT.search(message)
    return int(next(group for group in found.groups() if group)) if found else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""
