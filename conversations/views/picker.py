"""The model picker: what is offered, in groups, with what each model can do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations import offered, routing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conversations.offered import OfferedModel

ICONS = {
    "images": "eye",
    "video": "film",
    "documents": "file",
    "tools": "tool",
    "search": "globe",
    "thinking": "think",
    "ocr": "scan",
}


@dataclass(frozen=True, slots=True)
class Ability:
    icon: str
    label: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One row. `search` is what the filter looks through, `thinking` how the model thinks, `can` the names
    of what the composer switches on for it, `budget` the most tokens that it may think."""

    id: str
    name: str
    description: str
    abilities: tuple[Ability, ...]
    spoken: str
    thinking: str
    search: str
    is_chosen: bool
    can: str
    budget: int | None


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    models: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Picker:
    """The rows, the chosen one, those to ask together; whether the chosen can think, and does."""

    groups: tuple[Group, ...]
    chosen: Choice
    several: tuple[Choice, ...]
    button_label: str
    legend: tuple[Ability, ...]
    can_think: bool
    thinking_note: str
    thinks: bool


def picker(chosen: str) -> Picker:
    """The picker with the model `chosen`, or `auto` where it is empty or no longer offered.

    Where there is one model there is nothing to pick from: it stands there by its name.
    """
    models = offered.models()
    known = {model.id for model in models}
    alone = models[0].id if len(models) == 1 else None
    current = alone or (chosen if chosen in known else offered.AUTO)
    groups = [] if alone else [Group("", (auto(models, current),))]
    for key, members in groupby(models, lambda model: model.group):
        rows = tuple(choice(model, model.id == current) for model in members)
        groups.append(Group(group_label(key), rows))
    rows = tuple(row for group in groups for row in group.models)
    selected = next(row for row in rows if row.is_chosen)
    used = {name for model in models for name in model.abilities}
    return Picker(
        groups=merged(groups),
        chosen=selected,
        several=rows[1:] if len(rows) > 2 else (),
        button_label=_("Model: %(model)s. Change model") % {"model": selected.name},
        legend=tuple(abilities(used)),
        can_think=selected.thinking.startswith("hybrid"),
        thinking_note=thinking_note(selected.thinking),
        thinks=selected.thinking in ("hybrid_on", "always"),
    )


def thinking_note(thinking: str) -> str:
    """Why thinking cannot be chosen, where it cannot."""
    match thinking:
        case "none":
            return _("This model does not think before it answers")
        case "always":
            return _("This model always thinks before it answers")
        case _:
            return ""


def merged(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups of one label together, in the order of their first row."""
    rows: dict[str, tuple[Choice, ...]] = {}
    for group in groups:
        rows[group.label] = rows.get(group.label, ()) + group.models
    return tuple(Group(label, models) for label, models in rows.items())


def auto(models: list[OfferedModel], current: str) -> Choice:
    default = offered.default_model()
    behind = next((model for model in models if model.id == default), None)
    name = pgettext("model", "Auto")
    return Choice(
        id=offered.AUTO,
        name=name,
        description=_("Picks the model: %(model)s for text") % {"model": default},
        abilities=tuple(abilities(behind.abilities if behind else ())),
        spoken=spoken(behind.abilities if behind else ()),
        thinking=behind.thinking if behind else "none",
        search=f"auto {name}".lower(),
        is_chosen=current == offered.AUTO,
        can=can(default),
        budget=behind.max_thinking_tokens if behind else None,
    )


def choice(model: OfferedModel, is_chosen: bool) -> Choice:
    summary = _(model.summary).rstrip(".。") if model.summary else ""
    facts = [summary, context(model.context_tokens)]
    return Choice(
        id=model.id,
        name=model.name,
        description=" · ".join(fact for fact in facts if fact),
        abilities=tuple(abilities(model.abilities)),
        spoken=spoken(model.abilities),
        thinking=model.thinking,
        search=f"{model.id} {model.name}".lower(),
        is_chosen=is_chosen,
        can=can(model.id),
        budget=model.max_thinking_tokens,
    )


def can(model: str) -> str:
    """What the composer may switch on for this model, as words: tools search json schema effort thoughts
    interpreter.

    The same row decides what reaches the request, also for a model at another server.
    """
    row = routing.row_for(model)
    found = {
        "tools": row.tools,
        "search": row.search,
        "json": row.json_mode or row.json_schema,
        "schema": row.json_schema,
        "effort": row.effort,
        "thoughts": row.keeps_thoughts,
        "interpreter": row.code_interpreter,
    }
    return " ".join(name for name, has in found.items() if has)


def abilities(names: Iterable[str]) -> Iterable[Ability]:
    labels = {
        "images": (_("Images"), _("images")),
        "video": (_("Video"), _("video")),
        "documents": (_("Documents"), _("documents")),
        "tools": (_("Tools"), _("tools")),
        "search": (_("Search"), _("web search")),
        "thinking": (_("Thinking"), _("thinking")),
        "ocr": (_("OCR"), _("reading text in pictures")),
    }
    wanted = set(names)
    for name, (label, said) in labels.items():
        if name in wanted:
            yield Ability(ICONS[name], label, said)


def spoken(names: Iterable[str]) -> str:
    said = ", ".join(ability.spoken for ability in abilities(names))
    return _("Understands: %(abilities)s") % {"abilities": said} if said else ""


def context(tokens: int) -> str:
    """`1M context`, `128k context`: tokens in thousands and millions, as the service counts."""
    if not tokens:
        return ""
    if tokens >= 1_000_000:
        size = f"{tokens / 1_000_000:.1f}".removesuffix(".0") + "M"
    elif tokens % 1024 == 0:
        size = f"{tokens // 1024}k"
    else:
        size = f"{round(tokens / 1000)}k"
    return _("%(size)s context") % {"size": size}


def group_label(key: str) -> str:
    labels = {
        "chat": _("General"),
        "vision": _("Sees images and video"),
        "reasoning": _("Always thinks first"),
        "code": _("Code"),
        "document": _("Long documents"),
        "ocr": _("Reads text in pictures"),
        "omni": _("Hears and speaks"),
        "translation": _("Translation"),
        "roleplay": _("Plays a part"),
        "other": _("Models of this server"),
    }
    return labels.get(key, key)
