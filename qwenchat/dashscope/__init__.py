"""The client library for Alibaba Cloud's Model Studio (DashScope) and for any server that speaks
OpenAI's chat completions.

No Django in here: base URL, key and limits are arguments.
"""

from __future__ import annotations

from .catalogue import MODELS, cost, find, price
from .client import Client
from .endpoint import Timeouts, dialect_of
from .errors import (
    ArrearsError,
    AuthError,
    ContentFilteredError,
    ContextTooLongError,
    CutError,
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
from .events import (
    CodeRun,
    Completion,
    Event,
    Finished,
    ModelInfo,
    OcrResult,
    OcrWord,
    ReasoningDelta,
    SearchSources,
    Source,
    Started,
    TextDelta,
    TextWasReasoning,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from .files import FileInfo, FilePage
from .model import Model, Price

__all__ = [
    "MODELS",
    "ArrearsError",
    "AuthError",
    "Client",
    "CodeRun",
    "Completion",
    "ContentFilteredError",
    "ContextTooLongError",
    "CutError",
    "DashScopeError",
    "Event",
    "FileInfo",
    "FilePage",
    "FileParsingError",
    "FileRefusedError",
    "Finished",
    "InvalidRequestError",
    "Model",
    "ModelInfo",
    "ModelNotFoundError",
    "OcrResult",
    "OcrWord",
    "Price",
    "ProtocolError",
    "RateLimitedError",
    "ReasoningDelta",
    "SearchSources",
    "Source",
    "StalledError",
    "Started",
    "TextDelta",
    "TextWasReasoning",
    "Timeouts",
    "ToolCall",
    "ToolCallDelta",
    "UnavailableError",
    "Usage",
    "cost",
    "dialect_of",
    "find",
    "price",
]
