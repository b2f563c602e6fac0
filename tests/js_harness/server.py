"""A scripted server for the page's scripts: the app's own templates and files, and a socket that tests drive.

The pages, fragments and static files are the real ones, and so is the renderer of running answers; what is
said on the socket, when, and when the connection goes is decided step by step by the test. Nothing here
sleeps: a test writes a piece of an answer, looks at the page, and writes the next.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.template import Context, engines
from django.utils import timezone

from conversations import presenting
from conversations.models import (
    RUNNING,
    Conversation,
    Message,
    MessageAttachment,
    Recognition,
    ToolCall,
)
from conversations.tree import Node, siblings
from conversations.views import frame, options, pages, picker, sidebar, words
from qwenchat.headers import POLICY
from qwenchat.markup import RENDER_VERSION, Incremental, render

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

PATIENCE_S = 15
MODEL = "qwen-plus"
PAGE = 20  # messages a page
UPLOAD_LIMITS = {
    "image": 1_048_576,
    "document": 2_097_152,
    "video": 2_097_152,
    "per_message": 6,
    "accept": ".png,.jpg,.txt,.pdf,.mp4",
    "kinds": {"png": "image", "jpg": "image", "txt": "document", "pdf": "document", "mp4": "video"},
    "paste_characters": 4000,
}


@dataclass
class Live:
    """A running answer, and what each socket has been sent of its unfinished block."""

    message: Message
    html: Incremental = field(default_factory=Incremental)
    seq: int = 0
    tails: dict[int, str] = field(default_factory=dict)
    blocks: dict[int, int] = field(default_factory=dict)


class Server:
    """Runs in a thread of its own; every public method may be called from the test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.heard: list[dict[str, Any]] = []
        self.sockets: dict[int, web.WebSocketResponse] = {}
        self.connections = 0
        self.conversations: dict[str, Conversation] = {}
        self.messages: dict[str, Message] = {}
        self.live: dict[str, Live] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.refusals: list[dict[str, Any]] = []
        self.lost_acks = 0
        self.lost_code = 1001
        self.accepting = True
        self.greeting: dict[str, Any] = {"type": "hello", "protocol": 1, "build": "test"}
        self.drops = 0
        self.mute = False
        self.news = threading.Condition()
        self.tools: list[dict[str, Any]] = []
        self.user = User(pk=7, username="alice", first_name="Alice")

    # ---- life ----

    def start(self) -> None:
        started = threading.Event()

        async def serve() -> None:
            app = web.Application(client_max_size=64 * 1024 * 1024)
            app.add_routes(self.routes())
            self.runner = web.AppRunner(app, shutdown_timeout=0.1)
            await self.runner.setup()
            site = web.TCPSite(self.runner, "127.0.0.1", 0)
            await site.start()
            self.address = "http://{}:{}".format(*self.runner.addresses[0][:2])
            started.set()

        def run() -> None:
            self.loop.create_task(serve())
            self.loop.run_forever()

        self.worker = threading.Thread(target=run, daemon=True)
        self.worker.start()
        assert started.wait(PATIENCE_S)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/c/{id}/", self.page),
            web.get("/c/{id}/thread/", self.thread),
            web.post("/c/{id}/branch/", self.branch),
            web.get("/messages/{id}/source/", self.source),
            web.get("/conversations/", self.listing),
            web.get("/static/{path:.*}", self.static),
            web.get("/ws/", self.socket),
        ]

    def close(self) -> None:
        self.run(self.runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.worker.join(PATIENCE_S)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Until `condition` holds; it is asked again whenever a page has said something."""
        with self.news:
            assert self.news.wait_for(condition, PATIENCE_S), [one["type"] for one in self.heard]
            return condition()

    def commands(self, kind: str) -> list[dict[str, Any]]:
        return [command for command in self.heard if command["type"] == kind]

    # ---- what tests set up and do ----

    def conversation(
        self, turns: int = 1, *, text: str = "An answer.", title: str = "A chat"
    ) -> str:
        """A stored conversation with so many finished turns."""
        found = Conversation(id=uuid.uuid4(), title=title, updated=timezone.now())
        self.conversations[str(found.id)] = found
        for number in range(turns):
            question = self.add(found, f"Question {number + 1}", "user")
            self.add(found, text, "assistant", parent=question)
        return str(found.id)

    def add(
        self,
        of: Conversation,
        text: str,
        role: str,
        *,
        parent: Message | None = None,
        status: str = "complete",
    ) -> Message:
        after = parent.id if parent else of.leaf_id
        message = Message(
            id=uuid.uuid4(),
            conversation=of,
            parent_id=after,
            number=of.next_number,
            role=role,
            text=text,
            status=status,
            created=timezone.now(),
            model=MODEL if role == "assistant" else "",
            html=render(text) if role == "assistant" else "",
            render_version=RENDER_VERSION,
        )
        without_files(message)
        of.next_number += 1
        of.leaf_id = message.id
        self.messages[str(message.id)] = message
        if status in RUNNING:
            self.live[str(message.id)] = Live(message)
        return message

    @property
    def answer(self) -> str:
        """The newest running answer."""
        return list(self.live)[-1]

    def write(self, answer: str, text: str) -> None:
        """The model writes; every open page gets what is new to it."""
        self.run(self._write(answer, text=text))

    def think(self, answer: str, text: str) -> None:
        self.run(self._write(answer, reasoning=text))

    async def _write(self, answer: str, *, text: str = "", reasoning: str = "") -> None:
        live = self.live[answer]
        live.message.status = "streaming"
        live.message.text += text
        live.message.reasoning += reasoning
        live.html.append(text)
        live.seq += 1
        for id_, socket in list(self.sockets.items()):
            if id_ in live.tails:
                await self.send(
                    socket, self.delta(live, id_) | ({"reasoning": reasoning} if reasoning else {})
                )

    def delta(self, live: Live, reader: int) -> dict[str, Any]:
        old, new = live.tails[reader], live.html.tail
        event: dict[str, Any] = {"type": "delta", "message": str(live.message.id), "seq": live.seq}
        if live.blocks[reader] < len(live.html.blocks):
            event |= {"blocks": live.html.blocks[live.blocks[reader] :], "tail": new}
        elif old != new:
            kept = 0
            while kept < min(len(old), len(new)) and old[kept] == new[kept]:
                kept += 1
            event |= {"drop": utf16(old[kept:]), "tail": new[kept:]}
            self.drops += 1
        if live.message.reasoning and not live.message.text:
            event["thinking"] = True
        live.tails[reader], live.blocks[reader] = new, len(live.html.blocks)
        return event

    def snapshot(self, live: Live, reader: int) -> dict[str, Any]:
        live.tails[reader], live.blocks[reader] = live.html.tail, len(live.html.blocks)
        return {
            "type": "snapshot",
            "message": str(live.message.id),
            "seq": live.seq,
            "status": live.message.status,
            "blocks": live.html.blocks,
            "tail": live.html.tail,
            "reasoning": live.message.reasoning,
            "thinking": bool(live.message.reasoning and not live.message.text),
            "calls": [],
            "sources": [],
        }

    def end(
        self, answer: str, status: str = "complete", error: dict[str, Any] | None = None
    ) -> None:
        self.run(self._end(answer, status, error))

    async def _end(self, answer: str, status: str, error: dict[str, Any] | None) -> None:
        live = self.live.pop(answer)
        message = live.message
        message.status = status
        message.html, message.render_version = render(message.text), RENDER_VERSION
        message.error_code = error["code"] if error else ""
        for id_, socket in list(self.sockets.items()):
            if id_ in live.tails:
                await self.send(socket, self.end_event(message, live.seq + 1, error))

    def end_event(
        self, message: Message, seq: int, error: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "type": "end",
            "message": str(message.id),
            "seq": seq,
            "status": message.status,
            "error": error,
            "html": message.html,
            "fragment": self.fragment(message, with_prose=False),
        }

    def tell(self, event: dict[str, Any]) -> None:
        """Sends an event to every page."""

        async def send() -> None:
            for socket in list(self.sockets.values()):
                await self.send(socket, event)

        self.run(send())

    def message_event(self, message: Message) -> None:
        self.run(self._message_event(message))

    async def _message_event(self, message: Message) -> None:
        shown = as_json(message) | {"html": self.fragment(message)}
        event = {"type": "message", "conversation": str(message.conversation_id), "message": shown}
        for id_, socket in list(self.sockets.items()):
            await self.send(socket, event)
            if str(message.id) in self.live:
                await self.send(socket, self.snapshot(self.live[str(message.id)], id_))

    def disconnect(self, code: int = 1001, *, accepting: bool = True) -> None:
        """Closes every connection; new ones are refused until `accept`."""
        self.accepting = accepting

        async def close() -> None:
            for socket in list(self.sockets.values()):
                await socket.close(code=code)

        self.run(close())

    def accept(self) -> None:
        self.accepting = True

    # ---- the socket ----

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if not self.accepting:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.connections += 1
        id_ = self.connections
        self.sockets[id_] = socket
        await self.send(socket, self.greeting)
        self.tell_test()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self.hear(id_, socket, orjson.loads(frame.data))
        finally:
            del self.sockets[id_]
            for live in self.live.values():
                live.tails.pop(id_, None)
            self.tell_test()
        return socket

    def tell_test(self, command: dict[str, Any] | None = None) -> None:
        with self.news:
            if command:
                self.heard.append(command)
            self.news.notify_all()

    async def send(self, socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        if not socket.closed:
            await socket.send_str(orjson.dumps(event).decode())

    async def hear(self, id_: int, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        match command["type"]:
            case "ping" if not self.mute:
                await self.send(socket, {"type": "pong"})
            case "open":
                await self.open(id_, socket, command)
            case "send" | "regenerate" | "continue" | "approve" | "answer_now" if self.refusals:
                refusal = {"type": "error", "request": command["request"], **self.refusals.pop(0)}
                await self.send(socket, refusal)
            case "send" | "regenerate" | "continue":
                await self.store(id_, socket, command)
            case "stop" | "approve" | "answer_now":
                await self.send(socket, {"type": "ack", "request": command["request"]})
        self.tell_test(command)

    async def open(self, id_: int, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        found = self.conversations.get(command["conversation"])
        if found is None:
            return
        shown = {"id": str(found.id), "title": found.title, "leaf": str(found.leaf_id)}
        opened = {"type": "opened", "request": command["request"], "conversation": shown}
        await self.send(socket, opened)
        for live in list(self.live.values()):
            if live.message.conversation_id == found.id:
                await self.send(socket, self.snapshot(live, id_))
        for listed in command["streaming"]:
            if listed not in self.live:
                await self.send(socket, self.end_event(self.messages[listed], 10_000))

    async def store(self, id_: int, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        """Once for each `request`, as the real server does."""
        if command["request"] not in self.done:
            stored = self.carry_out(command)
            self.done[command["request"]] = {
                "conversation": str(stored[0].conversation_id),
                "ids": [str(message.id) for message in stored],
            }
        done = self.done[command["request"]]
        messages = [self.messages[message] for message in done["ids"]]
        if self.lost_acks:
            self.lost_acks -= 1
            await socket.close(code=self.lost_code)
            return
        ack = {
            "type": "ack",
            "request": command["request"],
            "conversation": done["conversation"],
            "messages": [as_json(one) | {"html": self.fragment(one)} for one in messages],
        }
        await self.send(socket, ack)
        for message in messages:
            live = self.live.get(str(message.id))
            if live:
                await self.send(socket, self.snapshot(live, id_))

    def carry_out(self, command: dict[str, Any]) -> list[Message]:
        if command["type"] == "continue":
            message = self.messages[command["message"]]
            message.status = "queued"
            live = self.live[str(message.id)] = Live(message, seq=1000)
            live.html.append(message.text)
            return [message]
        if command["type"] == "regenerate":
            first = self.messages[command["message"]]
            parent = self.messages[str(first.parent_id)]
            found = self.conversations[str(first.conversation_id)]
            return [self.add(found, "", "assistant", parent=parent, status="queued")]
        if command["conversation"] is None:
            found = Conversation(id=uuid.uuid4(), title="Untitled", updated=timezone.now())
            self.conversations[str(found.id)] = found
        found = self.conversations[command["conversation"] or str(found.id)]
        if command["parent"]:
            edited = self.messages[command["parent"]]
            found.leaf_id = edited.parent_id if edited.role == "user" else edited.id
        question = self.add(found, command["text"], "user")
        models = command["options"].get("models") or [MODEL]
        answers = [
            self.add(found, "", "assistant", parent=question, status="queued") for _ in models
        ]
        if len(models) > 1:
            for answer, model in zip(answers, models, strict=True):
                answer.model, answer.options = model, {"models": models}
        found.leaf_id = answers[0].id
        return [question, *answers]

    # ---- pages ----

    def fragment(self, message: Message, *, with_prose: bool = True) -> str:
        place = self.places().get(message.id)
        return presenting.message_html(message, place, with_prose=with_prose)

    def places(self) -> dict[uuid.UUID, Any]:
        nodes = [Node(one.id, one.parent_id, one.number) for one in self.messages.values()]
        return siblings(nodes)

    def branch_page(self, found: Conversation, leaf: uuid.UUID | None = None) -> pages.BranchPage:
        path: list[Message] = []
        step = leaf or found.leaf_id
        while step is not None and len(path) < PAGE:
            path.insert(0, self.messages[str(step)])
            step = path[0].parent_id
        older = f"/c/{found.id}/?before={path[0].id}" if step else ""
        return pages.BranchPage(presenting.thread(path, self.places()), found.leaf_id, older=older)

    def before(self, found: Conversation, message: str) -> web.Response:
        shown = self.branch_page(found, self.messages[message].parent_id)
        return html(rendered("conversations/_messages.html", {"page": shown}, HttpRequest()))

    async def page(self, request: web.Request) -> web.Response:
        found = self.conversations.get(request.match_info.get("id", ""))
        if found is not None and "before" in request.query:
            return self.before(found, request.query["before"])
        asked = HttpRequest()
        asked.path = request.path
        asked.COOKIES = dict(request.cookies)
        shown = pages.BranchPage([], None) if found is None else self.branch_page(found)
        context = {
            "conversation": found,
            "page": shown,
            "heading": found.title if found else "New chat",
            "list": self.listed(found),
            "picker": picker.picker(""),
            "option_fields": options.fields(),
            "person": frame.Person("Alice", "A", "Member", may_review=False, review_url=""),
            "themes": frame.themes(""),
            "languages": frame.languages(),
            "shortcuts": frame.shortcuts(),
            "suggestions": frame.suggestions(),
            "text_characters": 100_000,
            "upload_limits": UPLOAD_LIMITS,
            "tool_entries": self.tools,
            "words": words.words(),
            "user": self.user,
            "csrf_token": "token",
        }
        return html(rendered("conversations/show.html", context, asked))

    def listed(self, current: Conversation | None) -> sidebar.Listed:
        chats = sorted(self.conversations.values(), key=lambda one: one.updated, reverse=True)
        running = {live.message.conversation_id for live in self.live.values()}
        rows = [sidebar.row_of(one, running, current.id if current else None) for one in chats]
        groups = (sidebar.Group("today", "Today", tuple(rows)),) if rows else ()
        return sidebar.Listed(groups, "", "", "No chats yet.")

    async def listing(self, request: web.Request) -> web.Response:
        current = self.conversations.get(request.query.get("current", ""))
        return html(
            rendered(
                "conversations/_conversations.html", {"list": self.listed(current)}, HttpRequest()
            )
        )

    async def thread(self, request: web.Request) -> web.Response:
        return self.thread_of(self.conversations[request.match_info["id"]])

    def thread_of(self, found: Conversation) -> web.Response:
        context = {"conversation": found, "page": self.branch_page(found)}
        return html(rendered("conversations/_thread.html", context, HttpRequest()))

    async def branch(self, request: web.Request) -> web.Response:
        found = self.conversations[request.match_info["id"]]
        chosen = uuid.UUID((await request.post())["message"])
        below = [one for one in self.messages.values() if one.id == chosen]
        for one in self.messages.values():  # a parent is always older than its replies
            if one.parent_id == below[-1].id:
                below.append(one)
        found.leaf_id = below[-1].id
        return self.thread_of(found)

    async def source(self, request: web.Request) -> web.Response:
        return web.Response(text=self.messages[request.match_info["id"]].text)

    async def static(self, request: web.Request) -> web.StreamResponse:
        path = finders.find(request.match_info["path"])
        if path is None:
            return web.Response(status=404)
        return web.FileResponse(path)


def without_files(message: Message) -> None:
    """Nothing is attached and nothing was read: no database is asked for it."""
    nothing = {
        "attached": MessageAttachment,
        "recognitions": Recognition,
        "calls": ToolCall,
    }
    message._prefetched_objects_cache = {  # type: ignore[attr-defined]
        name: model.objects.none() for name, model in nothing.items()
    }


def rendered(template: str, context: dict[str, Any], request: HttpRequest) -> str:
    """Without context processors: they would ask the database who is there."""
    whole = Context({"request": request, "LANGUAGE_BIDI": False, **context})
    return engines["django"].get_template(template).template.render(whole)


def html(text: str) -> web.Response:
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY}
    )


def as_json(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "model": message.model or None,
    }


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
