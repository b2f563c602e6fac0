"""What a question brings along: whose it is, whether it can reach the models, and how that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from attachments import access, plans, removal, wishes
from attachments.models import Attachment, Kind
from qwenchat import refusals
from qwenchat.refusals import NotFound, Refusal

from . import branches, offered, routing
from .models import MessageAttachment
from .routing import Brought

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any
    from uuid import UUID

    from django.contrib.auth.models import User

    from attachments.plans import Plan

    from .models import Conversation, Message
    from .options import Options
    from .routing import Chosen

EARLIER = 40  # messages of the branch that are looked through for what `auto` should know of


def taken(
    user: User, ids: Sequence[str], options: Options, like: Message | None = None
) -> list[Brought]:
    """The person's own attachments, locked until the message stands, with what is wanted of each: as this
    command says, else as the question has it that is asked again in other words (`like`)."""
    most = settings.LIMITS.attachments_per_message
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > most:
        sentence = _("Up to %(most)d files fit into one message. Remove some of them.")
        raise Refusal("invalid", sentence % {"most": most}, field="attachments")
    try:
        found = access.attachments_for(user, wanted)
    except NotFound:
        raise gone() from None
    # A deletion at the same moment waits, and then finds them used.
    locked = Attachment.objects.select_for_update().filter(id__in=[each.id for each in found])
    if len(locked) < len(found):
        raise gone()
    known = {str(attachment.id) for attachment in found}
    if not known.issuperset(options.deliveries):
        raise refusals.not_found()
    before = {
        each.attachment.id: each
        for each in of(like, options)
        if str(each.attachment.id) not in options.deliveries
    }
    return [
        before.get(attachment.id) or Brought(attachment, options.wish_of(attachment))
        for attachment in found
    ]


def gone() -> Refusal:
    return Refusal(
        "not_found",
        _("One of the files is not here any more. Remove it or attach it again."),
        field="attachments",
    )


def of(question: Message | None, options: Options) -> list[Brought]:
    """What a stored question brought."""
    if question is None:
        return []
    rows = question.attached.select_related("attachment__file")
    return [Brought(row.attachment, options.wish_for(row), is_stored=True) for row in rows]


def earlier(conversation: Conversation, leaf: UUID | None) -> list[Brought]:
    """What the newest messages of the branch brought; costs one small query where nothing ever was."""
    if leaf is None or not has_any(conversation):
        return []
    messages = branches.last_messages(conversation, leaf, EARLIER)
    rows = MessageAttachment.objects.filter(message__in=[message.id for message in messages])
    return [
        Brought(row.attachment, wishes.wish(row.delivery), is_stored=True)
        for row in rows.select_related("attachment__file")
    ]


def has_any(conversation: Conversation) -> bool:
    return MessageAttachment.objects.filter(message__conversation=conversation).exists()


# ---- whether it can be sent -------------------------------------------------------------------------


def check(models: Sequence[Chosen], brought: Sequence[Brought], options: Options) -> None:
    """`Refusal` for what cannot reach a model; the composer says the same before (`planning`)."""
    for chosen in models:
        problem = problem_with(chosen.model, brought, options)
        if problem is not None:
            raise problem


def problem_with(model: str, brought: Sequence[Brought], options: Options) -> Refusal | None:
    """Why these attachments cannot go to this model as they are wanted; None when they can."""
    if options.task == "ocr" and (refusal := problem_with_task(model, brought, options)):
        return refusal
    tokens = 0
    for each in brought:
        attachment = each.attachment
        if attachment.error is not None:
            return Refusal("unreadable", about(attachment, attachment.error.message), field=FIELD)
        plan = routing.plan_for(each, model, options)
        if not plan.is_possible:
            code = "busy" if plan.reason == "not_ready" else "invalid"
            return Refusal(code, about(attachment, plan.sentence), field=FIELD)  # type: ignore[arg-type]
        tokens += 0 if plan.way in ("file", "ocr") else (plan.tokens or 0)
    row = routing.row_for(model)
    room = row.max_input_tokens or row.context_tokens
    if tokens > room:
        sentence = _("Together these files take about %(tokens)d tokens; %(model)s takes %(room)d.")
        facts = {"tokens": tokens, "model": model, "room": room}
        return Refusal("invalid", sentence % facts, field=FIELD)
    return None


FIELD = "attachments"


def problem_with_task(model: str, brought: Sequence[Brought], options: Options) -> Refusal | None:
    """OCR needs something to read, no more pages than one answer takes, and for its tasks a model that
    knows them."""
    if not brought:
        return Refusal("invalid", _("OCR needs a picture or a PDF. Attach one."), field=FIELD)
    found = offered.find(model)
    if options.ocr_task is not None and not routing.is_native(options):
        sentence = _("The tasks of OCR need the service’s own protocol, which is not used here.")
        return Refusal("invalid", sentence, field="options.ocr_task")
    if options.ocr_task is not None and (found is None or "ocr" not in found.abilities):
        sentence = _("%(model)s does not know this task. Choose Auto or a model for OCR.")
        return Refusal("invalid", sentence % {"model": model}, field="options.ocr_task")
    pages = sum(page_count(each) for each in brought)
    most = settings.LIMITS.pages_per_answer
    if pages > most:
        sentence = _("Together that is %(pages)d pages; up to %(most)d are read at once.")
        return Refusal("invalid", sentence % {"pages": pages, "most": most}, field=FIELD)
    return None


def page_count(brought: Brought) -> int:
    if brought.attachment.kind == Kind.DOCUMENT:
        return len(plans.pages_of(brought.attachment, brought.wish))
    return 1


def about(attachment: Attachment, sentence: str) -> str:
    return _("%(name)s: %(problem)s") % {"name": attachment.name, "problem": sentence}


# ---- how it is kept ---------------------------------------------------------------------------------


def keep(question: Message, brought: Iterable[Brought], model: str, options: Options) -> None:
    """Stores the attachments with the question, each with the way that it goes."""
    MessageAttachment.objects.bulk_create(
        MessageAttachment(
            message=question,
            attachment=each.attachment,
            position=position,
            delivery=decided(each, routing.plan_for(each, model, options), model),
        )
        for position, each in enumerate(brought)
    )


def decided(brought: Brought, plan: Plan, model: str) -> dict[str, Any]:
    """What was wished, and what was chosen where nothing was: the very frames, the very pages."""
    found = brought.wish.as_json() | {"as": plan.way}
    if plan.way == "frames":
        row = routing.row_for(model)
        found["times"] = plans.times_of(brought.attachment, brought.wish, model=row)
    elif plan.way == "ocr" and brought.attachment.kind == Kind.DOCUMENT:
        found["pages"] = plans.pages_of(brought.attachment, brought.wish)
    return found


def attachments_of(messages: Iterable[UUID] | Any) -> list[UUID]:
    """The attachments of these messages, to be looked after once they are deleted."""
    rows = MessageAttachment.objects.filter(message__in=messages)
    return list(rows.values_list("attachment_id", flat=True).distinct())


def let_go(attachments: Sequence[UUID]) -> None:
    """Deletes what nothing uses any more."""
    if attachments:
        removal.delete_unused(attachments)
