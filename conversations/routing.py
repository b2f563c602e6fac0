"""Which model answers, by which way each attachment reaches it, and how its request is built.

`auto` is decided by `TABLE`, from what is attached and asked; everything else a person chose is only
checked. The composer's plan, the command and the request all go through here, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from attachments import plans
from qwenchat.dashscope import Model, catalogue, payloads
from qwenchat.dashscope.model import Vision
from qwenchat.dashscope.payloads.native import native_path

from . import offered, service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attachments.models import Attachment
    from attachments.plans import Plan
    from attachments.wishes import Wish
    from qwenchat.tools.declaring import Tool

    from .models import Conversation, Message
    from .options import Options

CHAT_PATH = "/chat/completions"
NATIVE_PATH = "/api/v1"
# Marks such as [ref_1] are rarer in what people and models write than [1].
SOURCES = {
    "enable_source": True,
    "enable_citation": True,
    "citation_format": "[ref_<number>]",
    "prepend_search_result": True,
}
# The service's own tool, which people choose by this name among the others.
CODE_INTERPRETER = "code_interpreter"
NO_PICTURE = "data:image/png;base64,"
SHORT_TEXT_TOKENS = 8000  # a pasted text or a source file that an ordinary model reads at once
Why = Literal["", "ocr", "video", "images", "documents"]


@dataclass(frozen=True, slots=True)
class Brought:
    """One attachment, and what is wanted of it.

    `is_stored`: it stands with a question already, so what was decided for the model of then gives way to
    what the model of now can take.
    """

    attachment: Attachment
    wish: Wish
    is_stored: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What `auto` looks at."""

    task: str
    brought: tuple[Brought, ...]

    def has(self, kind: str) -> bool:
        return any(each.attachment.kind == kind for each in self.brought)

    @property
    def has_long_documents(self) -> bool:
        """Whether a document had better go as a file: all but short plain texts do, unless told not to."""
        return any(
            each.attachment.file.format in plans.UPSTREAM_FORMATS
            and each.wish.way in (None, "file")
            and not is_short_text(each.attachment)
            for each in self.brought
            if each.attachment.kind == "document"
        )


def is_short_text(attachment: Attachment) -> bool:
    plain = attachment.file.format in ("text", "code", "csv", "json")
    return plain and plans.text_tokens(attachment) <= SHORT_TEXT_TOKENS


@dataclass(frozen=True, slots=True)
class Rule:
    """When `applies`, the first of `models` that this server offers, else any that has the `ability`."""

    why: Why
    applies: Callable[[Asked], bool]
    ability: str
    models: tuple[str, ...]


