"""A conversation as a file to keep: Markdown and a web page of one branch, JSON of the whole tree.

What people and models wrote is data here as well: in Markdown it cannot open HTML, on the web page
it went through the one renderer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from . import branches, endings, presenting, recognised, showing_files, showing_sources, toolshow
from .models import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .models import Conversation, Message, MessageAttachment, ToolCall

FORMAT_VERSION = 1
ALL = 1_000_000  # messages of one branch
NAME_CHARACTERS = 120
STYLES = (
    "css/tokens.css",
    "css/base.css",
    "css/messages.css",
    "css/tools.css",
    "css/prose.css",
    "css/export.css",
)
READER = MarkdownIt("commonmark", {"html": False})
# Within a line and a table's cell only: what is taken for code here is code to every reader.
SPAN = re.compile(r"(?<![`\\])(`+)(?!`)[^|]+?(?<!`)\1(?!`)")
OPENS_HTML = re.compile(r"(?<!\\)<(?=[A-Za-z/!?])(?!(?:https?|mailto):[^\s<>]*>)")
BACKTICKS = re.compile(r"`+")
LINE_ENDS = re.compile(r"\r\n|[\r\n]")
ANGLES = re.compile(r"[<>\s]")
MARKS = re.compile(r"([\\`*_\[\]<>#&|~])")


def as_markdown(conversation: Conversation) -> str:
    """The current branch; questions are quoted, answers stand as the model wrote them."""
    parts = [f"# {escaped(title_of(conversation))}"]
    you = _("You")
    messages = branch(conversation)
    presenting.with_files(messages)
    for message in messages:
        if message.role == Role.USER:
            quoted = "\n".join(f"> {line}".rstrip() for line in inert(message.text).split("\n"))
            parts += [f"**{you}**, {when(message)}", files_markdown(message)]
            parts += [quoted] if message.text else []
        else:
            parts += [f"**{escaped(message.model)}**, {when(message)}"]
            over = not message.is_running
            parts += [call_markdown(call, over=over) for call in message.calls.all()]
            parts += [answer_markdown(message), sources_markdown(message)]
            notice = endings.notice_of(message) or endings.alert_of(message)
            if notice is not None:
                parts.append(f"*{escaped(notice.text)}*")
    return "\n\n".join(part for part in parts if part) + "\n"


def files_markdown(message: Message) -> str:
    """The question's files by name, with what is known of them: the files themselves are not in it."""
    return "\n".join(
        f"- {escaped(file.name)} ({escaped(' · '.join(filter(None, [file.facts, file.delivery])))})"
        for file in showing_files.attachments_of(message.attached.all())
    )


def call_markdown(call: ToolCall, *, over: bool) -> str:
    """A tool call as a quoted block: its name and state, what it was given, what it gave back."""
    shown = toolshow.shown_call(call, call.message_id, read_only=True, whole=True, over=over)
    facts = " · ".join(filter(None, [shown.status_label, shown.duration, shown.origin]))
    lines = [f"**{escaped(shown.name)}** ({escaped(facts)})"]
    is_code = shown.code is not None
    given = (_("Code") if is_code else _("Arguments"), shown.arguments, "python" if is_code else "")
    for words, text, language in (given, (_("Result"), shown.result, "")):
        if text:
            lines += ["", f"{words}:", "", *fenced(text, language).split("\n")]
    if shown.note:
        lines += ["", escaped(shown.note)]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def fenced(text: str, language: str = "") -> str:
    """The text as a block of code that nothing in it can close."""
    longest = max((len(run) for run in BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *LINE_ENDS.split(text), fence])


def answer_markdown(message: Message) -> str:
    """The answer as the model wrote it; one in JSON as a block of code, where nothing of it is Markdown."""
    structure = presenting.structure_of(message)
    if structure is None or structure.root is None:
        return inert(message.text)
    return fenced(structure.text, "json")


def sources_markdown(message: Message) -> str:
    """The sources by the numbers that the answer's marks have."""
    sources = showing_sources.shown_sources(message.sources)
    if not sources:
        told = presenting.searched(message)
        return f"*{escaped(told)}*" if told else ""
    lines = [
        f"{source.index}. {' — '.join(filter(None, [escaped(source.title), escaped(source.site)]))}"
        + (f" <{ANGLES.sub(percent, source.url)}>" if source.url else "")
        for source in sources
    ]
    return "\n".join([f"**{_('Sources')}**", "", *lines])


def percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def as_json(conversation: Conversation) -> str:
    """All messages with their places in the tree, and what each answer took."""
    messages = conversation.messages.order_by("number").prefetch_related(
        "attached__attachment__file", "recognitions__attachment__file", "calls"
    )
    whole = {
        "format": "qwenchat-conversation",
        "version": FORMAT_VERSION,
        "id": str(conversation.id),
        "title": conversation.title,
        "model": conversation.model,
        "system": conversation.system,
        "created": conversation.created.isoformat(),
        "updated": conversation.updated.isoformat(),
        "leaf": str(conversation.leaf_id) if conversation.leaf_id else None,
        "messages": [message_as_json(message) for message in messages.iterator(chunk_size=500)],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def message_as_json(message: Message) -> dict[str, Any]:
    common: dict[str, Any] = {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "text": message.text,
        "created": message.created.isoformat(),
    }
    if message.role == Role.USER:
        return common | {"attachments": [file_as_json(one) for one in message.attached.all()]}
    pages = [
        recognised.as_json(page, number)
        for number, page in enumerate(message.recognitions.all(), 1)
    ]
    return common | {
        "recognition": pages or None,
        "model": message.model,
        "reasoning": message.reasoning,
        "calls": [call_as_json(call) for call in message.calls.all()],
        "sources": message.sources,
        "searched": message.searched,
        "options": message.options,
        "finish_reason": message.finish_reason or None,
        "error": message.error_code or None,
        "usage": {
            "prompt_tokens": message.prompt_tokens,
            "completion_tokens": message.completion_tokens,
            "cached_tokens": message.cached_tokens,
            "reasoning_tokens": message.reasoning_tokens,
        },
        "timing": {
            "first_token_ms": message.first_token_ms,
            "reasoning_ms": message.reasoning_ms,
            "total_ms": message.total_ms,
        },
    }


def call_as_json(call: ToolCall) -> dict[str, Any]:
    """A tool call whole; `arguments` as the model wrote them, `edited` where the person changed them."""
    return {
        "id": str(call.id),
        "call_id": call.call_id,
        "round": call.round,
        "name": call.name,
        "title": call.title,
        "origin": call.origin,
        "arguments": call.arguments,
        "edited": call.edited,
        "side_effects": call.side_effects,
        "by_service": call.by_service,
        "status": call.status,
        "code": call.code or None,
        "decision": call.decision or None,
        "result": call.result,
        "duration_ms": call.duration_ms,
        "created": call.created.isoformat(),
    }


def file_as_json(attached: MessageAttachment) -> dict[str, Any]:
    """What is known of a file and how it reached the model; its bytes are not part of the export."""
    facts = attached.attachment.as_json()
    kept = {name: value for name, value in facts.items() if name not in ("url", "thumbnail_url")}
    return {**kept, "delivery": attached.delivery}


def as_html(conversation: Conversation) -> str:
    """The current branch as one file that needs nothing else, and may load nothing else."""
    context = {
        "title": title_of(conversation),
        "messages": presenting.thread(branch(conversation), {}, read_only=True),
        "saved": date_format(timezone.localtime(), "DATETIME_FORMAT"),
        "styles": styles(),
    }
    return render_to_string("conversations/export.html", context)


def file_name(conversation: Conversation, extension: str) -> str:
    """The title as a file's name: one line, without what file systems or readers trip over."""
    title = unicodedata.normalize("NFC", title_of(conversation))
    kept = "".join(
        " " if character in '/\\:*?"<>|' or character.isspace() else character
        for character in title
        if unicodedata.category(character)[0] != "C" or character.isspace()
    )
    name = " ".join(kept.split()).strip(". ")[:NAME_CHARACTERS] or "chat"
    return f"{name}.{extension}"


def branch(conversation: Conversation) -> Sequence[Message]:
    return branches.last_messages(conversation, conversation.leaf_id, ALL)


def title_of(conversation: Conversation) -> str:
    return conversation.title or _("New chat")


def when(message: Message) -> str:
    return date_format(timezone.localtime(message.created), "Y-m-d H:i")


def escaped(text: str) -> str:
    """Plain text on one line of Markdown."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def inert(markdown: str) -> str:
    """The same Markdown in which `<` opens no HTML: it shows as text, as on our pages.

    Code keeps its `<`: there it is text already. A fence that was never closed is closed, so that
    it does not take in what follows.
    """
    lines = markdown.split("\n")
    code: set[int] = set()
    for token in READER.parse(markdown):
        if token.type in ("fence", "code_block") and token.map is not None:
            code.update(range(*token.map))
            closed = lines[token.map[1] - 1].strip().startswith(token.markup)
            if token.type == "fence" and not (closed and token.map[1] - token.map[0] > 1):
                lines.append(token.markup)
                code.add(len(lines) - 1)
    return "\n".join(
        line if number in code else outside_spans(line) for number, line in enumerate(lines)
    )


def outside_spans(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for span in SPAN.finditer(line):
        pieces += [OPENS_HTML.sub(r"\\<", line[end : span.start()]), span[0]]
        end = span.end()
    return "".join([*pieces, OPENS_HTML.sub(r"\\<", line[end:])])


def styles() -> str:
    """Our own sheets, to stand inside the file."""
    found = [finders.find(name) for name in STYLES]
    sheets = []
    for path in found:
        if path is not None:
            with open(str(path), encoding="utf-8") as file:  # noqa: PTH123 -- finders give text
                sheets.append(file.read())
    return mark_safe("\n".join(sheets))  # noqa: S308 -- files of this project
