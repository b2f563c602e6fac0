"""One socket a tab: checks who it is, attaches it to what it may see, forwards commands to the verbs.

Nothing is generated or decided here. docs/protocol.md is the public description.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, assert_never, cast

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation

from conversations.database import in_database
from qwenchat import locales, rates, refusals
from qwenchat.refusals import Refusal

from . import (
    access,
    actions,
    approving,
    commands,
    conditions,
    frames,
    news,
    options,
    presence,
)
from .commands import BadFrame
from .encoding import encoded
from .generation import approvals, store
from .generation.pump import Pump, TooSlow
from .generation.runner import runner
from .models import RUNNING, Message, Role
from .storage import storage_is_full

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from .commands import Command, Format
    from .models import Conversation

logger = logging.getLogger(__name__)

PROTOCOL = 1
UNAUTHENTICATED = 4401
TOO_SLOW = 4408
TOO_MANY = 4429
BINARY = 1003
BAD_FRAMES = 1008
TOO_LARGE = 1009
RESTART = 1012


STORING = (commands.Send, commands.Regenerate, commands.Continue)
# Answered only when they carry a `request`.
UNANSWERED = (commands.Stop, commands.Close, commands.Seen, commands.Approve)


class ChatConsumer(AsyncWebsocketConsumer):
    """The life of one socket. Daphne calls one handler at a time; the pump runs beside them."""

    user_id = 0
    session_key = ""
    password = ""

    # ---- coming and going ----

    async def connect(self) -> None:
        locales.activate(dict(self.scope))
        self.id = uuid.uuid4().hex
        self.formats: dict[str, tuple[Format, bool]] = {}
        self.bad_frames = 0
        self.pump = Pump(runner.hub, self.send_frame, self.send_end)
        self.pumping: asyncio.Task[None] | None = None
        await self.accept()
        user = self.scope["user"]
        if user is None or not user.is_authenticated:
            await self.sign_out()
            return
        self.user = cast("User", user)
        self.user_id = self.user.pk
        if presence.count_of(self.user_id) >= settings.LIMITS.sockets_per_user:
            await self.send_json(self.error(None, too_many_sockets()))
            await self.close(TOO_MANY)
            return
        self.session_key = self.scope["session"].session_key or ""
        self.password = self.user.password
        presence.sockets.add(self)
        await self.channel_layer.group_add(news.group(self.user_id), self.channel_name)
        self.pumping = asyncio.create_task(self.keep_pumping(), name=f"pump {self.id}")
        await self.send_json({"type": "hello", "protocol": PROTOCOL, "build": settings.BUILD})

    async def disconnect(self, code: int) -> None:
        self.leave()
        if self.user_id:
            await self.channel_layer.group_discard(news.group(self.user_id), self.channel_name)

    def leave(self) -> None:
        presence.sockets.discard(self)
        self.pump.close()
        if self.pumping is not None:
            self.pumping.cancel()
            self.pumping = None

    async def sign_out(self) -> None:
        """Tells the page that its session is over, and says nothing more."""
        self.leave()
        await self.send_json(self.error(None, refusals.unauthenticated()))
        await self.close(UNAUTHENTICATED)

    async def restarting(self) -> None:
        await self.send_json({"type": "restarting"})

    async def keep_pumping(self) -> None:
        try:
            await self.pump.run()
        except TooSlow:
            logger.info("a page shows nothing any more", extra={"user": self.user_id})
            self.pump.close()
            await self.close(TOO_SLOW)
        except Exception:
            logger.exception("a socket's pump broke", extra={"user": self.user_id})
            await self.close(RESTART)  # the page reconnects and resumes

    # ---- what comes ----

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Straight to the handler. Channels' own first closes old database connections, which is a trip to
        the database's thread for every `seen`; `in_database` looks after connections here."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for {message['type']}")
        await handler(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None:
            await self.close(BINARY)
            return
        if self not in presence.sockets:
            return
        if len(text_data.encode()) > settings.LIMITS.frame_bytes:
            await self.close(TOO_LARGE)
            return
        command: Command | None = None
        try:
            command = commands.parse(text_data)
            if runner.is_draining and isinstance(command, (*STORING, commands.Approve)):
                return  # unanswered, it is sent again to the process that comes after this one
            await self.carry_out(command)
        except BadFrame as refusal:
            self.bad_frames += 1
            await self.send_json(self.error(refusal.request, refusal))
            if self.bad_frames >= settings.LIMITS.bad_frames:
                await self.close(BAD_FRAMES)
        except Refusal as refusal:
            await self.refuse(command, refusal)
        except Exception as error:
            if storage_is_full(error):
                logger.error("the database cannot be written: %s", type(error).__name__)
                await self.refuse(command, refusals.storage_full())
                return
            reference = uuid.uuid4().hex[:8]
            logger.exception("a command failed", extra={"reference": reference})
            await self.refuse(command, refusals.internal(reference))

    async def refuse(self, command: Command | None, refusal: Refusal) -> None:
        """Says why not; commands that need no answer get one only when they can be told apart."""
        request = command.request if command else None
        if request is None and isinstance(command, UNANSWERED):
            return
        await self.send_json(self.error(request, refusal))

    async def carry_out(self, command: Command) -> None:
        if not isinstance(command, (*STORING, commands.Seen, commands.Ping)):
            rates.spend("commands", self.user_id, settings.LIMITS.commands_per_minute)
        match command:
            case commands.Seen():
                shown = access.parsed_or_none(command.message)
                if shown is not None:
                    self.pump.seen(shown, command.seq)
                await self.acknowledge(command)
            case commands.Ping():
                await self.send_json({"type": "pong", **named(command.request)})
            case commands.Open():
                await self.open(command)
            case commands.Close():
                self.formats.pop(command.conversation, None)
                await self.acknowledge(command)
            case commands.Send() | commands.Regenerate() | commands.Continue():
                await self.store(command)
            case commands.Stop():
                await self.stop(command)
            case commands.Approve():
                await self.approve(command)
            case commands.AnswerNow():
                await self.answer_now(command)
            case _:
                raise AssertionError(command)

    async def open(self, command: commands.Open) -> None:
        conversation, running, over = await in_database(self.look_up)(command)
        self.formats[str(conversation.id)] = (command.format, command.cut)
        await self.send_json(frames.opened(conversation, command.request))
        for answer in running:
            await self.watch(answer, command.format, cut=command.cut)
        for message in over:
            await self.send_end(message, command.format, message.seq)

    async def watch(self, answer: UUID, format: Format, *, cut: bool) -> None:
        """Shows a running answer from now on, or its end, should it have ended a moment ago."""
        self.pump.watch(answer, format, cut=cut)
        if runner.has(answer):
            return
        message = await in_database(store.found)(answer)
        if message is not None and not message.is_running:
            self.pump.unwatch(answer)
            await self.send_end(message, format, message.seq)

    def look_up(self, command: commands.Open) -> tuple[Conversation, list[UUID], list[Message]]:
        """The conversation, its running answers, and those that the page still shows as unfinished."""
        try:
            conversation = access.conversation_for(self.user, command.conversation)
        except access.NotFound:
            raise refusals.not_found() from None
        running = list(
            conversation.messages.filter(status__in=RUNNING).values_list("id", flat=True)
        )
        listed = [id_ for text in command.streaming if (id_ := access.parsed_or_none(text))]
        over = list(conversation.messages.filter(id__in=listed).exclude(id__in=running))
        return conversation, running, over

    async def store(self, command: commands.Send | commands.Regenerate | commands.Continue) -> None:
        zone = locales.zone_of(locales.cookies_of(dict(self.scope)))
        chosen = replace(options.checked(command.options), timezone=str(zone))
        format = chosen.format or "html"
        stored, ack = await in_database(self.verb)(command, chosen, format)
        if stored.answers:
            runner.start(stored.answers)
        self.formats.setdefault(ack["conversation"], (format, command.cut))
        await self.follow(stored, ack, format, cut=command.cut)

    async def follow(
        self, stored: actions.Stored, ack: dict[str, Any], format: Format, *, cut: bool
    ) -> None:
        """Shows what was stored: here by its `ack` and what comes after, in other tabs by the news."""
        await self.send_json(ack)
        for message in ack["messages"]:  # a repeated command is told the end of what has ended
            if message["role"] == "assistant":
                await self.watch(uuid.UUID(message["id"]), format, cut=cut)
        if stored.answers:
            ids = [message["id"] for message in ack["messages"]]
            await news.messages_added(self.user_id, ack["conversation"], ids, self.id)
            await news.conversation_changed(self.user_id, stored.row)

    def verb(
        self,
        command: commands.Send | commands.Regenerate | commands.Continue,
        chosen: options.Options,
        format: Format,
    ) -> tuple[actions.Stored, dict[str, Any]]:
        match command:
            case commands.Send():
                stored = actions.send(
                    self.user,
                    request=command.request,
                    conversation=command.conversation,
                    parent=command.parent,
                    text=command.text,
                    options=chosen,
                    attachments=command.attachments,
                )
            case commands.Regenerate():
                stored = actions.regenerate(
                    self.user, request=command.request, message=command.message, options=chosen
                )
            case commands.Continue():
                stored = actions.go_on(
                    self.user, request=command.request, message=command.message, options=chosen
                )
            case _:
                assert_never(command)
        return stored, frames.ack(stored.ack, format)

    async def stop(self, command: commands.Stop) -> None:
        """Ends an answer, wherever it runs; after its end, or twice, it does no harm."""
        message = await in_database(self.own_message)(command.message)
        if message.is_running and not runner.stop(message.id):
            await in_database(store.request_stop)(message.id)
            await news.stop_asked(self.user_id, message.id)
        await self.acknowledge(command)

    async def approve(self, command: commands.Approve) -> None:
        """The person's word about a waiting call; its answer runs again if it was cut meanwhile."""
        stored = await in_database(self.decided)(command)
        call = access.parsed_or_none(command.call)
        if call is not None:
            approvals.tell(call)
        if not stored.answers:
            await self.acknowledge(command)
            return
        runner.start(stored.answers)
        format, cut = self.formats.setdefault(stored.ack["conversation"], ("html", command.cut))
        ack = await in_database(frames.ack)(stored.ack, format)
        await self.follow(stored, ack, format, cut=cut)

    def decided(self, command: commands.Approve) -> actions.Stored:
        return approving.approve(
            self.user,
            request=command.request or "",
            call=command.call,
            approved=command.approved,
            arguments=command.arguments,
        )

    async def answer_now(self, command: commands.AnswerNow) -> None:
        """Ends the thinking; harmless where there is none any more."""
        message = await in_database(self.own_message)(command.message)
        conditions.check_thinking_can_end(message)
        runner.hurry(message.id)
        await self.acknowledge(command)

    def own_message(self, id_: str) -> Message:
        try:
            return access.message_for(self.user, id_)
        except access.NotFound:
            raise refusals.not_found() from None

    # ---- what goes ----

    async def send_frame(self, text: str) -> None:
        await self.send(text_data=text)

    async def send_json(self, event: dict[str, Any]) -> None:
        await self.send(text_data=encoded(event))

    async def send_end(self, message: Message, format: Format, seq: int) -> None:
        event = (
            frames.end(message, "text")
            if format == "text"
            else await in_database(frames.end)(message, "html")
        )
        event["seq"] = max(event["seq"], seq)
        await self.send_json(event)

    async def acknowledge(self, command: Command) -> None:
        if command.request is not None:
            await self.send_json({"type": "ack", "request": command.request})

    @staticmethod
    def error(request: str | None, refusal: Refusal) -> dict[str, Any]:
        return {"type": "error", "request": request, **refusal.as_json()}

    # ---- news from elsewhere (the channel layer) ----

    async def conversation_changed(self, event: dict[str, Any]) -> None:
        row = event["row"]
        if row.get("deleted"):
            self.formats.pop(row["id"], None)
        await self.send_json({"type": "conversation", "conversation": row})

    async def messages_added(self, event: dict[str, Any]) -> None:
        shown = self.formats.get(event["conversation"])
        if shown is None or event["by"] == self.id:
            return
        format, cut = shown
        for message, frame in await in_database(self.added)(event["messages"], format):
            await self.send_json(frame)
            if message.role == Role.ASSISTANT:
                await self.watch(message.id, format, cut=cut)

    def added(self, ids: list[str], format: Format) -> list[tuple[Message, dict[str, Any]]]:
        rows = Message.objects.filter(id__in=ids, conversation__owner=self.user).order_by("number")
        return [(row, frames.message(row, format)) for row in rows]

    async def answer_ended(self, event: dict[str, Any]) -> None:
        answer = uuid.UUID(event["message"])
        if self.pump.waits_in_vain(answer):
            message = await in_database(store.found)(answer)
            if message is not None and not message.is_running:  # it may have been continued since
                format = self.pump.unwatch(answer)
                if format is not None:
                    await self.send_end(message, format, message.seq)
        await self.conversation_changed(event)

    async def answer_stop(self, event: dict[str, Any]) -> None:
        runner.stop(uuid.UUID(event["message"]))


def named(request: str | None) -> dict[str, str]:
    return {} if request is None else {"request": request}


def too_many_sockets() -> Refusal:
    most = settings.LIMITS.sockets_per_user
    sentence = translation.gettext(
        "More than %(most)d tabs are open. Close one and reload this page."
    )
    return Refusal("rate_limited", sentence % {"most": most})
