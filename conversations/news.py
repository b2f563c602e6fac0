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


async def conversation_changed(conversation: Conversation) -> None:
    """Its row in the sidebar: title, place, whether something is being written."""
    await tell(
        conversation.owner_id,
        {"type": "conversation.changed", "conversation": str(conversation.id)},
    )


async def conversation_deleted(user: int, conversation: UUID) -> None:
    await tell(
        user,
        {"type": "conversation.changed", "conversation": str(conversation), "deleted": True},
    )


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


async def answer_ended(user: int, conversation: UUID, answer: UUID) -> None:
    """An answer is over: its readers in this process know, those of others and the sidebars do not."""
    await tell(
        user,
        {"type": "answer.ended", "conversation": str(conversation), "message": str(answer)},
    )


async def stop_asked(user: int, answer: UUID) -> None:
    """Somebody stops an answer that another process may own."""
    await tell(user, {"type": "answer.stop", "message": str(answer)})
