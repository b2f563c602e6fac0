from __future__ import annotations

import json
from email.utils import formatdate

import pytest

from qwenchat.dashscope import (
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
    errors,
)
from qwenchat.dashscope.refusals import error_from_response, retry_after_s

NOW = 1_800_000_000.0


def refused(status, body, headers=None, **options):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_from_response(status, headers or {}, raw, now=NOW, **options)


def nested(code, message="x", kind=None):
    return {"error": {"message": message, "type": kind or code, "param": None, "code": code}}


def flat(code, message="x"):
    return {"code": code, "message": message, "request_id": "req-1"}


SERVICE = [
    (400, flat("InvalidParameter"), InvalidRequestError),
    (400, nested("invalid_parameter_error"), InvalidRequestError),
    (400, flat("InvalidParameter.NotSupportEnableThinking"), InvalidRequestError),
    (400, nested("Arrearage", "Access denied, … account is in good standing."), ArrearsError),
    (400, flat("DataInspectionFailed"), ContentFilteredError),
    (400, nested("data_inspection_failed"), ContentFilteredError),
    (400, nested("x", "Output data may contain inappropriate content."), ContentFilteredError),
    (400, flat("InvalidParameter.DataInspection"), InvalidRequestError),
    (400, flat("InvalidURL.Timeout"), InvalidRequestError),
    (400, flat("IPInfringementSuspect"), ContentFilteredError),
    (401, nested("invalid_api_key", "Incorrect API key provided. "), AuthError),
    (401, flat("InvalidApiKey"), AuthError),
    (403, flat("AccessDenied"), AuthError),
    (403, flat("Workspace.AccessDenied"), AuthError),
    (403, flat("AllocationQuota.FreeTierOnly"), ArrearsError),
    (404, nested("model_not_found"), ModelNotFoundError),
    (404, flat("ModelNotFound"), ModelNotFoundError),
    (404, nested("model_not_supported"), ModelNotFoundError),
    (400, flat("InvalidParameter", "Model not exist."), ModelNotFoundError),
    (404, flat("WorkSpaceNotFound"), AuthError),
    (404, {"code": "Not Found"}, InvalidRequestError),
    (413, b"", InvalidRequestError),
    (429, flat("Throttling.RateQuota"), RateLimitedError),
    (429, nested("insufficient_quota"), RateLimitedError),
    (429, flat("PostpaidBillOverdue"), ArrearsError),
    (500, flat("InternalError.Algo"), UnavailableError),
    (500, flat("RequestTimeOut"), StalledError),
    (503, nested("ModelUnavailable"), UnavailableError),
    (502, b"<html>Bad Gateway</html>", UnavailableError),
    (408, b"", UnavailableError),
]


@pytest.mark.parametrize(("status", "body", "kind"), SERVICE)
def test_code_and_text_decide_and_the_status_what_they_leave_open(status, body, kind):
    error = refused(status, body)
    assert type(error) is kind
    assert error.status == status
    assert error.retryable is (kind in (RateLimitedError, UnavailableError, StalledError))


CONTEXT = [
    (nested("invalid_parameter_error", "Range of input length should be [1, 983616]"), 983_616),
    (
        nested(
            "invalid_parameter_error",
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
        ),
        30_720,
    ),
    (nested("x", "Total message token length exceed model limit (10000000 tokens)."), 10_000_000),
    (
        {
            "error": {
                "code": 400,
                "message": "request (900 tokens) exceeds the available context size (512 tokens)",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 900,
                "n_ctx": 512,
            }
        },
        512,
    ),
    (
        nested(
            "context_length_exceeded",
            "This model's maximum context length is 4097 tokens. However, you requested 5000.",
        ),
        4097,
    ),
    ({"object": "error", "message": "prompt is too long", "code": 400}, None),
]


@pytest.mark.parametrize(("body", "limit"), CONTEXT)
def test_a_conversation_that_is_too_long_is_known_in_all_its_forms(body, limit):
    error = refused(400, body)
    assert type(error) is ContextTooLongError
    assert error.limit_tokens == limit


def test_too_many_tokens_asked_for_is_not_too_long_a_conversation():
    error = refused(
        400, nested("x", "max_tokens is too large: 9000. This model's maximum context length is 8")
    )
    assert type(error) is InvalidRequestError


def test_a_model_not_opened_for_the_account_is_the_operators_fault():
    body = {
        "message": "Access to model denied. Please make sure you are eligible",
        "id": "chatcmpl-1",
        "type": "AccessDenied.Unpurchased",
        "code": "AccessDenied.Unpurchased",
    }
    error = refused(403, body)
    assert type(error) is ModelNotFoundError
    assert error.operators_fault
    assert not refused(404, nested("model_not_found")).operators_fault
    assert refused(401, nested("invalid_api_key")).operators_fault


def test_a_refusal_framed_as_a_stream_is_read():
    error = refused(
        400,
        b'event:error\ndata: {"error":{"code":"invalid_parameter_error","param":null,'
        b'"message":"Range of max_tokens should be [1, 131072]","type":"e"},"id":"c"}\n\n',
    )
    assert type(error) is InvalidRequestError
    assert error.message == "Range of max_tokens should be [1, 131072]"


def test_a_frame_inside_the_message_is_taken_out():
    inner = 'event:error\ndata:{"code":"DataInspectionFailed","message":"no","request_id":"r9"}'
    error = refused(400, nested("invalid_parameter_error", inner))
    assert type(error) is ContentFilteredError
    assert (error.message, error.request_id) == ("no", "r9")


