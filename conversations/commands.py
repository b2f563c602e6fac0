"""What a page may say on its socket: one frame in, one checked command out.

A frame is a JSON object with a known `type`, known to have the right fields of the right types;
everything else is a `BadFrame`, which changes nothing. Ids stay text here: whether something exists is
for `access` to say, with the same answer for a made-up id as for somebody else's.

Example: `{"type": "send", "request": "r1", "conversation": null, "parent": null, "text": "Hi"}`
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

from django.utils.translation import gettext as _

from qwenchat.dashscope.texts import clean
from qwenchat.refusals import Refusal
from qwenchat.tools.declaring import MOST_ARGUMENT_DEPTH, is_deeper, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

Format = Literal["html", "text"]
FORMATS: dict[str, Format] = {"html": "html", "text": "text"}
REQUEST_CHARACTERS = 64
ID_CHARACTERS = 100
LISTED_STREAMING = 100  # unfinished answers that one page can show


class BadFrame(Refusal):
    """A frame that says nothing we understand; after too many the socket is closed."""

    def __init__(
        self, message: str, *, name: str | None = None, request: str | None = None
    ) -> None:
        super().__init__("invalid", message, field=name)
        self.request = request


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    conversation: str
    streaming: tuple[str, ...] = ()
    format: Format = "html"
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    conversation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Command):
    request: str
    conversation: str | None
    parent: str | None
    text: str
    attachments: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regenerate(Command):
    request: str
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue(Command):
    request: str
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Command):
    call: str
    approved: bool
    arguments: dict[str, Any] | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerNow(Command):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Command):
    message: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Command):
    pass


def parse(frame: str) -> Command:
    """The command in one text frame; `BadFrame` with the field's name where it is wrong."""
    try:
        content = json.loads(frame, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise BadFrame(_("This frame is not JSON.")) from None
    if not isinstance(content, dict):
        raise BadFrame(_("A frame is one JSON object."))
    fields = Fields(content)
    kind = fields.text("type", ID_CHARACTERS)
    reader = READERS.get(kind)
    if reader is None:
        fields.refuse("type", _("There is no command “%(name)s”.") % {"name": clean(kind)[:40]})
    return reader(fields)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


class Fields:
    """Reads a frame's fields, each with its type and bound."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        request = content.get("request")
        self.request: str | None = None
        if request is not None:
            if not isinstance(request, str) or not 0 < len(request) <= REQUEST_CHARACTERS:
                sentence = _("“request” is a text of 1 to %(most)d characters.")
                raise BadFrame(sentence % {"most": REQUEST_CHARACTERS}, name="request")
            self.request = clean(request)

    def refuse(self, name: str, message: str) -> NoReturn:
        raise BadFrame(message, name=name, request=self.request)

    def needed(self, name: str) -> Any:
        if name not in self.content:
            self.refuse(name, _("The field “%(name)s” is missing.") % {"name": name})
        return self.content[name]

    def mistyped(self, name: str) -> NoReturn:
        self.refuse(name, _("The field “%(name)s” has the wrong type or size.") % {"name": name})

    def text(self, name: str, characters: int) -> str:
        value = self.needed(name)
        if not isinstance(value, str) or len(value) > characters:
            self.mistyped(name)
        return value

    def optional_text(self, name: str, characters: int) -> str | None:
        return None if self.content.get(name) is None else self.text(name, characters)

    def prose(self, name: str) -> str:
        """What a person wrote: of any length here, its limit has its own error."""
        value = self.needed(name)
        if not isinstance(value, str):
            self.mistyped(name)
        return clean(value)

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        value = self.content.get(name) or []
        if not isinstance(value, list) or len(value) > most:
            self.mistyped(name)
        if not all(isinstance(item, str) and len(item) <= ID_CHARACTERS for item in value):
            self.mistyped(name)
        return tuple(value)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.content.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.mistyped(name)
        return value

    def arguments(self) -> dict[str, Any]:
        """A tool's arguments: an object, or its JSON, which keeps numbers that scripts would round."""
        value = self.content["arguments"]
        try:
            value = parsed(value if isinstance(value, str) else json.dumps(value))
        except (ValueError, RecursionError):
            self.mistyped("arguments")
        if not isinstance(value, dict) or is_deeper(value, MOST_ARGUMENT_DEPTH):
            self.mistyped("arguments")
        return cast("dict[str, Any]", cleaned(value))

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.content.get(name, default)
        if not isinstance(value, bool):
            self.mistyped(name)
        return value

    def count(self, name: str) -> int:
        value = self.needed(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.mistyped(name)
        return value

    def format(self) -> Format:
        value = self.content.get("format") or "html"
        if not isinstance(value, str) or value not in FORMATS:
            self.refuse("format", _("“format” is “html” or “text”."))
        return FORMATS[value]

    def key(self) -> str:
        """The idempotency key, which commands that store something must carry."""
        if self.request is None:
            self.refuse("request", _("The field “%(name)s” is missing.") % {"name": "request"})
        return self.request


def cleaned(value: object) -> object:
    """With every text in it as the database takes it."""
    match value:
        case str():
            return clean(value)
        case list():
            return [cleaned(each) for each in value]
        case dict():
            return {clean(name): cleaned(each) for name, each in value.items()}
    return value


def open_(fields: Fields) -> Open:
    return Open(
        request=fields.request,
        conversation=fields.text("conversation", ID_CHARACTERS),
        streaming=fields.texts("streaming", LISTED_STREAMING),
        format=fields.format(),
        cut=fields.flag("cut", default=False),
    )


def send(fields: Fields) -> Send:
    return Send(
        request=fields.key(),
        conversation=fields.optional_text("conversation", ID_CHARACTERS),
        parent=fields.optional_text("parent", ID_CHARACTERS),
        text=fields.prose("text"),
        attachments=fields.texts("attachments", 1000),
        options=fields.mapping("options"),
        cut=fields.flag("cut", default=False),
    )


def again(kind: type[Regenerate] | type[Continue]) -> Callable[[Fields], Command]:
    def read(fields: Fields) -> Command:
        return kind(
            request=fields.key(),
            message=fields.text("message", ID_CHARACTERS),
            options=fields.mapping("options"),
            cut=fields.flag("cut", default=False),
        )

    return read


READERS: dict[str, Callable[[Fields], Command]] = {
    "open": open_,
    "close": lambda fields: Close(
        request=fields.request, conversation=fields.text("conversation", ID_CHARACTERS)
    ),
    "send": send,
    "regenerate": again(Regenerate),
    "continue": again(Continue),
    "stop": lambda fields: Stop(
        request=fields.request, message=fields.text("message", ID_CHARACTERS)
    ),
    "approve": lambda fields: Approve(
        request=fields.request,
        call=fields.text("call", ID_CHARACTERS),
        approved=fields.flag("approved", default=False),
        arguments=fields.arguments() if fields.content.get("arguments") is not None else None,
        cut=fields.flag("cut", default=False),
    ),
    "answer_now": lambda fields: AnswerNow(
        request=fields.request, message=fields.text("message", ID_CHARACTERS)
    ),
    "seen": lambda fields: Seen(
        request=fields.request,
        message=fields.text("message", ID_CHARACTERS),
        seq=fields.count("seq"),
    ),
    "ping": lambda fields: Ping(request=fields.request),
}
