"""The service's refusals, as an exception that knows its own body.

The compatible-mode service wraps errors in two shapes: the nested one for everything a model or
the key check refuses, and a flat one when no route matched. Both carry the request id.

    {"error": {"message", "type", "param": null, "code"}, "id": "chatcmpl-...", "request_id"}
    {"request_id", "code": "Not Found", "message"}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ALGO = "<400> InternalError.Algo.InvalidParameter: "  # how a model's own refusal comes wrapped


@dataclass(frozen=True, slots=True)
class Failure:
    """What goes wrong: before the answer (as a status) or within it (as an error event)."""

    status: int
    code: str
    message: str
    type: str = "invalid_request_error"
    flat: bool = False
    retry_after_s: int | None = None

    def body(self, request_id: str) -> dict[str, Any]:
        if self.flat:
            return {"request_id": request_id, "code": self.code, "message": self.message}
        error = {"message": self.message, "type": self.type, "param": None, "code": self.code}
        return {"error": error, "id": f"chatcmpl-{request_id}", "request_id": request_id}


class Refused(Exception):
    """The request isn't answered; `failure` says with what status and body."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def invalid(message: str, code: str = "invalid_parameter_error") -> Refused:
    return Refused(Failure(400, code, message))


NOT_FOUND = Failure(404, "Not Found", "Not Found", flat=True)
METHOD_NOT_ALLOWED = Failure(405, "Method Not Allowed", "Method Not Allowed", flat=True)
NO_KEY = Failure(
    401,
    "invalid_api_key",
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). ",
)
WRONG_KEY = Failure(401, "invalid_api_key", "Incorrect API key provided. ")
BAD_JSON = Failure(
    400, "invalid_request_error", "Required body invalid, please check the request body format."
)
MODERATED_INPUT = Failure(
    400,
    "data_inspection_failed",
    "Input data may contain inappropriate content.",
    "data_inspection_failed",
)
MODERATED_OUTPUT = Failure(
    400,
    "data_inspection_failed",
    "Output data may contain inappropriate content.",
    "data_inspection_failed",
)
ARREARS = Failure(
    400,
    "Arrearage",
    "Access denied, please make sure your account is in good standing.",
    "Arrearage",
)
QUOTA = Failure(
    429,
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
)
# What 429 says besides that there were too many requests.
BUSY = {
    "burst": Failure(
        429,
        "limit_burst_rate",
        "Request rate increased too quickly. To ensure system stability, please adjust your client "
        "logic to scale requests more smoothly over time.",
        "limit_burst_rate",
    ),
    "tokens": Failure(
        429,
        "insufficient_quota",
        "Allocated quota exceeded, please increase your quota limit.",
        "insufficient_quota",
    ),
    "concurrency": Failure(
        429,
        "Throttling.Concurrency",
        "Too many concurrent requests.",
        "Throttling.Concurrency",
    ),
}
BROKEN = Failure(500, "internal_error", "Internal server error!", "internal_error")


def model_not_found(model: str) -> Failure:
    message = f"The model `{model}` does not exist or you do not have access to it."
    return Failure(404, "model_not_found", message)


def too_large(limit_bytes: int) -> Failure:
    message = f"Exceeded limit on max bytes to request body : {limit_bytes}"
    return Failure(400, "BadRequest.TooLarge", message)


BY_STATUS = {
    400: Failure(400, "invalid_parameter_error", ALGO + "The request is not valid."),
    401: WRONG_KEY,
    403: Failure(403, "access_denied", "Access denied.", "access_denied"),
    404: model_not_found("(asked for with /sandbox error 404)"),
    429: Failure(
        429,
        "limit_requests",
        "You exceeded your current requests list.",
        "limit_requests",
    ),
    500: BROKEN,
    502: Failure(502, "internal_error", "Bad Gateway", "internal_error"),
    503: Failure(
        503,
        "ModelUnavailable",
        "Model is unavailable, please try again later.",
        "ModelUnavailable",
    ),
    504: Failure(
        504, "RequestTimeOut", "Request timed out, please try again later.", "RequestTimeOut"
    ),
}
