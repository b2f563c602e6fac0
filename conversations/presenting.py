"""Messages as a page shows them: values with every word ready, so that templates only place them.

The same fragment, `conversations/_message.html`, serves the page, the socket and the reviewer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Prefetch, prefetch_related_objects
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat import markup

from . import citations, endings, routing, showing_files, showing_sources, structured, toolshow
from .estimates import estimated_tokens
from .models import CallStatus, Message, Recognition, Role, Status
from .options import Options
from .times import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.utils.safestring import SafeString

    from .endings import Alert, Notice
    from .showing_files import ShownAttachment, ShownRecognition
    from .showing_sources import ShownSource
    from .structured import ShownStructure
    from .toolshow import ShownCall
    from .tree import Siblings


@dataclass(frozen=True, slots=True)
class Branch:
    """Which version this is, and the ones beside it (None: there is none on that side)."""

    label: str
    short: str
    previous: UUID | None
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Thinking:
    """The step before the answer; hidden while nothing was thought."""

    label: str
    text: str
    is_running: bool
    tokens: str = ""

    @property
    def hidden(self) -> bool:
        return not self.text


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of what an answer took, with what it says when pointed at."""

    text: str
    title: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One article of the transcript."""

    id: UUID
    conversation: UUID
    parent: UUID | None
    role: str
    status: str
    heading: str
    model: str
    time: str
    time_title: str
    sent: datetime
    text: str
    html: SafeString
    branch: Branch | None
    thinking: Thinking | None = None
    figures: tuple[Figure, ...] = ()
    notice: Notice | None = None
    alert: Alert | None = None
    badge: str = ""
    lanes: int = 0
    is_running: bool = False
    is_read_only: bool = False
    is_chosen: bool = False
    trimmed_before: bool = False
    attachments: tuple[ShownAttachment, ...] = ()
    recognition: ShownRecognition | None = None
    calls: tuple[ShownCall, ...] = ()
    sources: tuple[ShownSource, ...] = ()
    searched: str = ""
    interpreted: str = ""
    can_answer_now: bool = False
    structure: ShownStructure | None = None

    @property
    def is_question(self) -> bool:
        return self.role == Role.USER


def shown(message: Message, place: Siblings | None, *, read_only: bool = False) -> ShownMessage:
    """The message as its article shows it, in the current language and time zone."""
    sent = timezone.localtime(message.created)
    branch = branch_of(place)
    is_question = message.role == Role.USER
    common = ShownMessage(
        id=message.id,
        conversation=message.conversation_id,
        parent=message.parent_id,
        role=message.role,
        status=message.status,
        heading=question_heading(sent, branch) if is_question else message.model,
        model=message.model,
        time=date_format(sent, "H:i"),
        time_title=date_format(sent, "DATETIME_FORMAT"),
        sent=sent,
        text=message.text,
        html=mark_safe(""),
        branch=branch,
        is_read_only=read_only,
    )
    if is_question:
        return replace(common, attachments=showing_files.attachments_of(message.attached.all()))
    lanes = lanes_of(message)
    calls = message.calls.all()
    return replace(
        common,
        html=prose(message),
        thinking=thinking_of(message),
        figures=tuple(figures_of(message)),
        notice=endings.notice_of(message),
        alert=endings.alert_of(message),
        badge=badge_of(message),
        lanes=lanes,
        calls=tuple(
            toolshow.shown_call(call, message.id, read_only=read_only, over=not message.is_running)
            for call in calls
        ),
        sources=showing_sources.shown_sources(message.sources),
        searched=searched(message),
        interpreted=interpreted(message, has_run=any(call.by_service for call in calls)),
        can_answer_now=message.is_running and not message.text,
        structure=structure_of(message),
        recognition=showing_files.recognition_of(message.recognitions.all()),
        branch=branch if place is None or not lanes or place.count > lanes else None,
        is_running=message.is_running,
    )


def message_html(
    message: Message,
    place: Siblings | None,
    *,
    read_only: bool = False,
    with_prose: bool = True,
) -> str:
    """The message's whole `<article>`; `read_only` leaves out what only its owner may do.

    Without prose it is what stands around an answer, for whoever has the answer's HTML already.
    """
    article = shown(message, place, read_only=read_only)
    if not with_prose:
        article = replace(article, html=mark_safe(""))
    if article.lanes:
        chosen = message.conversation.leaf_id == message.id
        article = replace(article, is_chosen=chosen)
    return render_to_string("conversations/_message.html", {"message": article})


def thread(
    messages: Iterable[Message],
    places: Mapping[UUID, Siblings],
    *,
    lanes: Mapping[UUID, list[Message]] | None = None,
    read_only: bool = False,
) -> list[ShownMessage]:
    """A stretch of a branch, in order; `lanes` has all answers that were made together with one."""
    listed = list(messages)
    with_files([*listed, *(member for family in (lanes or {}).values() for member in family)])
    first_sent = next((m.context_from_id for m in reversed(listed) if m.context_from_id), None)
    articles: list[ShownMessage] = []
    for message in listed:
        family = (lanes or {}).get(message.id, [message])
        for member in family:
            article = shown(member, places.get(member.id), read_only=read_only)
            articles.append(
                replace(
                    article,
                    is_chosen=len(family) > 1 and member.id == message.id,
                    trimmed_before=member.id == first_sent,
                )
            )
    return articles


def with_files(messages: Sequence[Message]) -> None:
    """Reads what belongs to these messages at once, and of what OCR read only how it went."""
    outcomes = Recognition.objects.only("message_id", "error_code", "position")
    prefetch_related_objects(
        messages, "attached__attachment__file", Prefetch("recognitions", outcomes), "calls"
    )


def structure_of(message: Message) -> ShownStructure | None:
    """The answer as a tree, where JSON was asked for."""
    if message.is_running:
        return None
    return structured.shown(message.text, message.options.get("response_format"))


def searched(message: Message) -> str:
    """Whether the model searched, in words."""
    return showing_sources.sentence(
        search_word(message), len(showing_sources.shown_sources(message.sources))
    )


def search_word(message: Message) -> str:
    """`showing_sources.sentence`'s word for it: as far as the protocol that was used tells of a search."""
    if message.searched:
        return "yes"
    if not message.options.get("search") or message.is_running or not has_begun(message):
        return ""
    return "asked" if routing.is_native(Options.restored(message.options)) else "untold"


