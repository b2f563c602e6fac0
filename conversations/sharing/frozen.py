"""A branch as it is kept for a link: rows in, plain JSON out. Nothing changes it any more.

What is not to be shown is not in it: no owner, no ids but those of files that are shared, no system prompt,
no requests, no figures, and of tool calls and thinking only what was chosen. An answer's HTML is kept as it
was drawn, so that a newer renderer changes nothing; `shown` makes it all into a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from attachments.models import Kind
from conversations import presenting
from conversations.models import Role, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from attachments.models import Attachment
    from conversations.models import Message, ToolCall

VERSION = 1
End = Literal["", "stopped", "interrupted", "length", "failed"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes into the copy beside questions and answers, and for how many days (None: until ended).

    `title`: what stands above it, if that is not to be the conversation's.
    """

    thinking: bool = False
    details: bool = False
    files: bool = False
    days: int | None = None
    title: str | None = None


class FrozenFile(TypedDict):
    """`id` only where the file is shared; then it has a picture, and `whole` says that it is one."""

    name: str
    kind: str
    id: NotRequired[str]
    whole: NotRequired[bool]


class FrozenCall(TypedDict):
    name: str
    status: str
    code: str
    decision: str
    by_service: bool
    arguments: NotRequired[Any]
    result: NotRequired[str]


class FrozenStructure(TypedDict):
    """JSON that was asked for: its text, `json_object` or `json_schema`, and whether it did fit that."""

    text: str
    kind: str
    fits: bool


class FrozenQuestion(TypedDict):
    role: Literal["user"]
    text: str
    files: list[FrozenFile]


class FrozenAnswer(TypedDict):
    role: Literal["assistant"]
    model: str
    html: str
    end: End
    sources: list[dict[str, Any]]
    searched: str
    calls: list[FrozenCall]
    structure: FrozenStructure | None
    reasoning: NotRequired[str]
    reasoning_ms: NotRequired[int | None]


FrozenMessage = FrozenQuestion | FrozenAnswer


class Frozen(TypedDict):
    """`sandbox`: the answers came from the offline sandbox, whatever model they name."""

    version: int
    sandbox: bool
    messages: list[FrozenMessage]


def freeze(
    messages: Iterable[Message], choice: Choice, *, prose: Callable[[Message], str]
) -> list[FrozenMessage]:
    """Messages of one branch, in order; whoever calls has fetched what belongs to them."""
    return [
        frozen_question(message, choice)
        if message.role == Role.USER
        else frozen_answer(message, choice, prose(message))
        for message in messages
    ]


def whole(messages: list[FrozenMessage], *, sandbox: bool) -> Frozen:
    return {"version": VERSION, "sandbox": sandbox, "messages": messages}


def frozen_question(message: Message, choice: Choice) -> FrozenQuestion:
    files = [frozen_file(one.attachment, choice) for one in message.attached.all()]
    return {"role": "user", "text": message.text, "files": files}


def frozen_file(attachment: Attachment, choice: Choice) -> FrozenFile:
    """Its name; with the files also which one it is, if there is anything of it to look at."""
    kept: FrozenFile = {"name": attachment.name, "kind": attachment.kind}
    if choice.files and attachment.thumbnail_url:
        kept |= {"id": str(attachment.id), "whole": attachment.kind == Kind.IMAGE}
    return kept


def frozen_answer(message: Message, choice: Choice, html: str) -> FrozenAnswer:
    kept: FrozenAnswer = {
        "role": "assistant",
        "model": message.model,
        "html": html,
        "end": end_of(message),
        "sources": [
            {name: source.get(name) for name in ("index", "title", "url", "site")}
            for source in message.sources
        ],
        "searched": presenting.search_word(message),
        "calls": [frozen_call(call, choice) for call in message.calls.all()],
        "structure": frozen_structure(message),
    }
    if choice.thinking and message.reasoning:
        kept |= {"reasoning": message.reasoning, "reasoning_ms": message.reasoning_ms}
    return kept


def frozen_call(call: ToolCall, choice: Choice) -> FrozenCall:
    kept: FrozenCall = {
        "name": call.name,
        "status": call.status,
        "code": call.code,
        "decision": call.decision,
        "by_service": call.by_service,
    }
    if choice.details:
        arguments = call.arguments if call.edited is None else call.edited
        kept |= {"arguments": arguments, "result": call.result}
    return kept


def frozen_structure(message: Message) -> FrozenStructure | None:
    found = presenting.structure_of(message)
    if found is None:
        return None
    # What did not fit is left out: the sentences quote the schema, which belongs to the request.
    kind = str(message.options["response_format"]["type"])
    return {"text": message.text, "kind": kind, "fits": found.fits}


def end_of(message: Message) -> End:
    """Why the answer is not whole; "" when it is. The service's reasons stay with its owner."""
    match message.status:
        case Status.STOPPED:
            return "stopped"
        case Status.INTERRUPTED:
            return "interrupted"
        case Status.COMPLETE if message.text:
            return "length" if message.finish_reason == "length" else ""
        case Status.FAILED if message.text:
            return "interrupted"
    return "failed"


def shared_files(frozen: Frozen) -> list[FrozenFile]:
    """The files that can be looked at, in the order of their numbers."""
    return [
        file
        for message in frozen["messages"]
        if message["role"] == "user"
        for file in message["files"]
        if "id" in file
    ]
