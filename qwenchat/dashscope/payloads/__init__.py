"""Pure builders: from plain values to the JSON that is sent. One module for each kind of thing that
a request can hold."""

from __future__ import annotations

from .chat import chat
from .fields import FieldError
from .messages import Message, assistant, system, user
from .thinking import thinking_for

__all__ = ["FieldError", "Message", "assistant", "chat", "system", "thinking_for", "user"]
