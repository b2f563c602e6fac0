"""What earlier answers are sent as beside their text: what their tools found, and their thoughts.

What a tool found is needed for the next questions ("and its second chapter?"), so it goes again with the
newest answers, up to `history_result_tokens`; older answers stand for themselves. Thoughts go only where
the person wants that and the model takes them (`preserve_thinking`): they are billed as input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Func, IntegerField, Sum
from django.db.models.functions import Length

from qwenchat.dashscope import payloads

from . import branches, rounds, routing
from .estimates import estimated_tokens, tokens_of_lengths
from .models import ToolCall

if TYPE_CHECKING:
    from uuid import UUID

    from .models import Message
    from .options import Options
    from .rounds import Said

NEWEST_MESSAGES = 200  # of the branch; what older ones called hardly ever fits
CALL_TOKENS = 64  # names and ids of a call, and the marks around its result


class OctetLength(Func):
    """How long a text is in UTF-8."""

    function = "OCTET_LENGTH"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "LENGTH(CAST(%(expressions)s AS BLOB))"
        return self.as_sql(compiler, connection, template=template, **extra)


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

    def add(self, message: Message, room: int) -> int:
        """Decides what of this answer is sent beside its text, where there is room for so many tokens; about
        how many that takes."""
        thoughts = estimated_tokens(message.reasoning) if self.with_thoughts else 0
        calls = self.tokens_of_calls().get(message.id, 0)
        # Without its calls an answer still stands for itself: they never crowd out what was said.
        if not calls or calls > min(self.tokens_left, room - thoughts):
            return thoughts
        self.tokens_left -= calls
        self._fitting.append(message.id)
        return thoughts + calls

    def tokens_of_calls(self) -> dict[UUID, int]:
        """By answer, what its calls and their results take; without reading the results."""
        if not self.with_calls:
            return {}
        if self._tokens is None:
            branch = branches.last_ids(
                self.answer.conversation_id, self.answer.parent_id, NEWEST_MESSAGES
            )
            calls = ToolCall.objects.filter(message_id__in=branch, by_service=False)
            # Summed by the database: each answer's calls are counted whole, or it is left out.
            sums = calls.values("message_id").annotate(
                count=Count("id"),
                characters=Sum(Length("arguments") + Length("result")),
                octets=Sum(OctetLength("arguments") + OctetLength("result")),
            )
            self._tokens = {
                each["message_id"]: tokens_of_lengths(each["characters"], each["octets"])
                + CALL_TOKENS * each["count"]
                for each in sums
            }
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
