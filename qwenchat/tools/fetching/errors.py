"""What can go wrong with a fetch.

    FetchError
    ├── FetchRefused    we will not: the address, the kind or the size of what is there
    └── FetchFailed     we tried: nobody answered, or not with a usable page

`reason` is the word that callers make a sentence of, and `facts` hold what belongs into it. `detail`
is for the log only: it may name an address of the inner network, which is nobody else's business.
"""

from __future__ import annotations

from typing import Literal

RefusedReason = Literal[
    "url",  # cannot be read as an address
    "scheme",  # facts: scheme
    "credentials",  # a name or password stands in the URL
    "port",  # facts: port
    "address",  # facts: host; it leads to a place that is not public
    "redirects",  # facts: limit
    "content_type",  # facts: content_type ("" when none was given)
    "encoding",  # facts: encoding; compressed in a way that we did not ask for
    "too_large",  # facts: limit_bytes
]
FailedReason = Literal[
    "resolve",  # facts: host
    "connect",  # facts: host
    "certificate",  # facts: host
    "status",  # facts: status
    "timeout",  # facts: timeout_s
    "protocol",  # what came is no proper HTTP, or broke off
]
Fact = str | int | float


class FetchError(Exception):
    """Anything that kept a page from being fetched."""

    def __init__(self, reason: str, *, detail: str = "", **facts: Fact) -> None:
        said = ", ".join(f"{name} {value}" for name, value in facts.items())
        super().__init__(f"{reason} ({said})" if said else reason)
        self.reason = reason
        self.facts = facts
        self.detail = detail


class FetchRefused(FetchError):
    """Asking again will not help: the answer is no."""

    def __init__(self, reason: RefusedReason, *, detail: str = "", **facts: Fact) -> None:
        super().__init__(reason, detail=detail, **facts)


class FetchFailed(FetchError):
    """It may work later."""

    def __init__(self, reason: FailedReason, *, detail: str = "", **facts: Fact) -> None:
        super().__init__(reason, detail=detail, **facts)
