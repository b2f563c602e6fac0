"""Videos: a file decoded here and there, and frames sent as a list."""

from __future__ import annotations

import io
import math
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import models
from qwenchat.sandbox.media_rules import VIDEO
from qwenchat.sandbox.refusals import invalid
from qwenchat.sandbox.seeing import colours, pictures
from qwenchat.sandbox.seeing.seen import Clip, Frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenchat.sandbox.media import MediaPart
    from qwenchat.sandbox.request import ChatRequest

SHORTEST_S = 2.0
DEFAULT_FPS = 2.0
DECODED = 12  # frames of a file at most: enough to say how it goes
DECODES_FOR_S = 8.0
FORMATS = frozenset(["mp4", "mov", "avi", "matroska", "flv", "asf"])
_BROKEN = VIDEO + " the video file can not be decoded."


def look_at_frames(frames: Sequence[bytes], part: MediaPart, request: ChatRequest) -> Frames:
    reduced: list[bytes] = []
    size = (0, 0)
    for data in frames:
        image, _ = pictures.opened(data)
        size = size if any(size) else pictures.upright_size(image)
        reduced.append(pictures.reduced(image))
    scaled, tokens = _cost(request, part, len(frames), size)
    return Frames(
        size=size,
        scaled=scaled,
        tokens=tokens,
        colours=tuple(colours.dominant(pixels) for pixels in reduced),
        changes=_changes(reduced),
        fps=part.fps,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
    )


def look_at_file(data: bytes, part: MediaPart, request: ChatRequest) -> Clip:
    import av  # noqa: PLC0415 -- 100 MB of libraries, for who sends a video

    try:
        with av.open(io.BytesIO(data)) as container:
            formats = FORMATS & set(container.format.name.split(","))
            if not formats or not container.streams.video:
                raise invalid(_BROKEN)
            return _measured(container, sorted(formats)[0], part, request)
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise invalid(_BROKEN) from error


def _measured(container: Any, kind: str, part: MediaPart, request: ChatRequest) -> Clip:
    stream = container.streams.video[0]
    duration_s = _duration_s(container, stream)
    longest_s = request.model.vision.max_video_s if request.model.vision else None
    if duration_s < SHORTEST_S:
        raise invalid(f"{VIDEO} the video file is too short.")
    if longest_s is not None and duration_s > longest_s:
        raise invalid(f"{VIDEO} the video file is too long.")
    least, most = request.model.frames or (4, 80)
    wanted = math.ceil(duration_s * (part.fps or DEFAULT_FPS))
    looked_at = max(least, min(wanted, most, part.max_frames or most))
    size = (stream.codec_context.width, stream.codec_context.height)
    scaled, tokens = _cost(request, part, looked_at, size)
    reduced = list(_reduced_frames(container, stream, duration_s, min(looked_at, DECODED)))
    if not reduced:
        raise invalid(_BROKEN)
    return Clip(
        format=kind,
        codec=stream.codec_context.name,
        duration_s=duration_s,
        rate=float(stream.average_rate or 0),
        size=size,
        scaled=scaled,
        tokens=tokens,
        looked_at=looked_at,
        colours=tuple(colours.dominant(pixels) for pixels in reduced),
        changes=_changes(reduced),
        has_sound=bool(container.streams.audio),
        fps=part.fps,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
    )


def _duration_s(container: Any, stream: Any) -> float:
    if container.duration is not None:
        return float(container.duration) / 1_000_000
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    raise invalid(_BROKEN)


def _reduced_frames(container: Any, stream: Any, duration_s: float, count: int) -> Iterator[bytes]:
    """Frames spread over the file, while there is time to decode them."""
    deadline = time.monotonic() + DECODES_FOR_S
    wanted = [duration_s * at / max(1, count - 1) for at in range(count)]
    last: Any = None
    for frame in container.decode(stream):
        while wanted and (frame.time or 0.0) >= wanted[0]:
            wanted.pop(0)
            yield colours.reduced(frame.to_image(width=64, height=64))
        last = frame
        if not wanted or time.monotonic() > deadline:
            return
    if wanted and last is not None:  # the last moment lies behind the last frame
        yield colours.reduced(last.to_image(width=64, height=64))


def _cost(
    request: ChatRequest, part: MediaPart, frames: int, size: tuple[int, int]
) -> tuple[tuple[int, int], int]:
    return models.video_cost(
        request.model,
        frames,
        *size,
        min_pixels=part.min_pixels,
        max_pixels=part.max_pixels,
        total_pixels=part.total_pixels,
    )


def _changes(reduced: Sequence[bytes]) -> tuple[bool, ...]:
    return tuple(colours.differ(before, after) for before, after in pairwise(reduced))
