"""Pure builders: from plain values to the JSON that is sent. One module for each kind of thing that
a request can hold."""

from __future__ import annotations

from .chat import chat
from .documents import arranged, file_messages
from .fields import FieldError
from .messages import Message, assistant, system, tool, user
from .native import is_multimodal, native
from .ocr import TASKS, native_ocr, ocr
from .parts import Part, frames_part, image_part, text_part, video_part
from .thinking import thinking_for
from .tools import function_tool

__all__ = [
    "TASKS",
    "FieldError",
    "Message",
    "Part",
    "arranged",
    "assistant",
    "chat",
    "file_messages",
    "frames_part",
    "function_tool",
    "image_part",
    "is_multimodal",
    "native",
    "native_ocr",
    "ocr",
    "system",
    "text_part",
    "thinking_for",
    "tool",
    "user",
    "video_part",
]
