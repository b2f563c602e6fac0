"""What can go wrong with an MCP server.

    ToolError
    └── ServerError       no connection, no answer, or an answer that is none
        └── ServerChanged its tools are no longer those that were approved

Messages are for the model and the person; `detail` is for the log. `code` is the word that callers
make a sentence of.
"""

from __future__ import annotations

import ssl
from typing import Literal

from qwenchat.tools.context import ToolError
from qwenchat.tools.fetching import FetchError, FetchRefused

# The SDK's codes for what it noticed itself; repeated here so that the SDK need not be imported.
CONNECTION_CLOSED = -32000
REQUEST_TIMEOUT = -32001

Code = Literal[
    "missing",
    "refused",  # its address
    "unreachable",
    "tls",
    "unauthorized",
    "nothing",  # at this path
    "plain",  # http:// to a public address, with secrets
    "program",  # that cannot be started
    "died",
    "timeout",
    "flood",
    "protocol",
    "list",  # of tools, which is not as the protocol has it
    "changed",
]


class ServerError(ToolError):
    """A server did not do what it should."""

    def __init__(self, code: Code, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail


class ServerChanged(ServerError):
    """Staff have to look at the tools again."""

    def __init__(self, server: str) -> None:
        super().__init__(
            "changed",
            f"The tools of the server {server} have changed since they were approved, so they are not used.",
        )


class Flood(Exception):
    """More came than any answer needs."""


class Ended(Exception):
    """A program ended though nobody asked it to."""


def explained(server: str, error: BaseException) -> ServerError:
    """What an error of the SDK, often a group of them, comes down to."""
    causes = list(leaves(error))
    for cause in causes:
        if isinstance(cause, ServerError):
            return cause
    detail = "; ".join(map(logged, causes))
    if any(isinstance(cause, Flood) for cause in causes):
        return ServerError("flood", f"The server {server} sent far too much.", detail=detail)
    if any(isinstance(cause, FetchRefused) for cause in causes):
        refused = f"The address of the server {server} may not be connected to."
        return ServerError("refused", refused, detail=detail)
    if any(isinstance(cause, ssl.SSLError) or "[SSL" in str(cause) for cause in causes):
        insecure = f"There is no secure connection to the server {server}."
        return ServerError("tls", insecure, detail=detail)
    if any(
        isinstance(cause, FetchError | OSError) or "Connect" in type(cause).__name__
        for cause in causes
    ):
        return ServerError("unreachable", f"The server {server} cannot be reached.", detail=detail)
    codes = {getattr(cause, "code", None) for cause in causes}
    if CONNECTION_CLOSED in codes or any(isinstance(cause, Ended) for cause in causes):
        return ServerError("died", f"The server {server} ended the connection.", detail=detail)
    if REQUEST_TIMEOUT in codes or any(isinstance(cause, TimeoutError) for cause in causes):
        return ServerError("timeout", f"The server {server} does not answer.", detail=detail)
    return ServerError(
        "protocol", f"The server {server} does not answer as it should.", detail=detail
    )


def leaves(error: BaseException) -> list[BaseException]:
    """The errors in a group, and what caused them."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves(each)]
    cause = error.__cause__
    return [error, *(leaves(cause) if cause is not None else [])]


def logged(error: BaseException) -> str:
    """An error for the log. A ValidationError quotes what it could not read: that stays out."""
    name = type(error).__name__
    return name if name == "ValidationError" else f"{name}: {error}"[:300]
