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

from . import branches, offered, routing
from . import pieces as pieces_
from .earlier import Earlier
from .estimates import estimated_tokens
from .models import Role
from .pieces import Question, ServiceFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from .models import Conversation, Message, MessageAttachment
    from .options import Options
    from .pieces import Piece

PAGE = 64  # messages a query while walking back; most conversations need one
ANSWER_TOKENS = 2048  # room kept for the answer where the model's own bound is its whole window
MESSAGE_TOKENS = 8  # role and separators, each message
NOTE_TOKENS = 40  # a sentence in the place of a file
# A model that reads files wants a role before them (dashscope-api §7.2).
FILES_PROMPT = "You are a helpful assistant."
CONTINUE = (
    "Your last message was cut off. Go on exactly where it stops: write only what follows, in the same"
    " language and format, without repeating or introducing anything."
)


@dataclass(frozen=True, slots=True)
class Context:
    """`messages` for the request; `starts_at` is the first message sent, None when nothing was left out.

    A question with attachments is a `Question`, whose parts are still to be made. `is_prefix`: the last
    message is the beginning of the answer, to be continued by the service.
    """

    messages: list[dict[str, Any] | Question]
    starts_at: UUID | None
    is_prefix: bool


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
    shown, earlier = Shown(answer, options), Earlier(answer, options)
    for message in branches.backwards(conversation, answer.parent_id, PAGE):
        attached = shown.by(message)
        if not message.text and not attached:
            continue  # an answer that failed said nothing
        room -= estimated_tokens(message.text) + MESSAGE_TOKENS + shown.add(message, attached)
        room -= earlier.add(message, room) if message.role == Role.ASSISTANT else 0
        if room < 0:
            if not kept:
                raise ContextTooLongError("the question alone is longer than the model's input")
            left_out = True
            break
        kept.append(message)
    kept.reverse()
    while left_out and kept[0].role != Role.USER and len(kept) > 1:
        del kept[0]  # models expect a question first

    messages: list[dict[str, Any] | Question] = []
    for message in kept:
        if message.role == Role.ASSISTANT:
            messages += earlier.messages(message)
        else:
            messages.append(shown.questions.get(message.id) or payloads.user(message.text))
    if not system and any(question.files for question in shown.questions.values()):
        system = FILES_PROMPT
    before: list[dict[str, Any] | Question] = [payloads.system(system)] if system else []
    return Context([*before, *messages, *ending], kept[0].id if left_out else None, is_prefix)


class Shown:
    """What of the branch's attachments a request shows the model, read from the newest question back.

    The question itself is shown whole. Of earlier ones, pictures and frames are sent again up to a
    number, newest first; what is not sent, or cannot be given to this model, is named in words.
    """

    def __init__(self, answer: Message, options: Options) -> None:
        self.answer = answer
        self.options = options
        self.questions: dict[UUID, Question] = {}
        self.pictures_left = settings.LIMITS.history_pictures
        self.model = routing.row_for(answer.model)
        self._attached: dict[UUID, list[MessageAttachment]] | None = None

    def by(self, message: Message) -> list[MessageAttachment]:
        if message.role != Role.USER:
            return []
        if self._attached is None:
            self._attached = branches.attached(message.conversation_id)
        return self._attached.get(message.id, [])

    def add(self, message: Message, attached: Sequence[MessageAttachment]) -> int:
        """Makes the message a `Question` if something was added to it; the tokens that this takes."""
        if not attached:
            return 0
        is_earlier = message.id != self.answer.parent_id
        pieces: list[Piece] = []
        files: list[ServiceFile] = []
        tokens = 0
        for each in attached:
            piece, cost = self.piece(each, is_earlier=is_earlier)
            tokens += cost
            if isinstance(piece, ServiceFile):
                files.append(piece)
            else:
                pieces.append(piece)
        self.questions[message.id] = Question(message.text, tuple(pieces), tuple(files))
        return tokens

    def piece(
        self, attached: MessageAttachment, *, is_earlier: bool
    ) -> tuple[Piece | ServiceFile, int]:
        """The piece for one attachment, and the tokens of the model's window that it takes."""
        file = attached.attachment
        brought = routing.Brought(file, self.options.wish_for(attached), is_stored=True)
        plan = routing.plan_for(brought, self.answer.model, self.options)
        if not plan.is_possible:
            return pieces_.note_for(file, "which you cannot be shown"), NOTE_TOKENS
        if is_earlier and plan.way in ("image", "frames", "video"):
            count = plan.count or 1
            if count > self.pictures_left:
                return pieces_.note_for(file, "which is not shown again"), NOTE_TOKENS
            self.pictures_left -= count
        made = pieces_.piece_for(
            file,
            plan,
            brought.wish,
            self.model,
        )
        # What a file at the service holds is not in the model's window.
        return made, 0 if plan.way == "file" else (plan.tokens or 0)


def system_prompt(conversation: Conversation) -> str:
    """The conversation's own, or the server's, where `{date}` stands for today: models do not know it."""
    return conversation.system or settings.QWENCHAT_SYSTEM_PROMPT.replace(
        "{date}", timezone.now().date().isoformat()
    )


def beginning_of(answer: Message) -> tuple[list[dict[str, Any]], bool]:
    """How a request asks to go on with the text there is: by the service's prefix mode where the model
    has it, else in words."""
    if not answer.text or answer.calls.filter(by_service=False).exists():
        return [], False  # with tool calls, `generation.tooling` says what there is
    row = catalogue.find(answer.model)
    can = row is not None and row.prefix and row.thinking != "always"
    if can and offered.continues_prefixes():
        return [payloads.assistant(answer.text, partial=True)], True
    return [payloads.assistant(answer.text), payloads.user(CONTINUE)], False