def test_a_wrapped_error_is_classified_by_what_it_wraps():
    message = "<400> InternalError.Algo.DataInspectionFailed: Output data may contain …"
    error = refused(400, nested("invalid_parameter_error", message))
    assert type(error) is ContentFilteredError
    assert error.message == "Output data may contain …"
    assert error.upstream_code == "DataInspectionFailed"


OTHERS = [
    (404, {"error": {"message": "The model `x` does not exist.", "code": 404}}, ModelNotFoundError),
    (404, {"error": 'model "x" not found, try pulling it first'}, ModelNotFoundError),
    (401, {"error": {"message": "Invalid API Key", "type": "authentication_error"}}, AuthError),
    (429, nested("insufficient_quota"), ArrearsError),
    (402, b"", ArrearsError),
    (503, {"error": {"message": "Loading model", "type": "unavailable_error"}}, UnavailableError),
    (400, [{"error": {"message": "x", "code": 400}}], InvalidRequestError),
    (400, {"detail": "x"}, InvalidRequestError),
]


@pytest.mark.parametrize(("status", "body", "kind"), OTHERS)
def test_other_servers_refusals_are_understood(status, body, kind):
    assert type(refused(status, body, dialect="openai")) is kind


def test_the_request_id_is_found_in_body_or_header():
    assert refused(500, flat("InternalError")).request_id == "req-1"
    assert refused(500, b"", {"x-request-id": "h"}).request_id == "h"
    assert refused(500, flat("x") | {"request_id": ""}, {"x-request-id": "h"}).request_id == "h"


def test_a_key_in_the_refusal_is_never_shown():
    key = "an-odd-key-without-prefix"
    for echoed in (key, "sk-0123456789abcdef"):
        error = refused(401, nested("invalid_api_key", f"Incorrect key: {echoed}"), key=key)
        assert echoed not in f"{error} {error!r} {error.args}"


FILES = [
    ("File [id:file-fe-1] cannot be found.", "not_found", "file-fe-1"),
    ("Invalid file [id:file-fe-1].", "not_found", "file-fe-1"),
    ("File [id:file-fe-1] format is not supported.", "format", "file-fe-1"),
    ("File [id:file-fe-1] exceeds size limit.", "too_large", "file-fe-1"),
    ("File [id: file-fe-1 ] exceeds page limits (15000 pages).", "too_many_pages", "file-fe-1"),
    ("File [id:file-fe-1] content blank.", "empty", "file-fe-1"),
    ("Too many files provided.", "too_many_files", None),
    ("file parsing failed", "unreadable", None),
]


@pytest.mark.parametrize(("message", "reason", "file_id"), FILES)
@pytest.mark.parametrize("status", [400, 404])
def test_a_document_that_cannot_be_read_is_named_with_the_reason(status, message, reason, file_id):
    for body in (
        flat("InvalidParameter", message),
        nested("invalid_parameter_error", f"<400> InternalError.Algo.InvalidParameter: {message}"),
    ):
        error = refused(status, body)
        assert type(error) is FileRefusedError
        assert (error.reason, error.file_id, error.retryable) == (reason, file_id, False)
        assert (error.code, error.status) == ("upstream_invalid_request", status)


def test_the_family_of_file_codes_is_about_files():
    error = refused(400, flat("InvalidParameter.FileUnreadable", "what"))
    assert (type(error), error.reason) == (FileRefusedError, "unreadable")


@pytest.mark.parametrize(
    "message",
    ["File parsing in progress, please try again later.", "file processing timeout [id:file-fe-1]"],
)
def test_a_document_that_is_still_read_may_be_asked_about_later(message):
    error = refused(400, nested("invalid_parameter_error", message))
    assert (type(error), error.retryable) == (FileParsingError, True)
    assert isinstance(error, InvalidRequestError)
    assert error.file_id == ("file-fe-1" if "id:" in message else None)
    framed = f"event:error\ndata:{json.dumps(flat('InvalidParameter', message))}".encode()
    assert type(refused(400, framed)) is FileParsingError


def test_too_many_tokens_in_files_is_a_long_context():
    message = "Total message token length exceed model limit (10000000 tokens)."
    error = refused(400, flat("InvalidParameter", message))
    assert (type(error), error.limit_tokens) == (ContextTooLongError, 10_000_000)


def test_a_server_that_fails_over_a_file_is_failing():
    assert type(refused(500, flat("InternalError", "file parsing failed"))) is UnavailableError


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 2.5 ", 2.5),
        (formatdate(NOW + 7, usegmt=True), 7.0),
        (formatdate(NOW - 7, usegmt=True), None),
        ("0", None),
        ("-4", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_none(value, seconds):
    assert retry_after_s(value, NOW) == seconds


def test_the_drawn_tree_is_the_tree():
    drawn = {}
    for line in errors.__doc__.splitlines():
        words = line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
        if words and words[0].endswith("Error") and words[0].isidentifier():
            drawn[words[0]] = words[1] if len(words) > 1 else ""
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, DashScopeError)
    }
    assert set(drawn) == set(kinds)
    assert {name: code for name, code in drawn.items() if "_" in code} == {
        name: kind.code
        for name, kind in kinds.items()
        if name not in ("DashScopeError", "CutError")
    }
    assert issubclass(errors.CutError, ProtocolError)
