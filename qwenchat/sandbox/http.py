"""Routes, keys, bodies and request ids: from an ASGI scope to an answer or a refusal."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson

from qwenchat.sandbox import models, rules, staging
from qwenchat.sandbox.answering import Answering, Exchange, History
from qwenchat.sandbox.pace import while_connected
from qwenchat.sandbox.refusals import (
    METHOD_NOT_ALLOWED,
    NO_KEY,
    NOT_FOUND,
    WRONG_KEY,
    Failure,
    Refused,
    too_large,
)
from qwenchat.sandbox.stream import Chunks, event
from qwenchat.sandbox.writing.titles import is_title_request

logger = logging.getLogger(__name__)

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

BASE = "/compatible-mode/v1"
DEFAULT_RATE = 60.0  # tokens a second: about what the service's larger models give
MAX_BODY_BYTES = 64 * 1024 * 1024  # 10M tokens of text, the longest context, fit with room
REFUSED_KEYS = "sk-invalid"  # keys that begin so are wrong, to see what a wrong key looks like
LISTED_SINCE = 1_780_099_200  # 30 May 2026, the date of the catalogue; models carry one date here


class ClientGone(Exception):
    """The client left before its request was complete."""


class Sandbox:
    """The ASGI application; `rate` is in tokens a second, 0 as fast as possible."""

    def __init__(self, rate: float = DEFAULT_RATE) -> None:
        self.rate = rate
        self._history = History()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await self._http(Exchange(scope, send, str(uuid.uuid4())), receive)

    async def _http(self, exchange: Exchange, receive: Receive) -> None:
        framed = False
        try:
            path, method = exchange.scope["path"], exchange.scope["method"]
            if path == "/" and method == "GET":
                await exchange.reply(200, _ABOUT, "text/plain; charset=utf-8")
                return
            allowed = _ROUTES.get(path)
            if allowed is None:
                raise Refused(NOT_FOUND)
            if method != allowed:
                raise Refused(METHOD_NOT_ALLOWED)
            _check_key(exchange.scope)
            if method == "GET":
                await exchange.reply_json(200, _model_list())
                return
            body = rules.read_body(await _read(receive))
            framed = body.get("stream") is True
            await self._chat(exchange, body, receive)
        except Refused as refused:
            await _refuse(exchange, refused.failure, framed=framed)
        except ClientGone:
            logger.info("client left before its request was complete")

    async def _chat(self, exchange: Exchange, body: rules.Body, receive: Receive) -> None:
        request = rules.read_chat(body)
        # The app asks for a title with the same question: that must not fail along with it.
        naming = is_title_request(request.system_prompt)
        staged = staging.Staging() if naming else staging.read(request.question.text)
        response_id = f"chatcmpl-{exchange.request_id}"
        answering = Answering(
            request=request,
            staged=staged,
            exchange=exchange,
            history=self._history,
            chunks=Chunks(response_id, int(time.time()), request.name),
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


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise Refused(too_large(MAX_BODY_BYTES))
        more = message.get("more_body", False)
    return bytes(body)


def _check_key(scope: Scope) -> None:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, key = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Refused(NO_KEY)
    if not key.strip().startswith("sk-") or key.strip().startswith(REFUSED_KEYS):
        raise Refused(WRONG_KEY)


async def _refuse(exchange: Exchange, failure: Failure, *, framed: bool) -> None:
    """The service frames its refusals of streaming requests as an event, with the real status."""
    headers = []
    if failure.retry_after_s is not None:
        headers.append((b"retry-after", str(failure.retry_after_s).encode()))
    body = failure.body(exchange.request_id)
    logger.info("refused with %d %s", failure.status, failure.code)
    if framed:
        await exchange.reply(failure.status, event(body), "text/event-stream", headers)
    else:
        await exchange.reply(
            failure.status, orjson.dumps(body), "application/json; charset=utf-8", headers
        )


def _model_list() -> dict[str, Any]:
    entries = [
        {"id": name, "object": "model", "created": LISTED_SINCE, "owned_by": "system"}
        for name in models.listed()
    ]
    return {"object": "list", "data": entries}


_ROUTES = {f"{BASE}/chat/completions": "POST", f"{BASE}/models": "GET"}
_ABOUT = (
    b"This is the qwenchat sandbox, a stand-in for the model service. It is not a model.\n"
    b"Base URL for clients: /compatible-mode/v1   Key: any that begins with sk-\n"
)