TABLE = (
    Rule("ocr", lambda asked: asked.task == "ocr", "ocr", ("qwen-vl-ocr",)),
    Rule("video", lambda asked: asked.has("video"), "video", ("qwen3-vl-plus", "qwen3-vl-flash")),
    Rule("images", lambda asked: asked.has("image"), "images", ("qwen3-vl-plus", "qwen3-vl-flash")),
    Rule("documents", lambda asked: asked.has_long_documents, "documents", ("qwen-long",)),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model that answers. `why` is a rule's name where `auto` chose it."""

    model: str
    why: Why = ""
    is_auto: bool = False


def models_for(
    options: Options,
    conversation: Conversation | None,
    brought: Sequence[Brought] = (),
    *,
    again: str | None = None,
) -> tuple[Chosen, ...]:
    """The models that answer: those that were asked for, else the conversation's, else what `auto` says."""
    if options.models:
        return tuple(Chosen(model) for model in options.models)
    kept = conversation.model if conversation else ""
    wanted = options.model or again or kept or offered.AUTO
    if wanted != offered.AUTO:
        return (Chosen(wanted),)
    return (automatic(Asked(options.task, tuple(brought))),)


def automatic(asked: Asked) -> Chosen:
    default = offered.default_model()
    for rule in TABLE:
        if not rule.applies(asked):
            continue
        found = offered.find(default)
        if found is not None and rule.ability in found.abilities:
            return Chosen(default, rule.why, is_auto=True)
        for model in rule.models:
            if offered.find(model) is not None and is_listed(model):
                return Chosen(model, rule.why, is_auto=True)
        for row in offered.models():
            if rule.ability in row.abilities:
                return Chosen(row.id, rule.why, is_auto=True)
    return Chosen(default, is_auto=True)


def is_listed(model: str) -> bool:
    return any(row.id == model for row in offered.models())


def explain(chosen: Chosen) -> str:
    """Why `auto` chose this model; "" when a person did."""
    if not chosen.is_auto:
        return ""
    words = {
        "ocr": _("Auto chose %(model)s: it reads the text in pictures."),
        "video": _("Auto chose %(model)s: it watches videos."),
        "images": _("Auto chose %(model)s: it sees pictures."),
        "documents": _("Auto chose %(model)s: it reads whole documents."),
        "": _("Auto chose %(model)s."),
    }
    return words[chosen.why] % {"model": chosen.model}


# ---- what a model can be given ----------------------------------------------------------------------


def row_for(model: str) -> Model:
    """What is known of a model. Of one at another server nothing is, so it is trusted with pictures,
    tools and documents as text; never with what only the service itself takes."""
    row = catalogue.find(model) if service.dialect() == "dashscope" else None
    if row is not None:
        return row
    found = offered.find(model)
    return Model(
        id=model,
        title=model,
        family="",
        group="chat",
        summary="",
        inputs=frozenset({"text", "image"}),
        context_tokens=found.context_tokens if found else settings.QWENCHAT_CONTEXT_TOKENS,
        max_input_tokens=None,
        max_output_tokens=None,
        thinking="none",
        max_thinking_tokens=None,
        tools=True,
        search=False,
        code_interpreter=False,
        json_mode=True,
        json_schema=True,
        prefix=False,
        stream_only=False,
        effort=False,
        keeps_thoughts=False,
        cumulative=False,
        vision=Vision(
            patch_px=28, min_pixels=3136, default_max_pixels=1_003_520, max_pixels=12_845_056
        ),
        prices=(),
        prices_as_of=catalogue.OFFICIAL,
        source="",
    )


def plan_for(brought: Brought, model: str, options: Options) -> Plan:
    """The way that this attachment goes to this model, possible or not."""
    plan = plans.chosen(brought.attachment, row_for(model), brought.wish, task=options.task)
    if brought.is_stored and not plan.is_possible:
        return plans.chosen(brought.attachment, row_for(model), task=options.task)
    return plan


def named_tools(options: Options, conversation: Conversation) -> tuple[str, ...]:
    """The tools that stand for an answer: those of its options, else the conversation's."""
    return tuple(conversation.tools) if options.tools is None else options.tools


def tool_names(answer: Message, options: Options) -> tuple[str, ...]:
    """The tools that the model is offered, if it can call any; the service takes none of them beside its
    code interpreter."""
    if options.code_interpreter or not row_for(answer.model).tools:
        return ()
    named = named_tools(options, answer.conversation)
    return tuple(name for name in named if name != CODE_INTERPRETER)


# ---- the request ------------------------------------------------------------------------------------


def is_native(options: Options) -> bool:
    """Whether the service's own protocol is used; `auto` needs it for what the other cannot say."""
    if service.dialect() != "dashscope" or settings.DASHSCOPE_NATIVE_URL == "":
        return False
    needed = (
        bool(options.search)
        or options.code_interpreter
        or (options.task == "ocr" and options.ocr_task is not None)
    )
    return options.protocol == "native" or (options.protocol == "auto" and needed)


def body(
    model: str,
    messages: Sequence[dict[str, Any]],
    options: Options,
    *,
    prefix: bool = False,
    tools: Sequence[Tool] = (),
    may_call: bool = True,
) -> dict[str, Any]:
    """The request body for a streamed answer; `payloads.FieldError` where an option does not fit.

    Hybrid models are told explicitly whether to think, since their habits differ. A prefix is continued
    without, since the service refuses the two together, and without another search, whose marks would mean
    other pages. Once no call may follow, the tools stay in the request, which the calls in its history
    need, and the model is told to choose none.
    """
    interprets = options.code_interpreter and not prefix
    wanted = options.thinking
    if prefix or wanted is None:
        wanted = payloads.thinking_for(model, False if prefix else habit(options))
    return payloads.chat(
        model,
        messages,
        stream=True,
        include_usage=True,
        thinking=wanted,
        thinking_budget=None if prefix else options.thinking_budget,
        dialect=service.dialect(),
        native=is_native(options),
        enable_code_interpreter=True if interprets else None,
        **tool_fields(tools, options, may_call=may_call),
        **({} if prefix else search_fields(options)),
        **options.sampling(),
    )


def habit(options: Options) -> bool | None:
    """Whether a model thinks where nobody said: the code interpreter needs it, JSON goes without."""
    if options.code_interpreter:
        return True
    wants_json = options.response_format and options.response_format.get("type") != "text"
    return False if wants_json else None


def tool_fields(tools: Sequence[Tool], options: Options, *, may_call: bool) -> dict[str, Any]:
    if not tools:
        return {}
    choice = options.tool_choice if may_call else "none"
    if choice not in (None, "auto", "none"):
        choice = {"type": "function", "function": {"name": choice}}  # type: ignore[assignment]
    return {
        "tools": [tool.definition() for tool in tools],
        "parallel_tool_calls": True,
        "tool_choice": choice,
    }


def search_fields(options: Options) -> dict[str, Any]:
    """What asks for a search; sources and their marks where the protocol tells of them."""
    if not options.search:
        return {}
    chosen = options.search if isinstance(options.search, dict) else {}
    return {
        "enable_search": True,
        "search_options": ({**SOURCES, **chosen} if is_native(options) else chosen) or None,
    }


def trial(model: str, text: str, options: Options) -> None:
    """Builds what would be sent, without files; `payloads.FieldError` where an option does not fit."""
    if options.task == "ocr":
        if options.ocr_task is not None:
            payloads.native_ocr(
                model,
                NO_PICTURE,
                task=options.ocr_task,  # type: ignore[arg-type]
                schema=options.ocr_schema,
                min_pixels=options.min_pixels,
                max_pixels=options.max_pixels,
            )
        else:
            payloads.ocr(
                model, NO_PICTURE, min_pixels=options.min_pixels, max_pixels=options.max_pixels
            )
        return
    body(model, [payloads.user(text or "…")], options)


def path(body: dict[str, Any], *, native: bool = False) -> str:
    """The path of the request on the service's host, for the record."""
    if native:
        base = urlsplit(settings.DASHSCOPE_NATIVE_URL or "").path.rstrip("/") or NATIVE_PATH
        return base + native_path(body)
    return urlsplit(settings.DASHSCOPE_BASE_URL).path.rstrip("/") + CHAT_PATH
