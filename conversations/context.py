"""What a model is sent: the branch as request messages, fitted to the model's window.

The newest messages matter most, so a long branch loses its oldest; `Context.starts_at` says where it then
begins, and the page shows a mark there. Token counts are estimates on the safe side: the service counts
for itself and says so when we were wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from qwenchat.dashscope import catalogue, payloads
from qwenchat.dashscope.errors import ContextTooLongError

from . import branches, offered
from .models import Role

if TYPE_CHECKING:
    from uuid import UUID

    from .models import Conversation, Message
    from .options import Options

PAGE = 64  # messages a query while walking back; most conversations need one
ANSWER_TOKENS = 2048  # room kept for the answer where the model's own bound is its whole window
MESSAGE_TOKENS = 8  # role and separators, each message
CONTINUE = (
    "Your last message was cut off. Go on exactly where it stops: write only what follows, in the same"
    " language and format, without repeating or introducing anything."
)


@dataclass(frozen=True, slots=True)
class Context:
    """`messages` for the request; `starts_at` is the first message sent, None when nothing was left out.

    `is_prefix`: the last message is the beginning of the answer, to be continued by the service.
    """

    messages: list[dict[str, Any]]
    starts_at: UUID | None
    is_prefix: bool


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, rather too many than too few.

    Source: 1M tokens hold about 700,000 Chinese characters (the service's manual); English has about
    four characters a token, code about three.
    """
    ascii_count = len(text.encode("ascii", "ignore"))
    return ascii_count // 3 + (len(text) - ascii_count) * 3 // 2 + 1


def room_for(model: str, max_tokens: int | None) -> int:
    """Tokens that the messages of a request to this model may have together."""
    row = catalogue.find(model)
    found = offered.find(model)
    window = found.context_tokens if found else settings.QWENCHAT_CONTEXT_TOKENS
    if row is not None and row.max_input_tokens:
        return row.max_input_tokens
    answer = max_tokens or min(ANSWER_TOKENS, window // 4)
    return max(window - answer, window // 2)


def build(conversation: Conversation, answer: Message, options: Options) -> Context:
    """The request messages for an answer that is to be written, or to be continued.

    Raises `ContextTooLongError` when the question alone does not fit the model.
    """
    room = room_for(answer.model, options.max_tokens)
    system = system_prompt(conversation)
    if system:
        room -= estimated_tokens(system) + MESSAGE_TOKENS
    ending, is_prefix = beginning_of(answer)
    room -= sum(estimated_tokens(message["content"]) + MESSAGE_TOKENS for message in ending)

    kept: list[Message] = []
    left_out = False
    for message in branches.backwards(conversation, answer.parent_id, PAGE):
        if not message.text:
            continue  # an answer that failed said nothing
        room -= estimated_tokens(message.text) + MESSAGE_TOKENS
        if room < 0:
            if not kept:
                raise ContextTooLongError("the question alone is longer than the model's input")
            left_out = True
            break
        kept.append(message)
    kept.reverse()
    while left_out and kept[0].role != Role.USER and len(kept) > 1:
        del kept[0]  # models expect a question first

    messages = [payloads.system(system)] if system else []
    messages += [as_request(message) for message in kept]
    return Context(messages + ending, kept[0].id if left_out else None, is_prefix)


def system_prompt(conversation: Conversation) -> str:
    """The conversation's own, or the server's, where `{date}` stands for today: models do not know it."""
    return conversation.system or settings.QWENCHAT_SYSTEM_PROMPT.replace(
        "{date}", timezone.now().date().isoformat()
    )


def as_request(message: Message) -> dict[str, Any]:
    if message.role == Role.USER:
        return payloads.user(message.text)
    return payloads.assistant(message.text)


def beginning_of(answer: Message) -> tuple[list[dict[str, Any]], bool]:
    """How a request asks to go on with the text there is: by the service's prefix mode where the model
    has it, else in words."""
    if not answer.text:
        return [], False
    row = catalogue.find(answer.model)
    can = row is not None and row.prefix and row.thinking != "always"
    if can and offered.continues_prefixes():
        return [payloads.assistant(answer.text, partial=True)], True
    return [payloads.assistant(answer.text), payloads.user(CONTINUE)], False
