"""What a person may choose for one answer, checked before anything is stored.

`Options` are the protocol's `options`: unknown names are refused by name, values by type here and by range
against the catalogue (`qwenchat.dashscope.payloads`), so that nothing reaches the service which it would
refuse anyway.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.utils.translation import gettext as _

from attachments import wishes
from attachments.sampling import FPS_RANGE
from attachments.wishes import Wish
from qwenchat.dashscope import payloads
from qwenchat.dashscope.payloads.thinking import EFFORTS
from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attachments.models import Attachment

    from .commands import Format
    from .models import MessageAttachment

MODELS_AT_ONCE = (2, 4)
OCR_TASKS = payloads.TASKS
SCHEMA_CHARACTERS = 20_000
MOST_TOOLS = 64
TOOL_CHARACTERS = 64
SYSTEM_CHARACTERS = 100_000
MODEL_CHARACTERS = 100
STOPS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """One answer's choices; None means "as the model does by itself"."""

    model: str | None = None
    models: tuple[str, ...] = ()
    system: str | None = None
    thinking: bool | None = None
    thinking_budget: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: str | tuple[str, ...] | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    preserve_thinking: bool | None = None
    search: bool | dict[str, Any] | None = None
    tools: tuple[str, ...] | None = None
    tool_choice: str | None = None
    protocol: Literal["auto", "compatible", "native"] = "auto"
    task: Literal["chat", "ocr"] = "chat"
    ocr_task: str | None = None
    ocr_schema: dict[str, Any] | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    frames: int | None = None
    fps: float | None = None
    deliveries: dict[str, Wish] = field(default_factory=dict)
    again_pages: tuple[int, ...] = ()
    again_of: str | None = None
    code_interpreter: bool = False
    timezone: str | None = None
    format: Format | None = None

    def as_json(self) -> dict[str, Any]:
        """What is stored with the answer: only what was chosen."""
        chosen: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in ("format", "deliveries") or value == each.default:
                continue
            chosen[each.name] = list(value) if isinstance(value, tuple) else value
        if self.deliveries:
            chosen["deliveries"] = {id_: wish.as_json() for id_, wish in self.deliveries.items()}
        return chosen

    def sampling(self) -> dict[str, Any]:
        """The choices that go to the service's request under their own names."""
        names = (
            "temperature",
            "top_p",
            "top_k",
            "presence_penalty",
            "repetition_penalty",
            "max_tokens",
            "seed",
            "response_format",
            "reasoning_effort",
            "preserve_thinking",
        )
        chosen = {name: getattr(self, name) for name in names}
        chosen["stop"] = list(self.stop) if isinstance(self.stop, tuple) else self.stop
        return {name: value for name, value in chosen.items() if value is not None}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Options:
        """What `as_json` gave."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        if "deliveries" in values:
            chosen = values["deliveries"].items()
            values["deliveries"] = {id_: wishes.wish(wanted) for id_, wanted in chosen}
        return cls(**values)

    def for_model(self, model: str) -> Options:
        return replace(self, model=model)

    def wish_for(self, attached: MessageAttachment) -> Wish:
        """What is wanted of a stored attachment: as this answer's options say, else as its question's."""
        return self.deliveries.get(str(attached.attachment_id)) or wishes.wish(attached.delivery)

    def wish_of(self, attachment: Attachment) -> Wish:
        """What is wanted of an attachment that is being sent now."""
        chosen = self.deliveries.get(str(attachment.id)) or Wish()
        is_plain = not (chosen.count or chosen.fps or chosen.times)
        if attachment.kind == "video" and is_plain and (self.frames or self.fps):
            return replace(chosen, count=self.frames, fps=self.fps)
        if attachment.kind == "image" and self.task == "chat" and not chosen.has_pixels:
            return replace(chosen, min_pixels=self.min_pixels, max_pixels=self.max_pixels)
        return chosen


# Kept with an answer, and not for a command to say.
OURS = frozenset({"again_of", "code_interpreter", "timezone"})


def checked(raw: dict[str, Any]) -> Options:
    """The options in a command; `Refusal` `invalid` with the field `options.<name>` where one is wrong."""
    known = {field.name for field in fields(Options)} - OURS
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in known:
            sentence = _("There is no option “%(name)s”.")
            raise wrong(str(name)[:40], sentence % {"name": str(name)[:40]})
        if value is not None:
            values[name] = CHECKS[name](name, value)
    return Options(**values)


def wrong(name: str, message: str) -> Refusal:
    return Refusal("invalid", message, field=f"options.{name}")


def mistyped(name: str) -> Refusal:
    sentence = _("The option “%(name)s” has the wrong type or size.")
    return wrong(name, sentence % {"name": name})


def text(limit: int) -> Any:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or (not value.isprintable() and limit == MODEL_CHARACTERS):
            raise mistyped(name)
        if len(value) > limit:
            raise mistyped(name)
        return value

    return check


def system(name: str, value: Any) -> str:
    """A system prompt. File ids hold for the whole account, so nobody may write one by hand: it could be
    somebody else's file."""
    checked = str(text(SYSTEM_CHARACTERS)(name, value))
    if "fileid://" in checked:
        raise wrong(name, _("A system prompt cannot name files. Attach them to the message."))
    return checked


def boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise mistyped(name)
    return value


def whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise mistyped(name)
    return value


def number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9:
        raise mistyped(name)
    return value


def models(name: str, value: Any) -> tuple[str, ...]:
    least, most = MODELS_AT_ONCE
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise mistyped(name)
    if not least <= len(value) <= most or len(set(value)) != len(value):
        sentence = _("Choose %(least)d to %(most)d different models to ask at once.")
        raise wrong(name, sentence % {"least": least, "most": most})
    return tuple(value)


def stops(name: str, value: Any) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if (
        not isinstance(value, list)
        or len(value) > STOPS
        or not all(isinstance(item, str) and item for item in value)
    ):
        raise mistyped(name)
    return tuple(value)


def response_format(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise mistyped(name)
    return value


def within(least: float, most: float, *, is_whole: bool) -> Any:
    def check(name: str, value: Any) -> float:
        checked = (whole if is_whole else number)(name, value)
        if not least <= checked <= most:
            sentence = _("“%(name)s” is between %(least)s and %(most)s.")
            raise wrong(name, sentence % {"name": name, "least": least, "most": most})
        return checked

    return check


def schema(name: str, value: Any) -> dict[str, Any]:
    """The fields that key information extraction looks for: names with hints, nested up to three deep."""
    if not isinstance(value, dict) or len(json.dumps(value)) > SCHEMA_CHARACTERS:
        raise mistyped(name)
    return value


def deliveries(name: str, value: Any) -> dict[str, Wish]:
    """By attachment id; whose they are is checked where the attachments are looked up."""
    if not isinstance(value, dict) or len(value) > settings.LIMITS.attachments_per_message:
        raise mistyped(name)
    if not all(isinstance(wanted, dict) for wanted in value.values()):
        raise mistyped(name)
    return {str(id_): wishes.wish(wanted) for id_, wanted in value.items()}


def pages(name: str, value: Any) -> tuple[int, ...]:
    checked = wishes.CHECKS["pages"](value)
    if checked is None:
        raise mistyped(name)
    return tuple(checked)


def one_of(*allowed: str) -> Any:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            sentence = _("“%(name)s” is one of: %(allowed)s.")
            raise wrong(name, sentence % {"name": name, "allowed": ", ".join(allowed)})
        return str(value)

    return check


def search(name: str, value: Any) -> bool | dict[str, Any]:
    """Yes, no, or the service's `search_options`; their values are checked where the request is built."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict) or len(json.dumps(value)) > SCHEMA_CHARACTERS:
        raise mistyped(name)
    return value


def tools(name: str, value: Any) -> tuple[str, ...]:
    """Names of tools; whether they are offered is checked where they are looked up."""
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise mistyped(name)
    if not all(isinstance(item, str) and len(item) <= TOOL_CHARACTERS for item in value):
        raise mistyped(name)
    return tuple(dict.fromkeys(value))


CHECKS: dict[str, Any] = {
    "model": text(MODEL_CHARACTERS),
    "models": models,
    "system": system,
    "thinking": boolean,
    "thinking_budget": whole,
    "temperature": number,
    "top_p": number,
    "top_k": whole,
    "presence_penalty": number,
    "repetition_penalty": number,
    "max_tokens": whole,
    "seed": whole,
    "stop": stops,
    "response_format": response_format,
    "reasoning_effort": one_of(*EFFORTS),
    "preserve_thinking": boolean,
    "search": search,
    "tools": tools,
    "tool_choice": text(TOOL_CHARACTERS),
    "protocol": one_of("auto", "compatible", "native"),
    "task": one_of("chat", "ocr"),
    "ocr_task": one_of(*OCR_TASKS),
    "ocr_schema": schema,
    "min_pixels": within(1, wishes.MOST_PIXELS, is_whole=True),
    "max_pixels": within(1, wishes.MOST_PIXELS, is_whole=True),
    "frames": within(1, wishes.MOST_FRAMES, is_whole=True),
    "fps": within(*FPS_RANGE, is_whole=False),
    "deliveries": deliveries,
    "again_pages": pages,
    "format": one_of("html", "text"),
}
