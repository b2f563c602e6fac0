"""What earlier answers are sent as beside their text: what their tools found, and their thoughts.

What a tool found is needed for the next questions ("and its second chapter?"), so it goes again with the
newest answers, up to `history_result_tokens`; older answers stand for themselves. Thoughts go only where
the person wants that and the model takes them (`preserve_thinking`): they are billed as input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.functions import Length

from qwenchat.dashscope import payloads

from . import rounds, routing
from .models import ToolCall

if TYPE_CHECKING:
    from uuid import UUID

    from .models import Message
    from .options import Options
    from .rounds import Said

NEWEST_CALLS = 200  # of a conversation; more never fit
CHARACTERS_A_TOKEN = 3  # as `context.estimated_tokens` counts, on the safe side


class Earlier:
    """The earlier answers of one request, told newest first what there is to be sent of each."""

    def __init__(self, answer: Message, options: Options) -> None:
        self.answer = answer
        keeps = routing.row_for(answer.model).keeps_thoughts
        self.with_thoughts = options.preserve_thinking is True and keeps
        self.with_calls = bool(routing.tool_names(answer, options))
        self.tokens_left = settings.LIMITS.history_result_tokens
        self._tokens: dict[UUID, int] | None = None
        self._fitting: list[UUID] = []
        self._rounds: dict[UUID, list[Said]] | None = None

    def add(self, message: Message) -> int:
        """Decides what of this answer is sent beside its text; about how many tokens that takes."""
        thoughts = len(message.reasoning) // CHARACTERS_A_TOKEN if self.with_thoughts else 0
        calls = self.tokens_of_calls().get(message.id, 0)
        if not calls or calls > self.tokens_left:
            return thoughts
        self.tokens_left -= calls
        self._fitting.append(message.id)
        return thoughts + calls

    def tokens_of_calls(self) -> dict[UUID, int]:
        """By answer, what its calls and their results take; without reading the results."""
        if not self.with_calls:
            return {}
        if self._tokens is None:
            self._tokens = {}
            newest = (
                ToolCall.objects.filter(
                    message__conversation_id=self.answer.conversation_id, by_service=False
                )
                .exclude(message_id=self.answer.id)
                .order_by("-message__number", "round", "position")
                .values_list("message_id", Length("arguments"), Length("result"))[:NEWEST_CALLS]
            )
            for answer, arguments, result in newest:
                tokens = (arguments + result) // CHARACTERS_A_TOKEN + 1
                self._tokens[answer] = self._tokens.get(answer, 0) + tokens
        return self._tokens

    def messages(self, message: Message) -> list[dict[str, Any]]:
        """The answer as the request has it; call it once all were added."""
        if self._rounds is None:
            self._rounds = rounds.of(self._fitting) if self._fitting else {}
        said = self._rounds.get(message.id, [])
        text = rounds.rest(message.text, [each.text for each in said])
        thoughts = rounds.rest(message.reasoning, [each.reasoning for each in said])
        told = rounds.as_messages(said, with_reasoning=self.with_thoughts)
        if text or not told:
            told.append(
                payloads.assistant(text, thoughts if self.with_thoughts and thoughts else None)
            )
        return told
