"""What would be sent, before it is: which model answers and why, how each file reaches it, what it costs.

The same functions decide that decide when the message is sent, so the composer tells the truth. Nothing is
stored and nothing is asked of the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attachments import plans
from attachments.models import Kind
from qwenchat.dashscope import catalogue

from . import branches, bringing, context, estimates, offered, routing, service
from .models import Conversation, Message, Role
from .pieces import Frames, Pages, Picture, Video

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from attachments.plans import Plan
    from qwenchat.dashscope import Model

    from .options import Options
    from .routing import Brought, Chosen

CURRENCIES = {"CNY": "¥", "USD": "$"}


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan as the composer gets it."""

    models: tuple[Chosen, ...]
    brought: tuple[Brought, ...]
    options: Options
    tokens: int
    history: str
    problem: Any

    def as_json(self) -> dict[str, Any]:
        model = self.models[0].model
        rows = {str(each.attachment.id): row_of(each, model, self.options) for each in self.brought}
        return {
            "models": [
                {"id": each.model, "name": each.model, "why": routing.explain(each)}
                for each in self.models
            ],
            "attachments": rows,
            "tokens": self.tokens,
            "total": total(model, self.tokens) if self.brought or self.history else "",
            "history": self.history,
            "problem": None
            if self.problem is None
            else {"message": self.problem.message, "field": self.problem.field},
        }


def plan(
    conversation: Conversation | None,
    leaf: UUID | None,
    text: str,
    options: Options,
    brought: Sequence[Brought],
) -> Planned:
    """The plan for a question that would follow `leaf`. Raises no refusal: what stands in the way is said."""
    earlier = bringing.earlier(conversation, leaf) if conversation else []
    models = routing.models_for(options, conversation, [*brought, *earlier])
    problem = next(
        (
            found
            for each in models
            if (found := bringing.problem_with(each.model, brought, options))
        ),
        None,
    )
    again = Again(models[0].model, options) if earlier and options.task == "chat" else None
    sentence = again.sentence(conversation, leaf) if again and conversation else ""
    chosen = [routing.plan_for(each, models[0].model, options) for each in brought]
    tokens = sum(way.tokens or 0 for way in chosen if way.is_possible)
    tokens += again.tokens if again else 0
    tokens += estimates.estimated_tokens(text) if text else 0
    return Planned(models, tuple(brought), options, tokens, sentence, problem)


class Again:
    """The pictures and videos of earlier questions that would be sent again."""

    def __init__(self, model: str, options: Options) -> None:
        self.shown = context.Shown(Message(role=Role.ASSISTANT, model=model), options)
        self.tokens = 0
        self.count = 0

    def sentence(self, conversation: Conversation, leaf: UUID | None) -> str:
        left_out = 0
        for message in branches.backwards(conversation, leaf, context.PAGE):
            for attached in self.shown.by(message):
                if attached.attachment.kind == Kind.DOCUMENT:
                    continue
                piece, tokens = self.shown.piece(attached, is_earlier=True)
                if isinstance(piece, Picture | Frames | Video | Pages):
                    self.tokens += tokens
                    self.count += 1
                else:
                    left_out += 1
        return self.words(left_out)

    def words(self, left_out: int) -> str:
        if not self.count and not left_out:
            return ""
        sent = ngettext(
            "%(count)d earlier picture or video is sent again, about %(tokens)s tokens.",
            "%(count)d earlier pictures or videos are sent again, about %(tokens)s tokens.",
            self.count,
        ) % {"count": self.count, "tokens": counted(self.tokens)}
        if not left_out:
            return sent
        kept = ngettext(
            "%(count)d is not sent again.", "%(count)d are not sent again.", left_out
        ) % {"count": left_out}
        return f"{sent} {kept}" if self.count else kept


# ---- one attachment ---------------------------------------------------------------------------------


