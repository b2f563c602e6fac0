"""The models that people may choose on this server.

Against the service itself they are rows of the catalogue, the ones in `QWENCHAT_MODELS` or a picked list.
Another OpenAI-compatible server is asked what it serves; what it says is kept and asked again now and then.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.conf import settings

from qwenchat.dashscope import catalogue
from qwenchat.dashscope.errors import DashScopeError

from . import service

if TYPE_CHECKING:
    from qwenchat.dashscope import Client, Model

logger = logging.getLogger(__name__)

AUTO = "auto"
PICKED = (
    "qwen-plus",
    "qwen3.7-plus",
    "qwen3.7-max",
    "qwen3.6-plus",
    "qwen3.6-flash",
    "qwen3-max",
    "qwen-flash",
    "qwen3-coder-plus",
    "qwq-plus",
    "qwen3-vl-plus",
    "qwen3-vl-flash",
    "qwen-long",
    "qwen-vl-ocr",
)
Thinking = Literal["none", "hybrid_off", "hybrid_on", "always"]

# What another server said it serves, newest answer: model id -> its context window, if it says.
served: dict[str, int | None] = {}


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """One row of the picker. Token counts are None where nobody says."""

    id: str
    name: str
    group: str
    summary: str
    context_tokens: int
    abilities: frozenset[str]
    thinking: Thinking
    max_output_tokens: int | None
    max_thinking_tokens: int | None


def models() -> list[OfferedModel]:
    """What the picker lists, in its order."""
    if service.dialect() == "openai":
        ids = settings.QWENCHAT_MODELS or list(served)
    else:
        ids = settings.QWENCHAT_MODELS or list(PICKED)
    return [described(id_) for id_ in ids]


def find(id_: str) -> OfferedModel | None:
    """The model by its id, if this server lets people use it."""
    if settings.QWENCHAT_MODELS:
        return described(id_) if id_ in settings.QWENCHAT_MODELS else None
    if service.dialect() == "openai":
        return described(id_) if id_ in served or not served else None
    return described(id_) if catalogue.find(id_) is not None else None


def default_model() -> str:
    """What `auto` means for a message of plain text."""
    if settings.QWENCHAT_DEFAULT_MODEL:
        return str(settings.QWENCHAT_DEFAULT_MODEL)
    listed = models()
    return listed[0].id if listed else PICKED[0]


def title_model(model: str) -> str:
    """A small model for titles; elsewhere than at the service, the one that answered."""
    if settings.QWENCHAT_TITLE_MODEL:
        return str(settings.QWENCHAT_TITLE_MODEL)
    return "qwen-flash" if service.dialect() == "dashscope" else model


def continues_prefixes() -> bool:
    """Whether the server behind the address knows the service's prefix mode (`partial`)."""
    return service.dialect() == "dashscope"


def described(id_: str) -> OfferedModel:
    row = catalogue.find(id_) if service.dialect() == "dashscope" else None
    if row is None:
        return OfferedModel(
            id=id_,
            name=id_.rsplit("/", 1)[-1],
            group="other",
            summary="",
            context_tokens=served.get(id_) or settings.QWENCHAT_CONTEXT_TOKENS,
            abilities=frozenset(),
            thinking="none",
            max_output_tokens=None,
            max_thinking_tokens=None,
        )
    return OfferedModel(
        id=id_,
        name=id_,
        group=row.group,
        summary=row.summary,
        context_tokens=row.context_tokens,
        abilities=abilities(row),
        thinking=row.thinking,
        max_output_tokens=row.max_output_tokens,
        max_thinking_tokens=row.max_thinking_tokens,
    )


def abilities(row: Model) -> frozenset[str]:
    found = {
        "images": "image" in row.inputs,
        "video": "video" in row.inputs,
        "documents": "file" in row.inputs,
        "tools": row.tools,
        "search": row.search,
        "thinking": row.thinking != "none",
        "ocr": "ocr" in row.id,
    }
    return frozenset(name for name, has in found.items() if has)


async def refresh(client: Client) -> None:
    """Asks a server that is not the service itself what it serves; keeps the last answer if it fails."""
    if service.dialect() != "openai":
        return
    try:
        listed = await client.models()
    except DashScopeError as error:
        logger.warning("the list of models could not be read", extra={"code": error.code})
        return
    served.clear()
    served.update({model.id: model.context_window for model in listed})
