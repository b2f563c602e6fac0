"""The verbs: what people do to conversations, one transaction each.

Everything that stores something for a command takes its idempotency key: the same key again, from the
same person, stores nothing and gives the first result again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qwenchat import rates, refusals
from qwenchat.dashscope import payloads
from qwenchat.dashscope.texts import clean
from qwenchat.markup import plain
from qwenchat.refusals import Refusal
from qwenchat.tools import schemas
from qwenchat.tools.declaring import MOST_ARGUMENT_CHARACTERS, MOST_ARGUMENT_DEPTH, is_deeper

from . import access, branches, bringing, interpreter, misfits, news, offered, routing
from .generation import toolkit
from .models import (
    RUNNING,
    TITLE_CHARACTERS,
    CallStatus,
    Command,
    Conversation,
    Message,
    Role,
    Status,
    ToolCall,
)
from .options import Options
from .toolbox.offer import may_use

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.contrib.auth.models import User

    from .routing import Brought, Chosen

FIRST_TITLE_CHARACTERS = 60
# Answers that wait for their person do not count among those that may run at a time; all together may be so
# many times as many.
WAITING_SHARE = 4
# Options that are called otherwise in the service's requests.
NAMES_HERE = {
    "schema": "ocr_schema",
    "enable_search": "search",
    "search_options": "search",
    "enable_code_interpreter": "tools",
    **dict.fromkeys(
        (
            "freshness",
            "assigned_site_list",
            "search_strategy",
            "citation_format",
            "enable_citation",
        ),
        "search",
    ),
}


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
    check_text(text, is_alone=not attachments)

    def store() -> Stored:
        asked_again = question_in(user, parent)
        brought = bringing.taken(user, attachments, options, asked_again)
        place = placed(user, conversation, parent, first_title(text, brought))
        earlier = bringing.earlier(place.conversation, place.parent)
        models = routing.models_for(options, place.conversation, [*brought, *earlier])
        tools = routing.named_tools(options, place.conversation)
        interpreter.check(user, [each.model for each in models], options, tools)
        check_options(models, options, text, tools)
        bringing.check(models, brought, options)
        check_room(user, len(models))
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
        raise busy()
    if after.role == Role.USER and parent is not None:
        return Place(found, after.parent_id)
    return Place(found, after.id)


def regenerate(user: User, *, request: str, message: str, options: Options) -> Stored:
    """Stores another answer beside this one and makes it the current branch."""

    def store() -> Stored:
        first = answer_for(user, message)
        if first.is_running:
            raise busy()
        conversation = locked(user, first.conversation_id)
        chosen = reading_again(first, options)
        brought = bringing.of(first.parent, chosen)
        earlier = bringing.earlier(conversation, first.parent_id)
        models = routing.models_for(chosen, conversation, [*brought, *earlier], again=first.model)
        tools = routing.named_tools(chosen, conversation)
        interpreter.check(user, [each.model for each in models], chosen, tools)
        check_options(models, chosen, first.parent.text if first.parent else "", tools)
        bringing.check(models, brought, chosen)
        check_room(user, len(models))
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
            raise busy()
        if not answer.can_continue:
            raise Refusal("invalid", _("This answer is complete."), field="message")
        return running_again(user, request, answer)

    return once(user, request, store)


def running_again(user: User, request: str, answer: Message) -> Stored:
    """An answer that had ended before its own end, queued for this process."""
    conversation = locked(user, answer.conversation_id)
    check_room(user, 1)
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
        raise busy()
    answer.status = Status.QUEUED
    conversation.updated = now
    conversation.save(update_fields=["updated"])
    return stored(request, conversation, [answer])


def approve(
    user: User, *, request: str, call: str, approved: bool, arguments: dict[str, Any] | None
) -> Stored:
    """The person's word about a waiting call; an answer that was cut meanwhile runs again from there.

    The word holds for this call with these arguments, until its time is over, and is said once. Arguments
    that do not fit are refused here, where their person can still mend them. With a `request` it is carried
    out once, like everything that a page sends again after a lost connection.
    """
    done = Command.objects.filter(user=user, request=request).first() if request else None
    if done is not None:
        return Stored(done.ack)
    with transaction.atomic():
        row = waiting_call(user, call)
        if approved and not may_use(user, row.name):
            refused = _("This tool is not offered to you any more. You can only refuse the call.")
            raise Refusal("invalid", refused, field="call")
        row.decision = "approved" if approved else "refused"
        row.edited = None
        if approved and arguments is not None:
            check_arguments(user, row, arguments)
            row.edited = arguments
        row.save(update_fields=["decision", "edited"])
        if row.message.is_running:
            said = Stored({"type": "ack", "request": request, "call": str(row.id)})
        else:
            said = running_again(user, request, row.message)
        if request:
            Command.objects.create(user=user, request=request, ack=said.ack)
        return said


def waiting_call(user: User, call: str) -> ToolCall:
    try:
        row = (
            ToolCall.objects.select_for_update(of=("self",))
            .select_related("message__conversation")
            .get(id=access.parsed(call), message__conversation__owner=user)
        )
    except (ToolCall.DoesNotExist, access.NotFound):
        raise refusals.not_found() from None
    # A word that nobody took, because the process that waited for it is gone, can be said again.
    is_said = row.decision and row.message.is_running
    if row.status != CallStatus.WAITING or is_said:
        raise Refusal("invalid", _("This call is not waiting any more."), field="call")
    if row.expires is None or row.expires <= timezone.now():
        raise Refusal("invalid", _("The time to allow this call is over."), field="call")
    return row


def check_arguments(user: User, call: ToolCall, arguments: dict[str, Any]) -> None:
    """What a person put in the place of a model's arguments, against the tool as it is offered now: told at
    once, it can still be mended."""
    is_long = len(json.dumps(arguments)) > MOST_ARGUMENT_CHARACTERS
    if is_long or is_deeper(arguments, MOST_ARGUMENT_DEPTH):
        sentence = _("These arguments are too long, or nested too deeply. Shorten them.")
        raise Refusal("invalid", sentence, field="arguments")
    schema = toolkit.schema_for(call.name, user.pk)
    found = schemas.found(schema, arguments) if schema is not None else ()
    if found:
        problems = "; ".join(f"{each.path or '$'} {misfits.sentence(each)}" for each in found)
        sentence = _("These arguments do not fit the tool: %(problems)s.")
        raise Refusal("invalid", sentence % {"problems": problems}, field="arguments")


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


def check_text(text: str, *, is_alone: bool) -> None:
    if is_alone and not text.strip():
        raise Refusal("invalid", _("Write something first."), field="text")
    most = settings.LIMITS.text_characters
    if len(text) > most:
        sentence = _("This message has %(count)s characters; %(most)s fit. Shorten it or split it.")
        raise Refusal(
            "too_large", sentence % {"count": f"{len(text):,}", "most": f"{most:,}"}, field="text"
        )


def check_options(
    models: Sequence[Chosen], options: Options, text: str, tools: Sequence[str] = ()
) -> None:
    """Builds what would be sent, so that a value out of range is refused before anything is stored."""
    for model in (chosen.model for chosen in models):
        if offered.find(model) is None:
            sentence = _("The model “%(model)s” is not offered here. Choose another one.")
            raise Refusal(
                "model_not_found", sentence % {"model": model[:100]}, field="options.model"
            )
        try:
            routing.trial(model, text, interpreter.applied(model, options, tools))
        except payloads.FieldError as error:
            sentence = _("“%(name)s” does not fit %(model)s: %(reason)s")
            name = NAMES_HERE.get(error.field, error.field)
            raise Refusal(
                "invalid",
                sentence % {"name": name, "model": model, "reason": error.message},
                field=f"options.{name}",
            ) from error


def check_room(user: User, wanted: int) -> None:
    answers = Message.objects.filter(conversation__owner=user, status__in=RUNNING)
    running, most = answers.count(), settings.LIMITS.running_answers
    if running + wanted > most:
        waiting = ToolCall.objects.filter(message__in=answers, status=CallStatus.WAITING)
        waits = waiting.values("message").distinct().count()
        if running + wanted <= most * WAITING_SHARE:
            running -= waits  # they cost nothing while they wait for their person
        elif waits:
            sentence = _("Many calls of tools wait for you. Allow or refuse some of them first.")
            raise Refusal("rate_limited", sentence, retry_after=5)
    if running + wanted > most:
        sentence = _("%(count)d answers are being written already. Wait for one or stop it.")
        raise Refusal("rate_limited", sentence % {"count": running}, retry_after=5)


def busy() -> Refusal:
    return Refusal("busy", _("This is still being answered. Stop it, or wait for its end."))


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
