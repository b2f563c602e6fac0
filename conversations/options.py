"""What a person may choose for one answer, checked before anything is stored.

`Options` are the protocol's `options`: unknown names are refused by name, values by type here and by range
against the catalogue (`qwenchat.dashscope.payloads`), so that nothing reaches the service which it would
refuse anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _

from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from .commands import Format

MODELS_AT_ONCE = (2, 4)
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
    protocol: Literal["auto", "compatible", "native"] = "auto"
    format: Format | None = None

    def as_json(self) -> dict[str, Any]:
        """What is stored with the answer: only what was chosen."""
        chosen: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default and field.name != "format":
                chosen[field.name] = list(value) if isinstance(value, tuple) else value
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
        )
        chosen = {name: getattr(self, name) for name in names}
        chosen["stop"] = list(self.stop) if isinstance(self.stop, tuple) else self.stop
        return {name: value for name, value in chosen.items() if value is not None}

    def for_model(self, model: str) -> Options:
        return replace(self, model=model)


# What the interface names but this version does not do yet: only the value that means "without it".
LATER: dict[str, tuple[Any, ...]] = {
    "search": (False, None),
    "tools": (None, []),
    "task": ("chat", None),
    "ocr_task": (None,),
    "min_pixels": (None,),
    "max_pixels": (None,),
    "frames": (None,),
    "fps": (None,),
}


def checked(raw: dict[str, Any]) -> Options:
    """The options in a command; `Refusal` `invalid` with the field `options.<name>` where one is wrong."""
    known = {field.name for field in fields(Options)}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name in LATER:
            if value not in LATER[name]:
                sentence = _("“%(name)s” is not available on this server yet.")
                raise wrong(name, sentence % {"name": name})
            continue
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


def one_of(*allowed: str) -> Any:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            sentence = _("“%(name)s” is one of: %(allowed)s.")
            raise wrong(name, sentence % {"name": name, "allowed": ", ".join(allowed)})
        return str(value)

    return check


CHECKS: dict[str, Any] = {
    "model": text(MODEL_CHARACTERS),
    "models": models,
    "system": text(SYSTEM_CHARACTERS),
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
    "protocol": one_of("auto", "compatible", "native"),
    "format": one_of("html", "text"),
}
