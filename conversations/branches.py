"""Reading a branch from the database: a page of it, its messages' alternatives, where it ends.

A branch is read from its end, a page at a time, so what it costs does not grow with the conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection

from .models import Message, MessageAttachment
from .tree import Node, Siblings, newest_leaf, siblings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .models import Conversation

NEWEST_ATTACHMENTS = 400  # documents of long conversations included
WALK = """
WITH RECURSIVE path(id, parent_id, depth) AS (
    SELECT id, parent_id, 1 FROM conversations_message WHERE id = %s AND conversation_id = %s
    UNION ALL
    SELECT message.id, message.parent_id, path.depth + 1
    FROM conversations_message AS message JOIN path ON message.id = path.parent_id
    WHERE path.depth < %s
)
"""
PATH = (
    WALK
    + """
SELECT message.* FROM conversations_message AS message JOIN path ON message.id = path.id
ORDER BY path.depth DESC
"""
)
IDS = WALK + "SELECT id FROM path"  # noqa: S608 -- constants
BELOW = """
WITH RECURSIVE below(id, parent_id, number) AS (
    SELECT id, parent_id, number FROM conversations_message WHERE id = %s
    UNION ALL
    SELECT message.id, message.parent_id, message.number
    FROM conversations_message AS message JOIN below ON message.parent_id = below.id
)
SELECT id, parent_id, number FROM below
"""


def key(value: UUID) -> str | UUID:
    """An id as a raw query takes it: SQLite keeps UUIDs as 32 hexadecimal digits."""
    return value if connection.features.has_native_uuid_field else value.hex


def as_uuid(value: str | UUID) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=value)


def last_messages(conversation: Conversation, leaf: UUID | None, limit: int) -> list[Message]:
    """The last `limit` messages of the branch that ends in `leaf`, oldest first."""
    if leaf is None:
        return []
    return list(Message.objects.raw(PATH, [key(leaf), key(conversation.id), limit]))


def last_ids(conversation: UUID, leaf: UUID | None, limit: int) -> list[UUID]:
    """The ids of the last `limit` messages of the branch that ends in `leaf`, in no order."""
    if leaf is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(IDS, [key(leaf), key(conversation), limit])
        rows: Sequence[tuple[str | UUID]] = cursor.fetchall()
    return [as_uuid(id_) for (id_,) in rows]


def places(messages: Iterable[Message]) -> dict[UUID, Siblings]:
    """For each message, its place among its alternatives; one query for all of them."""
    listed = list(messages)
    if not listed:
        return {}
    parents = {message.parent_id for message in listed if message.parent_id is not None}
    family = Message.objects.filter(conversation_id=listed[0].conversation_id)
    nodes = nodes_of(family.filter(parent_id__in=parents))
    if any(message.parent_id is None for message in listed):
        nodes += nodes_of(family.filter(parent_id=None))
    return siblings(nodes)


def nodes_of(messages: Iterable[Message]) -> list[Node]:
    rows = messages.values_list("id", "parent_id", "number")  # type: ignore[attr-defined]
    return [Node(*row) for row in rows]


def leaf_below(message: Message) -> UUID:
    """Where the branch through `message` was left: the newest message below it, or itself."""
    with connection.cursor() as cursor:
        cursor.execute(BELOW, [key(message.id)])
        rows: Sequence[tuple[str | UUID, str | UUID | None, int]] = cursor.fetchall()
    nodes = [
        Node(as_uuid(id_), as_uuid(parent) if parent is not None else None, number)
        for id_, parent, number in rows
    ]
    return newest_leaf(message.id, nodes)


def attached(conversation: UUID) -> dict[UUID, list[MessageAttachment]]:
    """By question, what was added to it, with its file: the newest of a conversation's attachments.

    Bounded, since older ones are never sent again and a page shows its own.
    """
    rows = MessageAttachment.objects.filter(message__conversation_id=conversation)
    newest = rows.select_related("attachment__file").order_by("-message__number", "position")
    found: dict[UUID, list[MessageAttachment]] = {}
    for row in newest[:NEWEST_ATTACHMENTS]:
        found.setdefault(row.message_id, []).append(row)
    return found


def backwards(conversation: Conversation, leaf: UUID | None, page: int) -> Iterator[Message]:
    """The branch that ends in `leaf`, newest message first, read `page` messages at a time."""
    while leaf is not None:
        messages = last_messages(conversation, leaf, page)
        yield from reversed(messages)
        leaf = messages[0].parent_id if messages else None