def row_of(brought: Brought, model: str, options: Options) -> dict[str, Any]:
    row = routing.row_for(model)
    found = plans.plans(brought.attachment, row, brought.wish, task=options.task)
    chosen = routing.plan_for(brought, model, options)
    trouble = brought.attachment.error
    return {
        "as": chosen.way,
        "label": label(brought, chosen, row),
        "short": short(brought, chosen),
        "tokens": chosen.tokens,
        "message": trouble.message if trouble else chosen.sentence,
        "ways": [
            {
                "as": each.way,
                "name": name_of(brought, each.way),
                "label": label(brought, each, row),
                "tokens": each.tokens,
                "count": each.count,
                "possible": each.is_possible,
                "message": each.sentence,
            }
            for each in found
        ],
        "frames": [at / 1000 for at in plans.times_of(brought.attachment, brought.wish, model=row)]
        if chosen.way == "frames" and brought.attachment.is_ready
        else [],
        "fewest": row.frames[0] if row.frames else None,
        "can_shorten": any(each.reason == "text_too_long" for each in found),
    }


def name_of(brought: Brought, way: str) -> str:
    names = {
        "image": _("As a picture"),
        "frames": _("As frames"),
        "video": _("The whole video"),
        "file": _("As a file, read by the service"),
        "text": _("As text"),
        "ocr": _("Read by OCR"),
    }
    if way == "image" and brought.attachment.kind == Kind.DOCUMENT:
        return _("Its pages as pictures")
    return names[way]


def short(brought: Brought, plan: Plan) -> str:
    """`6 frames`, `text`, `2 pages`: how it goes, in a word or two."""
    count = plan.count or 0
    match plan.way:
        case "frames":
            return ngettext("%(count)d frame", "%(count)d frames", count) % {"count": count}
        case "video":
            return _("whole video")
        case "file":
            return _("native file")
        case "text":
            return _("text, shortened") if plan.shortened else _("text")
        case "ocr" if brought.attachment.kind == Kind.IMAGE:
            return _("OCR")
        case "ocr":
            pages = ngettext("OCR, %(count)d page", "OCR, %(count)d pages", count)
            return pages % {"count": count}
        case "image" if brought.attachment.kind == Kind.DOCUMENT:
            pages = ngettext("%(count)d page as a picture", "%(count)d pages as pictures", count)
            return pages % {"count": count}
    return _("picture")


def label(brought: Brought, plan: Plan, model: Model) -> str:
    """`6 frames · about 1,850 tokens`"""
    words = short(brought, plan)
    if plan.tokens is None or not plan.is_possible:
        return words
    tokens = _("about %(tokens)s tokens") % {"tokens": counted(plan.tokens)}
    return f"{words} · {tokens}"


def total(model: str, tokens: int) -> str:
    """`about 5,230 tokens · ¥0.0052`: what the question takes, without the answer."""
    words = _("about %(tokens)s tokens") % {"tokens": counted(tokens)}
    cost = price(model, tokens)
    return f"{words} · {cost}" if cost else words


def price(model: str, tokens: int) -> str:
    """What so many tokens of input cost at the catalogue's prices; "" where nobody says."""
    row = catalogue.find(model) if offered.find(model) else None
    if row is None or not tokens or service.dialect() != "dashscope":
        return ""
    tier = catalogue.price(row, tokens, settings.QWENCHAT_REGION)
    if tier is None:
        return ""
    amount = tier.input * tokens / catalogue.M
    digits = 2 if amount >= 1 else 4
    least = Decimal(1).scaleb(-digits)
    if amount < least:
        return f"< {CURRENCIES[tier.currency]}{number_format(least, digits)}"
    return f"{CURRENCIES[tier.currency]}{number_format(amount, digits)}"


def counted(tokens: int) -> str:
    """Estimates are not told to the last digit."""
    rounded = tokens if tokens < 1000 else round(tokens, -1)
    return number_format(rounded, 0, use_l10n=True, force_grouping=True)


def brought_of(found: Iterable[Any], options: Options) -> list[Brought]:
    return [routing.Brought(attachment, options.wish_of(attachment)) for attachment in found]
