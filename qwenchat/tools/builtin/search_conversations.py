"""What was said before, in the person's own conversations."""

from __future__ import annotations

from typing import Any

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import tool

MOST_RESULTS = 10


@tool(title="Search my conversations", needs="search")
async def search_conversations(
    context: Context, words: str, limit: int = 5
) -> list[dict[str, Any]] | str:
    """Searches the user's own earlier conversations for words and gives the places where they occur.

    words: what to look for
    limit: how many results at most, 1 to 10
    """
    if context.search is None:
        raise ToolError("Earlier conversations cannot be searched here.")
    found = await context.search(words, min(max(limit, 1), MOST_RESULTS))
    if not found:
        return "Nothing was found."
    return [
        {"title": each.title, "date": each.date, "excerpt": each.excerpt}
        | ({"url": each.url} if each.url else {})
        for each in found
    ]
