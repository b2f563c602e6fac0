"""The verbs: what people do to conversations, one transaction each.

Everything that stores something for a command takes its idempotency key: the same key again, from the
same person, stores nothing and gives the first result again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qwenchat import rates, refusals
from qwenchat.dashscope.texts import clean
from qwenchat.markup import plain
from qwenchat.refusals import Refusal

from . import access, branches, bringing, conditions, interpreter, news, offered, routing
from .models import TITLE_CHARACTERS, Command, Conversation, Message, Role, Status
from .options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.contrib.auth.models import User

    from .routing import Brought, Chosen

FIRST_TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Stored:
    """What a command stored: its `ack` (without rendered fragments), and the answers to generate.

    `answers` is empty when the command had been carried out before; else `row` is the conversation's in
    the sidebar.
    """

    ack: dict[str, Any]
    answers: tuple[UUID, ...] = ()
    row: dict[str, Any] = field(default_factory=dict)


def once(user: User, request: str, store: Callable[[], Stored]) -> Stored:
    """Carries a command out in one transaction, unless its key was used: then the first `ack` again."""
    done = Command.objects.filter(user=user, request=request).first()
    if done is not None:
        return Stored(done.ack)
    rates.spend("answers", user.pk, settings.LIMITS.answers_per_minute)
    try:
        with transaction.atomic():
            stored = store()
            Command.objects.create(user=user, request=request, ack=stored.ack)
    except IntegrityError:
        # Two sockets brought the same key at the same moment: the other one has stored it.
        first = Command.objects.filter(user=user, request=request).first()
        if first is None:
            raise
        return Stored(first.ack)
    return stored


def send(
    user: User,
    *,
    request: str,
    conversation: str | None,
    parent: str | None,
    text: str,
    options: Options,
    attachments: Sequence[str] = (),
) -> Stored:
    """Stores a question with its answer or answers, and makes them the current branch.

    `parent` is an answer to go on from, or a question to ask again in other words, beside it.
    """
    conditions.check_text(text, is_alone=not attachments)

    def store() -> Stored:
        asked_again = question_in(user, parent)
        brought = bringing.taken(user, attachments, options, asked_again)
        place = placed(user, conversation, parent, first_title(text, brought))
        earlier = bringing.earlier(place.conversation, place.parent)
        models = routing.models_for(options, place.conversation, [*brought, *earlier])
        tools = routing.named_tools(options, place.conversation)
        interpreter.check(user, [each.model for each in models], options, tools)
        conditions.check_options(models, options, text, tools)
        bringing.check(models, brought, options)
        conditions.check_room(user, len(models))
        if options.system is not None:
            place.conversation.system = options.system
        if options.tools is not None:
            place.conversation.tools = list(options.tools)
        question = add(
            place.conversation,
            parent=place.parent,
            role=Role.USER,
            text=text,
            status=Status.COMPLETE,
        )
        bringing.keep(question, brought, models[0].model, options)
        chosen = replace(options, deliveries={})  # they stand with the question from now on
        answers = [
            add_answer(place.conversation, question.id, each.model, chosen, tools)
            for each in models
        ]
        move(place.conversation, leaf=answers[0], model=chosen_model(options, models))
        return stored(request, place.conversation, [question, *answers])

    return once(user, request, store)


def question_in(user: User, parent: str | None) -> Message | None:
    """The question that is asked again beside itself, if `parent` is one."""
    if parent is None:
        return None
    try:
        found = access.message_for(user, parent)
    except access.NotFound:
        raise refusals.not_found() from None
    return found if found.role == Role.USER else None


@dataclass(frozen=True, slots=True)
class Place:
    conversation: Conversation
    parent: UUID | None


def placed(user: User, conversation: str | None, parent: str | None, title: str) -> Place:
    """Where a new question goes; its conversation is locked, or made now."""
    if conversation is None:
        if parent is not None:
            raise refusals.not_found()
        return Place(started(user, title), None)
    found = locked(user, conversation)
    if parent is None:
        after = Message.objects.filter(id=found.leaf_id).first() if found.leaf_id else None
    else:
        after = message_in(found, parent)
    if after is None:
        return Place(found, None)
    if after.is_running:
        raise conditions.busy()
    if after.role == Role.USER and parent is not None:
        return Place(found, after.parent_id)
    return Place(found, after.id)


def regenerate(user: User, *, request: str, message: str, options: Options) -> Stored:
    """Stores another answer beside this one and makes it the current branch."""

    def store() -> Stored:
        first = answer_for(user, message)
        if first.is_running:
            raise conditions.busy()
        conversation = locked(user, first.conversation_id)
        chosen = reading_again(first, options)
        brought = bringing.of(first.parent, chosen)
        earlier = bringing.earlier(conversation, first.parent_id)
        models = routing.models_for(chosen, conversation, [*brought, *earlier], again=first.model)
        tools = routing.named_tools(chosen, conversation)
        interpreter.check(user, [each.model for each in models], chosen, tools)
        conditions.check_options(models, chosen, first.parent.text if first.parent else "", tools)
        bringing.check(models, brought, chosen)
        conditions.check_room(user, len(models))
        if options.system is not None:
            conversation.system = options.system
        if options.tools is not None:
            conversation.tools = list(options.tools)
        answers = [
            add_answer(conversation, first.parent_id, each.model, chosen, tools) for each in models
        ]
        move(conversation, leaf=answers[0], model=chosen_model(options, models))
        return stored(request, conversation, answers)

    return once(user, request, store)


def go_on(user: User, *, request: str, message: str, options: Options) -> Stored:
    """`continue`: the same answer runs again, from the text it has."""

    def store() -> Stored:
        answer = answer_for(user, message)
        if answer.is_running:
            raise conditions.busy()
        if not answer.can_continue:
            raise Refusal("invalid", _("This answer is complete."), field="message")
        return running_again(user, request, answer)

    return once(user, request, store)


def running_again(user: User, request: str, answer: Message) -> Stored:
    """An answer that had ended before its own end, queued for this process."""
    conversation = locked(user, answer.conversation_id)
    conditions.check_room(user, 1)
    now = timezone.now()
    changed = Message.objects.filter(id=answer.id, status=answer.status).update(
        status=Status.QUEUED,
        finish_reason="",
        error_code="",
        retry_after=None,
        stop_requested=False,
        worker=settings.WORKER,
        heartbeat=now,
    )
    if not changed:
        raise conditions.busy()
    answer.status = Status.QUEUED
    conversation.updated = now
    conversation.save(update_fields=["updated"])
    return stored(request, conversation, [answer])


def rename(conversation: Conversation, title: str) -> None:
    """The person's own title, which the model's never replaces; an empty one is refused."""
    title = " ".join(clean(title).split())[:TITLE_CHARACTERS]
    if not title:
        raise Refusal("invalid", _("A title needs at least one character."), field="title")
    conversation.title = title
    conversation.title_is_manual = True
    conversation.save(update_fields=["title", "title_is_manual"])


def delete(conversation: Conversation) -> None:
    """Removes the conversation with everything in it, and the files that nothing else uses.

    Whoever calls ends its running answers first.
    """
    with transaction.atomic():
        attachments = bringing.attachments_of(conversation.messages.all())
        conversation.delete()
        bringing.let_go(attachments)


def choose_branch(conversation: Conversation, message: Message) -> UUID:
    """Shows the branch through `message`, where it was left; gives its leaf."""
    leaf = branches.leaf_below(message)
    conversation.leaf_id = leaf
    conversation.save(update_fields=["leaf"])
    return leaf


# ---- parts of the verbs -----------------------------------------------------------------------------


def reading_again(answer: Message, options: Options) -> Options:
    """For an answer of OCR its own options: it is read again, or some of its pages and the rest kept."""
    kept = Options.restored(answer.options)
    if kept.task == "ocr":
        of = str(answer.id) if options.again_pages else None
        again = replace(kept, again_pages=options.again_pages, again_of=of, format=options.format)
        return replace(again, model=None, models=())
    if options.again_pages:
        raise Refusal("invalid", _("Only an answer of OCR has pages."), field="options.again_pages")
    return options


def started(user: User, title: str) -> Conversation:
    return Conversation.objects.create(owner=user, title=title, updated=timezone.now())


def first_title(text: str, brought: Sequence[Brought] = ()) -> str:
    """The question's first words, or the first file's name, until the model has made a title."""
    words = plain(text[: FIRST_TITLE_CHARACTERS * 10])
    if not words and brought:
        words = brought[0].attachment.name
    if len(words) <= FIRST_TITLE_CHARACTERS:
        return words
    cut = words[:FIRST_TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0] if " " in cut[20:] else cut) + "…"


def locked(user: User, conversation: UUID | str) -> Conversation:
    try:
        return user.conversations.select_for_update().get(id=access.parsed(conversation))
    except (Conversation.DoesNotExist, access.NotFound):
        raise refusals.not_found() from None


def message_in(conversation: Conversation, message: str) -> Message:
    try:
        return conversation.messages.get(id=access.parsed(message))
    except (Message.DoesNotExist, access.NotFound):
        raise refusals.not_found() from None


def answer_for(user: User, message: str) -> Message:
    try:
        answer = access.message_for(user, message)
    except access.NotFound:
        raise refusals.not_found() from None
    if answer.role != Role.ASSISTANT:
        raise Refusal("invalid", _("This is a question, not an answer."), field="message")
    return answer


def add(conversation: Conversation, **fields: Any) -> Message:
    """A new message under the conversation's next number."""
    message = Message.objects.create(
        conversation=conversation,
        number=conversation.next_number,
        parent_id=fields.pop("parent"),
        **fields,
    )
    conversation.next_number += 1
    return message


