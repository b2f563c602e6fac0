"""A title for a conversation, made by a small model after the first exchange.

Until then, and when the model fails, the question's first words serve. A title that the person wrote is
never replaced, and a new title does not move the conversation in the list.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from conversations import news, offered, service
from conversations.database import in_database
from conversations.models import Conversation, Message
from qwenchat.dashscope import payloads
from qwenchat.dashscope.errors import DashScopeError
from qwenchat.markup import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

logger = logging.getLogger(__name__)

FIRST_ANSWERS = (
    5  # an answer's number is at most this in a first exchange: a question, up to four answers
)
EXCERPT_CHARACTERS = 1500  # of question and answer: what a title needs, and no more to pay for
TITLE_TOKENS = 40
LONGEST = 80
SYSTEM = (
    "Title this conversation in the language of its first message: at most six words, or fifteen Chinese"
    " characters; no quotation marks, no full stop, nothing else."
)
QUOTES = "\"'“”‘’「」《》*_`#"


async def make(
    conversation: UUID, answer: UUID, answered_by: str, generating: Callable[[], bool]
) -> None:
    """Asks for a title and stores it; leaves the old one when that fails.

    `generating` tells whether the conversation is being written to once the title is there.
    """
    exchange = await in_database(first_exchange)(conversation, answer)
    if exchange is None:
        return
    question, text = exchange
    model = offered.title_model(answered_by)
    body = payloads.chat(
        model,
        [
            payloads.system(SYSTEM),
            payloads.user(f"{question[:EXCERPT_CHARACTERS]}\n\n---\n\n{text[:EXCERPT_CHARACTERS]}"),
        ],
        thinking=payloads.thinking_for(model, False),
        max_tokens=TITLE_TOKENS,
        dialect=service.dialect(),
    )
    try:
        completion = await service.client().complete(body)
    except DashScopeError as error:
        logger.info("no title was made", extra={"code": error.code})
        return
    title = tidied(completion.text)
    if title:
        row = await in_database(keep)(conversation, title)
        if row is not None:
            await news.conversation_changed(row.owner_id, news.row_of(row, generating=generating()))


def first_exchange(conversation: UUID, answer: UUID) -> tuple[str, str] | None:
    """The question and the answer; None once the title is the person's own or the row is gone."""
    row = (
        Message.objects.select_related("parent")
        .filter(id=answer, conversation_id=conversation, conversation__title_is_manual=False)
        .first()
    )
    if row is None or row.parent is None or row.parent.parent_id is not None:
        return None
    return row.parent.text, row.text


def tidied(title: str) -> str:
    """One line without quotation marks, Markdown and a full stop; empty when the model rambled."""
    lines = [line for line in plain(title).splitlines() if line.strip()]
    if not lines:
        return ""
    words = " ".join(lines[0].split()).strip(QUOTES + " ").rstrip(".。")
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def keep(conversation: UUID, title: str) -> Conversation | None:
    changed = Conversation.objects.filter(id=conversation, title_is_manual=False).update(
        title=title
    )
    return Conversation.objects.filter(id=conversation).first() if changed else None
