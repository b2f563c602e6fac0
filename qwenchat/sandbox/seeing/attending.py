"""A whole request attended to: its pictures and videos looked at, its documents read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenchat.sandbox import tokens
from qwenchat.sandbox.rules import check_length
from qwenchat.sandbox.seeing import clips, pictures
from qwenchat.sandbox.seeing.fetching import fetch
from qwenchat.sandbox.seeing.seen import Sound

if TYPE_CHECKING:
    from qwenchat.sandbox.files.store import FileStore
    from qwenchat.sandbox.media import MediaPart
    from qwenchat.sandbox.request import ChatRequest, Message
    from qwenchat.sandbox.seeing.seen import Seen


def needs_attention(request: ChatRequest) -> bool:
    return any(message.parts or message.file_ids for message in request.messages)


def attend(request: ChatRequest, store: FileStore, *, resolves_oss: bool) -> ChatRequest:
    """The request with everything in it looked at, or `Refused`; takes its time, for a thread."""
    messages = tuple(
        _attended(message, request, store, resolves_oss=resolves_oss)
        if message.parts or message.file_ids
        else message
        for message in request.messages
    )
    attended = replace(request, messages=messages)
    check_length(attended)
    return attended


def _attended(
    message: Message, request: ChatRequest, store: FileStore, *, resolves_oss: bool
) -> Message:
    return replace(
        message,
        seen=tuple(_look(part, request, resolves_oss=resolves_oss) for part in message.parts),
        documents=tuple(store.document(file_id) for file_id in message.file_ids),
    )


def _look(part: MediaPart, request: ChatRequest, *, resolves_oss: bool) -> Seen:
    if part.kind == "audio":
        return Sound(tokens.MEDIA_TOKENS)
    data = [fetch(url, resolves_oss=resolves_oss) for url in part.urls]
    match part.kind:
        case "image":
            return pictures.look(data[0], part, request)
        case "frames":
            return clips.look_at_frames(data, part, request)
        case "video":
            return clips.look_at_file(data[0], part, request)
