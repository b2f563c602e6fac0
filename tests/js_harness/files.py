"""The scripted server with files: each upload and each plan goes as the test says.

An upload is held with `hold`, refused with `refuse`, left `processing` until `prepare`; what was asked and
what was deleted is kept for the test to look at.
"""

from __future__ import annotations

import asyncio
import io
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image

from .server import UPLOAD_LIMITS, Server

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: dict[str, list[tuple[str, str]]] = {
    "image": [("image", "As a picture"), ("ocr", "Read with OCR")],
    "video": [("frames", "As frames"), ("video", "The whole video")],
    "document": [("file", "As a file"), ("text", "Its text"), ("ocr", "Read with OCR")],
}

MOST_FRAMES = 12


class FileServer(Server):
    """Knows an attachment by the name that it was uploaded under."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, dict[str, Any]] = {}
        self.arrived: list[str] = []
        self.deleted: list[str] = []
        self.plans: list[dict[str, Any]] = []
        self.addresses: list[str] = []
        self.refused: dict[str, tuple[int, dict[str, Any]]] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.slow: set[str] = set()
        self.uploading = 0
        self.most_uploading = 0
        self.problem: dict[str, str] | None = None
        self.impossible: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            *super().routes(),
            web.post("/attachments/", self.upload),
            web.post("/attachments/from-url/", self.from_url),
            web.get("/attachments/{id}/", self.facts),
            web.delete("/attachments/{id}/", self.delete),
            web.get("/attachments/{id}/thumbnail/", self.picture),
            web.get("/attachments/{id}/frames/", self.frames),
            web.get("/attachments/{id}/frames/{n}/", self.picture),
            web.post("/plan/", self.plan),
        ]

    # ---- what tests say ----

    def hold(self, name: str) -> Callable[[], None]:
        """The answer to this upload waits until what is returned is called."""
        event = asyncio.Event()
        self.held[name] = event
        return lambda: self.loop.call_soon_threadsafe(event.set) and None  # type: ignore[func-returns-value]

    def refuse(self, name: str, code: str, message: str, status: int = 422) -> None:
        self.refused[name] = (status, {"error": {"code": code, "message": message}})

    def prepare(self, name: str, **facts: Any) -> None:
        """A file that was `processing` is ready, or failed."""
        found = self.named(name)
        found |= {"status": "ready", **facts}
        self.slow.discard(name)

    def named(self, name: str) -> dict[str, Any]:
        return next(file for file in reversed(self.files.values()) if file["name"] == name)

    def keep(self, name: str, **facts: Any) -> dict[str, Any]:
        kind = UPLOAD_LIMITS["kinds"].get(name.rpartition(".")[2], "document")  # type: ignore[attr-defined]
        id_ = str(uuid.uuid4())
        picture = f"/attachments/{id_}/thumbnail/" if kind in ("image", "video") else None
        file = {
            "id": id_,
            "kind": kind,
            "name": name,
            "size": 2048,
            "status": "processing" if name in self.slow else "ready",
            "width": 640 if kind != "document" else None,
            "height": 480 if kind != "document" else None,
            "duration": 18.0 if kind == "video" else None,
            "pages": 12 if name.endswith(".pdf") else None,
            "url": f"/attachments/{id_}/",
            "thumbnail_url": picture,
            "error": None,
            "details": {"text_layer": kind == "document"},
            **facts,
        }
        self.files[id_] = file
        return file

    # ---- the routes ----

    async def upload(self, request: web.Request) -> web.Response:
        assert request.headers["X-CSRFToken"]
        self.uploading += 1
        self.most_uploading = max(self.most_uploading, self.uploading)
        self.tell_test()
        try:
            reader = await request.multipart()
            part = await reader.next()
            assert part is not None
            name = part.filename or ""  # type: ignore[union-attr]
            size = len(await part.read())  # type: ignore[union-attr]
            self.arrived.append(name)
            self.tell_test()
            if name in self.held:
                await self.held[name].wait()
        finally:
            self.uploading -= 1
            self.tell_test()
        if name in self.refused:
            status, error = self.refused[name]
            return web.json_response(error, status=status)
        return web.json_response(self.keep(name, size=size), status=201)

    async def from_url(self, request: web.Request) -> web.Response:
        url = (await request.json())["url"]
        self.addresses.append(url)
        self.tell_test()
        name = url.rpartition("/")[2]
        if name in self.refused:
            status, error = self.refused[name]
            return web.json_response(error, status=status)
        return web.json_response(self.keep(name), status=201)

    async def facts(self, request: web.Request) -> web.Response:
        found = self.files.get(request.match_info["id"])
        if found is None:
            return web.json_response({"error": {"code": "not_found", "message": "-"}}, status=404)
        if "application/json" not in request.headers.get("Accept", ""):
            return await self.picture(request)
        return web.json_response(found)

    async def delete(self, request: web.Request) -> web.Response:
        found = self.files.pop(request.match_info["id"], None)
        if found:
            self.deleted.append(found["name"])
        self.tell_test()
        return web.Response(status=204)

    async def picture(self, request: web.Request) -> web.Response:
        shade = 40 * int(request.match_info.get("n", 3)) % 255
        made = io.BytesIO()
        Image.new("RGB", (160, 90), (shade, 130, 110)).save(made, "PNG")
        return web.Response(body=made.getvalue(), content_type="image/png")

    async def frames(self, request: web.Request) -> web.Response:
        found = self.files[request.match_info["id"]]
        start = float(request.query.get("start", 0))
        end = float(request.query.get("end", found["duration"]))
        fps = float(request.query.get("fps", 0))
        count = max(1, int((end - start) * fps)) if fps else int(request.query.get("count", 8))
        gap = 1 / fps if fps else (end - start) / count
        first = start if fps else start + gap / 2
        frames = [
            {
                "n": n,
                "time": first + n * gap,
                "url": f"/attachments/{found['id']}/frames/{n}/?{request.query_string}",
            }
            for n in range(count)
        ]
        return web.json_response({"frames": frames, "fps": fps or 1})

    async def plan(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.plans.append(asked)
        self.tell_test()
        deliveries = asked["options"].get("deliveries", {})
        files = {id_: self.planned(id_, deliveries.get(id_, {})) for id_ in asked["attachments"]}
        tokens = sum(one["tokens"] or 0 for one in files.values())
        why = "Auto chose qwen3-vl-plus: pictures are attached."
        return web.json_response(
            {
                "models": [{"id": "qwen3-vl-plus", "name": "qwen3-vl-plus", "why": why}],
                "attachments": files,
                "tokens": tokens,
                "total": f"about {tokens:,} tokens · ¥0.0052",
                "history": "",
                "problem": self.problem,
            }
        )

    def frame_count(self, file: dict[str, Any], delivery: dict[str, Any]) -> int:
        """Eight unless the person chose; the model takes at most `MOST_FRAMES`."""
        span = delivery.get("end", file["duration"]) - delivery.get("start", 0)
        chosen = len(delivery.get("times", [])) or int(span * delivery.get("fps", 0))
        return min(chosen or 8, MOST_FRAMES)

    def planned(self, id_: str, delivery: dict[str, Any]) -> dict[str, Any]:
        file = self.files[id_]
        ways = WAYS[file["kind"]]
        chosen = delivery.get("as", ways[0][0])
        count = self.frame_count(file, delivery) if chosen == "frames" else None
        tokens = 300 * (count or 1)
        few = "This model needs 4 frames or more." if count and count < 4 else ""
        message = self.impossible.get(file["name"], few)
        short = f"{count} frames" if count else dict(ways)[chosen].lower()
        return {
            "as": None if message else chosen,
            "label": f"{short} · about {tokens:,} tokens",
            "short": short,
            "tokens": tokens,
            "message": message,
            "frames": [number / 10 for number in range(count or 0)],
            "ways": [
                {
                    "as": kind,
                    "name": name,
                    "label": f"about {tokens:,} tokens",
                    "tokens": tokens,
                    "count": None,
                    "possible": kind != "video",
                    "message": "Only videos up to 7 MB can be sent whole."
                    if kind == "video"
                    else "",
                }
                for kind, name in ways
            ],
        }
