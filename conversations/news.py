"""Rare news for a person's open pages, over the channel layer: each may be lost without harm.

Answers never travel this way. Groups are named here, from checked objects; no client names one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channels.layers import get_channel_layer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from .models import Conversation


def group(user: int) -> str:
    return f"person.{user}"


async def tell(user: int, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(group(user), event)


def row_of(conversation: Conversation, *, generating: bool) -> dict[str, Any]:
    """A conversation as the sidebar shows it, ready to be sent: nobody who hears of it has to ask."""
    return {
        "id": str(conversation.id),
        "title": conversation.title,
        "updated": conversation.updated.isoformat(),
        "generating": generating,
        "leaf": str(conversation.leaf_id) if conversation.leaf_id else None,
    }


async def conversation_changed(user: int, row: dict[str, Any]) -> None:
    """Its row in the sidebar: title, place, whether something is being written."""
    await tell(user, {"type": "conversation.changed", "row": row})


async def conversation_deleted(user: int, conversation: UUID) -> None:
    await conversation_changed(user, {"id": str(conversation), "deleted": True})


async def messages_added(user: int, conversation: str, messages: Iterable[str], by: str) -> None:
    """New rows that the other sockets (not the one named `by`) should show."""
    await tell(
        user,
        {
            "type": "messages.added",
            "conversation": conversation,
            "messages": list(messages),
            "by": by,
        },
    )


async def answer_ended(user: int, answer: UUID, row: dict[str, Any]) -> None:
    """An answer is over: its readers in this process know, those of others and the sidebars do not."""
    await tell(user, {"type": "answer.ended", "message": str(answer), "row": row})


async def stop_asked(user: int, answer: UUID) -> None:
    """Somebody stops an answer that another process may own."""
    await tell(user, {"type": "answer.stop", "message": str(answer)})