def has_begun(message: Message) -> bool:
    """Whether anything came of the model: before that it has not searched, nor has it not."""
    return bool(message.text or message.reasoning)


def interpreted(message: Message, *, has_run: bool) -> str:
    """That the code interpreter was on and no run of it is shown, in words; "" where there is one, or the
    answer did not come to its end."""
    options = message.options
    if has_run or not options.get("code_interpreter") or message.status != Status.COMPLETE:
        return ""
    if routing.is_native(Options.restored(options)):
        return _("The code interpreter was on; no code was run")
    return _("The code interpreter was on; the service did not say whether it ran code")


def prose(message: Message) -> SafeString:
    """The answer's HTML: what is stored, or rendered now and stored if the renderer has changed."""
    return mark_safe(citations.linked(stored_prose(message), message.id, message.sources))  # noqa: S308 -- sanitised


def stored_prose(message: Message) -> str:
    """Without what depends on the reader's language."""
    if message.is_running:
        return markup.render(message.text)
    if message.render_version != markup.RENDER_VERSION:
        message.html = markup.render(message.text)
        message.render_version = markup.RENDER_VERSION
        # A continued answer may be running again by now: its text is not ours to label.
        Message.objects.filter(id=message.id, status=message.status, seq=message.seq).update(
            html=message.html, render_version=message.render_version
        )
    return message.html


def branch_of(place: Siblings | None) -> Branch | None:
    if place is None or place.count < 2:
        return None
    version = _("Version %(position)d of %(count)d")
    return Branch(
        label=version % {"position": place.position, "count": place.count},
        short=f"{place.position}/{place.count}",
        previous=place.previous,
        next=place.next,
    )


def question_heading(sent: datetime, branch: Branch | None) -> str:
    facts = {"time": date_format(sent, "H:i"), "version": branch.label if branch else ""}
    return (_("You, %(time)s. %(version)s") if branch else _("You, %(time)s")) % facts


def lanes_of(message: Message) -> int:
    """How many models were asked together, if this answer is one of several."""
    models = message.options.get("models") or []
    return len(models) if len(models) > 1 else 0


def badge_of(message: Message) -> str:
    if message.status == Status.QUEUED:
        return _("Waiting")
    if message.status != Status.STREAMING:
        return ""
    statuses = {call.status for call in message.calls.all()}
    if CallStatus.WAITING in statuses:
        return str(CallStatus.WAITING.label)
    return _("Using tools") if CallStatus.RUNNING in statuses else _("Writing")


def thinking_of(message: Message) -> Thinking | None:
    """What was thought before the answer; an empty step while more may come."""
    if not message.reasoning and not message.is_running:
        return None
    is_running = message.is_running and message.reasoning_ms is None and not message.text
    tokens = message.reasoning_tokens
    return Thinking(
        label=_("Thinking") if is_running else thought_for(message.reasoning_ms),
        text=message.reasoning,
        is_running=is_running,
        tokens=spent(tokens) if tokens and not message.is_running else "",
    )


def spent(tokens: int) -> str:
    return ngettext("%(count)s token", "%(count)s tokens", tokens) % {"count": count(tokens)}


def thought_for(milliseconds: int | None) -> str:
    if milliseconds is None:
        return _("Thought before answering")
    whole_ms = 1000 * max(1, round(milliseconds / 1000))
    return _("Thought for %(time)s") % {"time": seconds(whole_ms)}


def figures_of(message: Message) -> Iterable[Figure]:
    """Tokens in and out, and times: what is known, and of what was written else an estimate that says so."""
    if message.prompt_tokens is not None:
        title = _("Tokens read")
        if message.cached_tokens:
            cached = _("Tokens read, %(count)s of them from the cache")
            title = cached % {"count": count(message.cached_tokens)}
        text = _("%(count)s in") % {"count": count(message.prompt_tokens)}
        yield Figure(text, title, "stack")
    if message.completion_tokens is not None:
        title = _("Tokens written")
        if message.reasoning_tokens:
            thought = _("Tokens written, %(count)s of them while thinking")
            title = thought % {"count": count(message.reasoning_tokens)}
        text = _("%(count)s out") % {"count": count(message.completion_tokens)}
        yield Figure(text, title)
    elif has_begun(message) and not message.is_running:
        about = count(estimated_tokens(message.text + message.reasoning))
        title = _("Tokens written, estimated: the service did not count them")
        yield Figure(_("about %(count)s out") % {"count": about}, title, "stack")
    if message.total_ms is not None and not message.is_running:
        times = [message.first_token_ms, message.total_ms]
        text = " · ".join(seconds(time) for time in times if time is not None)
        yield Figure(text, _("Time to the first token · in all"), "bolt")


def count(tokens: int) -> str:
    return number_format(tokens, 0, use_l10n=True, force_grouping=True)
