"""Routes, keys and request ids: from an ASGI scope to an answer or a refusal."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import models, rules, staging
from qwenchat.sandbox.answering import Answering, History
from qwenchat.sandbox.compatible import Compatible
from qwenchat.sandbox.exchange import ClientGone, Exchange, whole_body
from qwenchat.sandbox.files.routes import handle as handle_file
from qwenchat.sandbox.files.store import FileStore
from qwenchat.sandbox.native.frames import Native
from qwenchat.sandbox.pace import while_connected
from qwenchat.sandbox.refusals import (
    BROKEN,
    METHOD_NOT_ALLOWED,
    NO_KEY,
    NOT_FOUND,
    WRONG_KEY,
    Failure,
    Refused,
)
from qwenchat.sandbox.seeing.attending import attend, needs_attention
from qwenchat.sandbox.writing.titles import is_title_request

if TYPE_CHECKING:
    from qwenchat.sandbox.dialect import Dialect
    from qwenchat.sandbox.exchange import Receive, Scope, Send
    from qwenchat.sandbox.request import ChatRequest

logger = logging.getLogger(__name__)

BASE = "/compatible-mode/v1"
NATIVE = "/api/v1/services/aigc"
DEFAULT_RATE = 60.0  # tokens a second: about what the service's larger models give
MAX_BODY_BYTES = 64 * 1024 * 1024  # 10M tokens of text, the longest context, fit with room
REFUSED_KEYS = "sk-invalid"  # keys that begin so are wrong, to see what a wrong key looks like
LISTED_SINCE = 1_780_099_200  # 30 May 2026, the date of the catalogue; models carry one date here
LOOKED_AT_ONCE = 2  # requests being decoded: each may hold a picture of 100 MP


class Sandbox:
    """The ASGI application; `rate` is in tokens a second, 0 as fast as possible."""

    def __init__(self, rate: float = DEFAULT_RATE, files: FileStore | None = None) -> None:
        self.rate = rate
        self.files = files or FileStore()
        self._history = History()
        self._looking = asyncio.Semaphore(LOOKED_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await self._http(Exchange(scope, send, str(uuid.uuid4())), receive)

    async def _http(self, exchange: Exchange, receive: Receive) -> None:
        dialect = _dialect(exchange)
        try:
            await self._route(exchange, receive, dialect)
        except Refused as refused:
            await _refuse(exchange, refused.failure, dialect)
        except ClientGone:
            logger.info("client left before its request was complete")
        except Exception:
            # Ours, but clients should meet it in the shape of the service's own.
            logger.exception("bug in the sandbox", extra={"request_id": exchange.request_id})
            if not exchange.has_started:
                await _refuse(exchange, BROKEN, dialect)

    async def _route(self, exchange: Exchange, receive: Receive, dialect: Dialect) -> None:
        path, method = exchange.path, exchange.method
        if path == "/" and method == "GET":
            await exchange.reply(200, _ABOUT, "text/plain; charset=utf-8")
            return
        files, _, file_id = path.removeprefix(f"{BASE}/").partition("/")
        if path.startswith(f"{BASE}/") and files == "files":
            _check_key(exchange)
            await handle_file(exchange, receive, self.files, file_id)
            return
        allowed = _ROUTES.get(path)
        if allowed is None:
            raise Refused(NOT_FOUND)
        if method != allowed:
            raise Refused(METHOD_NOT_ALLOWED)
        _check_key(exchange)
        if method == "GET":
            await exchange.reply_json(200, _model_list())
            return
        body = rules.read_body(await whole_body(receive, MAX_BODY_BYTES))
        await self._chat(exchange, body, receive, dialect)

    async def _chat(
        self, exchange: Exchange, body: rules.Body, receive: Receive, dialect: Dialect
    ) -> None:
        request = await self._attended(dialect.read(body), exchange)
        # The app asks for a title with the same question: that must not fail along with it.
        naming = is_title_request(request.system_prompt)
        staged = staging.Staging() if naming else staging.read(request.question.text)
        answering = Answering(
            request=request,
            staged=staged,
            exchange=exchange,
            history=self._history,
            dialect=dialect,
            rate=self.rate if staged.rate is None else staged.rate,
        )
        answering.refuse_if_staged()
        finished = await while_connected(receive, answering.run())
        outcome = "finished" if finished else "disconnected"
        logger.info(
            "answer %s after %d tokens",
            outcome,
            answering.sent,
            extra={"model": request.name, "request_id": exchange.request_id},
        )

    async def _attended(self, request: ChatRequest, exchange: Exchange) -> ChatRequest:
        if not needs_attention(request):
            return request
        resolves_oss = exchange.header("x-dashscope-ossresourceresolve").lower() == "enable"
        async with self._looking:
            return await asyncio.to_thread(attend, request, self.files, resolves_oss=resolves_oss)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _refuse(exchange: Exchange, failure: Failure, dialect: Dialect) -> None:
    headers = []
    if failure.retry_after_s is not None:
        headers.append((b"retry-after", str(failure.retry_after_s).encode()))
    logger.info("refused with %d %s", failure.status, failure.code)
    body, content_type = dialect.refusal(failure)
    await exchange.reply(failure.status, body, content_type, headers)


def _dialect(exchange: Exchange) -> Dialect:
    if exchange.path.startswith("/api/"):
        streams = exchange.header("x-dashscope-sse").lower() == "enable"
        return Native(exchange.request_id, exchange.path, streams=streams)
    return Compatible(exchange.request_id, int(time.time()))


def _check_key(exchange: Exchange) -> None:
    scheme, _, key = exchange.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Refused(NO_KEY)
    if not key.strip().startswith("sk-") or key.strip().startswith(REFUSED_KEYS):
        raise Refused(WRONG_KEY)


def _model_list() -> dict[str, Any]:
    entries = [
        {"id": name, "object": "model", "created": LISTED_SINCE, "owned_by": "system"}
        for name in models.listed()
    ]
    return {"object": "list", "data": entries}


_ROUTES = {
    f"{BASE}/chat/completions": "POST",
    f"{BASE}/models": "GET",
    f"{NATIVE}/text-generation/generation": "POST",
    f"{NATIVE}/multimodal-generation/generation": "POST",
}
_ABOUT = (
    b"This is the qwenchat sandbox, a stand-in for the model service. It is not a model.\n"
    b"Base URL for clients: /compatible-mode/v1   Key: any that begins with sk-\n"
    b"The service's own protocol is at /api/v1\n"
)