def add_answer(
    conversation: Conversation,
    question: UUID | None,
    model: str,
    options: Options,
    tools: Sequence[str],
) -> Message:
    options = interpreter.applied(model, options, tools)
    return add(
        conversation,
        parent=question,
        role=Role.ASSISTANT,
        status=Status.QUEUED,
        model=model,
        options=options.for_model(model).as_json(),
        worker=settings.WORKER,
        heartbeat=timezone.now(),
    )


def move(conversation: Conversation, *, leaf: Message, model: str) -> None:
    """Ends the current branch in `leaf`, and puts the conversation on top of the list."""
    conversation.leaf = leaf
    conversation.model = model
    conversation.updated = timezone.now()
    conversation.save(update_fields=["leaf", "model", "system", "tools", "next_number", "updated"])


def chosen_model(options: Options, models: Sequence[Chosen]) -> str:
    """What the picker shows next time: `auto` stays `auto`."""
    if options.model or not models[0].is_auto:
        return options.model or models[0].model
    return offered.AUTO


def stored(request: str, conversation: Conversation, messages: Sequence[Message]) -> Stored:
    return Stored(
        ack={
            "type": "ack",
            "request": request,
            "conversation": str(conversation.id),
            "messages": [as_json(message) for message in messages],
        },
        answers=tuple(message.id for message in messages if message.role == Role.ASSISTANT),
        row=news.row_of(conversation, generating=True),
    )


def as_json(message: Message) -> dict[str, Any]:
    """A message as `ack` and `message` events carry it, without its fragment."""
    return {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "model": message.model or None,
    }
