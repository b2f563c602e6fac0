"""What the app is compared with: the barest Channels consumer that pipes httpx's stream to a WebSocket.

    python -m bench.baseline --upstream http://127.0.0.1:PORT/compatible-mode/v1 [--port 0]

Under Daphne, one frame a token, httpx's own transport. Nothing is signed in, checked, merged, rendered or
saved. Prints `listening PORT`. A socket that receives a question sends the tokens of its answer as they
come, as text frames, and at last a frame with nothing but a NUL.
"""

from __future__ import annotations

import daphne.server  # isort: skip  installs Twisted's asyncio reactor, so it comes first

import argparse
import asyncio
import json

import httpx
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

END = "\0"


class Pipe(AsyncWebsocketConsumer):
    client: httpx.AsyncClient
    upstream: str
    tasks: set[asyncio.Task[None]] = set()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        task = asyncio.create_task(self.pipe(text_data or ""))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def pipe(self, question: str) -> None:
        body = {
            "model": "qwen-plus",
            "messages": [{"role": "user", "content": question}],
            "stream": True,
        }
        url = f"{self.upstream}/chat/completions"
        async with self.client.stream("POST", url, json=body) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    choices = json.loads(line[6:])["choices"]
                    if choices and (text := choices[0]["delta"].get("content")):
                        await self.send(text_data=text)
        await self.send(text_data=END)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    settings.configure()
    Pipe.upstream = chosen.upstream
    Pipe.client = httpx.AsyncClient(
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        timeout=60,
        trust_env=False,
    )

    class Server(daphne.server.Server):
        def listen_success(self, port: object) -> None:
            print("listening", port.getHost().port, flush=True)  # type: ignore[attr-defined]

    endpoint = f"tcp:port={chosen.port}:interface=127.0.0.1:backlog=1024"
    Server(Pipe.as_asgi(), endpoints=[endpoint]).run()


if __name__ == "__main__":
    main()
