"""Refusals under the native names of their codes; source: the service's notes, "Codes"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenchat.sandbox.refusals import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES: Mapping[str, str] = {
    "invalid_parameter_error": "InvalidParameter",
    "invalid_request_error": "InvalidParameter",
    "invalid_api_key": "InvalidApiKey",
    "access_denied": "AccessDenied",
    "model_not_found": "ModelNotFound",
    "data_inspection_failed": "DataInspectionFailed",
    "insufficient_quota": "Throttling.AllocationQuota",
    "limit_requests": "Throttling.RateQuota",
    "limit_burst_rate": "Throttling.BurstRate",
    "internal_error": "InternalError",
}

URL_ERROR = Failure(400, "InvalidParameter", "url error, please check url！")


def body(failure: Failure, request_id: str) -> dict[str, Any]:
    code = _CODES.get(failure.code, failure.code)
    return {"request_id": request_id, "code": code, "message": failure.message}
