"""`fileid://` messages: which documents a question is about.

    {"role": "system", "content": "fileid://file-fe-aaa,fileid://file-fe-bbb"}

Such a message holds nothing else, and comes before the question that needs it; prose of its own
is short. Source: the service's notes, "qwen-long"; the wording about places is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenchat.sandbox.files import refusals
from qwenchat.sandbox.refusals import ALGO, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.dashscope.model import Model
    from qwenchat.sandbox.request import ChatRequest, Message

SCHEME = "fileid://"
MAX_FILES = 100
MAX_PROSE_TOKENS = 9_000
MAX_TOTAL_TOKENS = 10_000_000
ONE_FILE_MODELS = ("qwen-doc-turbo",)


def file_ids(text: str) -> tuple[str, ...]:
    """The files that a system message names; () for prose."""
    if SCHEME not in text:
        return ()
    names = [name.strip() for name in text.strip().split(",")]
    for name in names:
        if not name.startswith(SCHEME):
            raise Refused(refusals.invalid_file(name[:80]))
        found = name.removeprefix(SCHEME)
        if not found or any(character.isspace() for character in found):
            raise Refused(refusals.invalid_file(found[:80]))
    return tuple(name.removeprefix(SCHEME) for name in names)


def takes_files(model: Model) -> bool:
    return "file" in model.inputs


def check_references(messages: Sequence[Message], model: Model) -> None:
    """Numbers and places; whether the files exist is the store's to say."""
    named = [file_id for message in messages for file_id in message.file_ids]
    if len(named) > (1 if model.id.startswith(ONE_FILE_MODELS) else MAX_FILES):
        raise Refused(refusals.TOO_MANY_NAMED)
    questions = [at for at, message in enumerate(messages) if message.role == "user"]
    if any(message.file_ids for message in messages[questions[-1] :]):
        raise invalid(ALGO + "File messages must come before the user message that needs them.")
    for message in messages:
        if not message.file_ids and message.tokens > MAX_PROSE_TOKENS:
            raise invalid(f"{ALGO}Range of input length should be [1, {MAX_PROSE_TOKENS}]")


def check_total(request: ChatRequest) -> None:
    if request.prompt_tokens > MAX_TOTAL_TOKENS:
        raise invalid(
            f"{ALGO}Total message token length exceed model limit ({MAX_TOTAL_TOKENS} tokens)."
        )
