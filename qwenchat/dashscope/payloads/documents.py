"""Documents that were uploaded to the service, for the models that read files (qwen-long).

    system: You are a careful analyst.
    system: fileid://file-fe-aaa,fileid://file-fe-bbb
    user:   Compare the two documents.

The role stands first, then the files, each message either prose or references and never both; files
that come later stand before the question that needs them (Source: dashscope-api §7.2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .fields import FieldError
from .messages import Message, system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEME = "fileid://"
MOST_FILES = 100
# A text beside the files may be this long; a longer one has to become a file itself.
MOST_PLAIN_TOKENS = 9000

_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)
_REFERENCES = re.compile(r"fileid://[A-Za-z0-9_.-]+(?:\s*,\s*fileid://[A-Za-z0-9_.-]+)*", re.ASCII)


def file_messages(file_ids: Sequence[str], *, together: bool = True) -> list[Message]:
    """Give the system messages that name the files: one for all, or one for each."""
    for file_id in file_ids:
        if not _ID.fullmatch(file_id):
            raise FieldError("files", "a file's id has characters that no id has")
    _check_count(len(file_ids))
    references = [f"{SCHEME}{file_id}" for file_id in file_ids]
    if together and references:
        references = [",".join(references)]
    return [system(reference) for reference in references]


def arranged(
    dialogue: Sequence[Mapping[str, Any]],
    *,
    prompt: str | None = None,
    files: Mapping[int, Sequence[str]],
) -> list[Message]:
    """Give prompt, files and dialogue in the order that the service wants. `files` has, by the
    index in `dialogue` of the message that brought them, the ids of its files.

    Raises FieldError for a prompt that names a file by itself: ids are good for the whole account,
    so it could be somebody else's.
    """
    _check_count(sum(len(ids) for ids in files.values()))
    if prompt and SCHEME in prompt:
        raise FieldError("system", f"must not contain {SCHEME}")
    arranged = [system(prompt)] if prompt else []
    for index, message in enumerate(dialogue):
        arranged += file_messages(files.get(index, ()))
        arranged.append(dict(message))
    return arranged


def check_references(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raise FieldError for a system message that mixes prose and references, and for too many
    files."""
    count = 0
    for text in _system_texts(messages):
        if SCHEME in text:
            if not _REFERENCES.fullmatch(text.strip()):
                raise FieldError("messages", "references to files and prose must stand apart")
            count += text.count(SCHEME)
    _check_count(count)


def _check_count(count: int) -> None:
    if count > MOST_FILES:
        raise FieldError("files", f"{count} files are too many", maximum=MOST_FILES)


def _system_texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if message.get("role") == "system" and isinstance(content, str):
            yield content
