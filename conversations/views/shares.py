"""The dialog in which the owner of a conversation makes and ends links to it; readers see `shared`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations import access
from conversations.sharing import links
from conversations.sharing.frozen import Choice
from conversations.sharing.models import TITLE_CHARACTERS
from qwenchat.dashscope.texts import clean
from qwenchat.doors import page
from qwenchat.refusals import Refusal

from . import changes, pages

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse, QueryDict

    from conversations.models import Conversation
    from conversations.sharing.models import Share
    from qwenchat.doors import MemberRequest

# A link that was forgotten ends by itself; who wants one that stays says so.
DAYS = {"30": 30, "7": 7, "never": None}


@dataclass(frozen=True, slots=True)
class Row:
    """One link in the dialog; `facts` says what its page shows and until when."""

    id: UUID
    url: str
    made: str
    facts: str
    is_new: bool


@require_http_methods(["GET", "HEAD", "POST"])
@page
def shares(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """Asks what to share and lists the links there are, or makes one of the branch that was shown."""
    found = owned(request, conversation)
    if request.method != "POST":
        return asked(request, found)
    try:
        links.count_one(request.user)
        made = links.make(found, leaf_posted(request.POST, found), choice_posted(request.POST))
    except Refusal as refusal:
        return asked(request, found, refusal=refusal)
    if not request.htmx:
        return redirect("conversation_shares", found.id)
    return asked(request, found, made=made)


@require_POST
@page
def end(request: MemberRequest, conversation: UUID, share: UUID) -> HttpResponse:
    """Ends a link at once; answers with what is left."""
    found = owned(request, conversation)
    links.end(access.share_for(request.user, found.id, share))
    if not request.htmx:
        return redirect("conversation_shares", found.id)
    return asked(request, found, told=_("The link has ended."))


def owned(request: MemberRequest, conversation: UUID) -> Conversation:
    if not links.are_on():
        raise access.NotFound
    return access.conversation_for(request.user, conversation)


def asked(
    request: MemberRequest,
    conversation: Conversation,
    *,
    made: Share | None = None,
    refusal: Refusal | None = None,
    told: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "rows": [row_of(request, share, made) for share in links.of(conversation)],
        "leaf": conversation.leaf_id,
        # As it was sent, if it was: what somebody took out of it must not come back with a refusal.
        "title": request.POST.get("title", conversation.title),
        "title_characters": TITLE_CHARACTERS,
        "lede": lede(),
        "error": refusal.message if refusal else "",
        "told": told,
        "cancel": _("Close"),
    }
    heading = _("Share this conversation")
    response = changes.dialog(request, conversation, "conversations/_share.html", heading, context)
    if (
        refusal and not request.htmx
    ):  # htmx would not show the sentence of an answer that is no success
        response.status_code = refusal.status
    return response


def lede() -> str:
    if settings.QWENCHAT_SHARES == "anyone":
        return _(
            "Anyone with the link can read it as it is now. Later messages and other versions stay private."
        )
    return _(
        "Whoever is signed in here and has the link can read it as it is now. "
        "Later messages and other versions stay private."
    )


def row_of(request: MemberRequest, share: Share, made: Share | None) -> Row:
    parts = [
        _("with pictures") if share.with_files else "",
        _("with thinking") if share.with_thinking else "",
        _("with what tools got and gave") if share.with_details else "",
        _("until %(day)s") % {"day": day(share.expires)} if share.expires else "",
    ]
    return Row(
        id=share.id,
        url=address_of(request, share),
        made=date_format(timezone.localtime(share.created), "DATETIME_FORMAT"),
        facts=" · ".join(filter(None, parts)),
        is_new=made is not None and made.id == share.id,
    )


def day(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def address_of(request: HttpRequest, share: Share) -> str:
    """The whole address, as people reach this server."""
    path = share.get_absolute_url()
    return (
        f"{settings.QWENCHAT_URL}{path}"
        if settings.QWENCHAT_URL
        else request.build_absolute_uri(path)
    )


def leaf_posted(form: QueryDict, conversation: Conversation) -> UUID | None:
    """Where the branch ends that the person saw when they were asked: what came since is not in it."""
    leaf = form.get("leaf", "")
    return pages.message_in(conversation, leaf).id if leaf else conversation.leaf_id


def choice_posted(form: QueryDict) -> Choice:
    days = form.get("days", "30")
    if days not in DAYS:
        sentence = _("“days” is one of: %(allowed)s.") % {"allowed": ", ".join(DAYS)}
        raise Refusal("invalid", sentence, field="days")
    return Choice(
        thinking="thinking" in form,
        details="details" in form,
        files="files" in form,
        days=DAYS[days],
        title=title_posted(form),
    )


def title_posted(form: QueryDict) -> str | None:
    """What is to stand above the copy: the conversation's title may be of a version that is not shared."""
    title = form.get("title")
    return None if title is None else " ".join(clean(title).split())[:TITLE_CHARACTERS]
