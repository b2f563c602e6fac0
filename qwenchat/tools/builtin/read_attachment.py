"""A part of a document that the person attached."""

from __future__ import annotations

from qwenchat.tools.context import Context, ToolError
from qwenchat.tools.declaring import tool

PART_CHARACTERS = 20_000


@tool(title="Read an attached document", needs="read_attachment")
async def read_attachment(
    context: Context, name: str, start: int = 0, characters: int = PART_CHARACTERS
) -> str:
    """Reads a part of a document that is attached to this conversation.

    name: the document's file name
    start: the character to begin at, counted from 0
    characters: how many characters at most, up to 20000
    """
    if context.read_attachment is None:
        raise ToolError("Attached documents cannot be read here.")
    count = min(max(characters, 1), PART_CHARACTERS)
    part = await context.read_attachment(name, max(start, 0), count)
    end = part.start + len(part.text)
    lines = [
        f"{part.name}, characters {part.start} to {end} of {part.total_characters}:",
        "",
        part.text,
    ]
    if end < part.total_characters:
        lines += ["", f"[It goes on: call again with start={end}.]"]
    return "\n".join(lines)
