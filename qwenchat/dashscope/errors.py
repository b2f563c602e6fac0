"""What can go wrong with the model service.

    DashScopeError
    ├── AuthError                upstream_auth             wrong key, region, plan or workspace
    ├── ArrearsError             upstream_arrears          unpaid, or the free quota is used up
    ├── RateLimitedError         upstream_rate_limited     429 of the kinds that pass
    ├── UnavailableError         upstream_unavailable      no connection, reset at first, 5xx
    ├── StalledError             upstream_timeout          silence, or the whole took too long
    ├── InvalidRequestError      upstream_invalid_request  a field or a medium was refused
    │   ├── ContextTooLongError  context_too_long          the conversation does not fit
    │   ├── ModelNotFoundError   model_not_found           wrong id, or not opened for this account
    │   ├── FileParsingError     upstream_invalid_request  a document is still being read
    │   └── FileRefusedError     upstream_invalid_request  a document cannot be read
    ├── ContentFilteredError     content_filtered          moderation of question or answer
    └── ProtocolError            upstream_protocol         what came is no valid answer
        └── CutError                                       the stream ended before the model did

`code` is the word the page knows the case by. Messages are English for the log; whatever looked
like a key is blotted out. `retryable` says whether the same request may work later; whether to send
it again by itself is the client's decision.

A model that the account has not opened (403 `AccessDenied.Unpurchased`, `Model.AccessDenied`)
counts as `ModelNotFoundError`: to the person it is one more model that cannot be used, and another
one helps. It carries `operators_fault`, as do keys and bills, so that the log can say so louder. A
bare 403 `AccessDenied` is about the key: `AuthError`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from .masking import masked


class DashScopeError(Exception):
    """Anything the model service, or the way to it, did wrong or refused."""

    code: ClassVar[str] = "upstream_unavailable"
    _retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
        upstream_code: str = "",
        retryable: bool | None = None,
        operators_fault: bool | None = None,
    ) -> None:
        self.message = masked(message)
        super().__init__(self.message)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.upstream_code = masked(upstream_code)
        self.retryable = self._retryable if retryable is None else retryable
        self.operators_fault = (
            isinstance(self, AuthError | ArrearsError)
            if operators_fault is None
            else operators_fault
        )

    def __str__(self) -> str:
        known = (
            ("status", self.status),
            ("code", self.upstream_code),
            ("request", self.request_id),
        )
        details = ", ".join(f"{name} {value}" for name, value in known if value)
        return f"{self.message} ({details})" if details else self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class AuthError(DashScopeError):
    """The service does not know the key, or the key may not do this."""

    code = "upstream_auth"


class ArrearsError(DashScopeError):
    """The account is unpaid or its free quota is used up."""

    code = "upstream_arrears"


class RateLimitedError(DashScopeError):
    """Too much at once; it passes."""

    code = "upstream_rate_limited"
    _retryable = True


class UnavailableError(DashScopeError):
    """The service cannot be reached or is failing."""

    code = "upstream_unavailable"
    _retryable = True


class StalledError(DashScopeError):
    """The service was silent for too long; `status` is set when it said so itself."""

    code = "upstream_timeout"
    _retryable = True


class InvalidRequestError(DashScopeError):
    """The service refuses what was asked, and will again."""

    code = "upstream_invalid_request"


class ContextTooLongError(InvalidRequestError):
    """The conversation does not fit into the model; `limit_tokens` is the most that fits, where the
    service said it."""

    code = "context_too_long"
    limit_tokens: int | None = None


class ModelNotFoundError(InvalidRequestError):
    """There is no such model for this account."""

    code = "model_not_found"


class FileParsingError(InvalidRequestError):
    """The service has the file and is still reading it; asking later helps."""

    _retryable = True
    file_id: str | None = None


FileReason = Literal[
    "not_found", "format", "too_large", "too_many_pages", "empty", "too_many_files", "unreadable"
]


class FileRefusedError(InvalidRequestError):
    """The service does not read this file; `file_id` is None where it does not say which."""

    file_id: str | None = None
    reason: FileReason = "unreadable"


class ContentFilteredError(DashScopeError):
    """Moderation stopped the question or the answer."""

    code = "content_filtered"


class ProtocolError(DashScopeError):
    """What came is no valid answer: HTML, nothing, events that are no JSON, a line without end."""

    code = "upstream_protocol"
    _retryable = True


class CutError(ProtocolError):
    """The stream ended, or the connection broke, before the model said that it had finished."""
