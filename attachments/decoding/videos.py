"""Videos: measured by reading every packet, looked at by decoding, copied without what they tell of places.

A file is opened with the demuxer of its own signature and the `file` protocol alone: no playlist, no
second file, no network. Source: threats 26.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import av.logging

from . import images
from .unusable import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL import Image

av.logging.set_level(av.logging.PANIC)

DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "avi": "avi",
    "flv": "flv",
    "wmv": "asf",
}
MUXERS = {"avi": "avi", "flv": "flv", "wmv": "asf", "mkv": "matroska"}
CONTENT_TYPES = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "asf": "video/x-ms-wmv",
}
OPTIONS = {
    "protocol_whitelist": "file",
    "enable_drefs": "0",
    "use_absolute_path": "0",
    "export_all": "0",
}
MP4_VIDEO = frozenset({"h264", "hevc", "av1", "mpeg4", "mjpeg", "vp9"})
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
WEBM_VIDEO = frozenset({"vp8", "vp9", "av1"})
WEBM_AUDIO = frozenset({"opus", "vorbis"})
# What browsers show; the rest is offered as a download.
PLAYABLE = frozenset({"h264", "hevc", "av1", "vp8", "vp9"})
MOST_STREAMS = 16
# A rate is measured with a little room: 60 fps recordings jitter.
FPS_SLACK = 1.02
# Decoding forward over a gap this long costs more than a jump to the key frame before.
SEEK_GAP_S = 3.0
JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Facts:
    width: int
    height: int
    duration_s: float
    frames: int
    fps: float
    rotation: int
    codec: str
    audio_codec: str | None


def check(source: Path, *, format_id: str, limits: dict[str, int]) -> dict[str, Any]:
    """The facts of the file, measured; `Unusable` beyond a limit or without one frame."""
    facts = measured(source, format_id, limits)
    return {
        "width": facts.width,
        "height": facts.height,
        "duration": facts.duration_s,
        "details": {
            "fps": facts.fps,
            "video_frames": facts.frames,
            "rotation": facts.rotation,
            "codec": facts.codec,
            "audio_codec": facts.audio_codec,
        },
    }


def opened(source: Path, format_id: str) -> InputContainer:
    try:
        return av.open(str(source), format=DEMUXERS[format_id], options=dict(OPTIONS))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unusable("broken") from error


def picture_of(container: InputContainer) -> VideoStream:
    if len(container.streams) > MOST_STREAMS:
        raise Unusable("broken")
    if not container.streams.video:
        raise Unusable("video_no_frames")
    stream = container.streams.video[0]
    # One thread: decoding must not crowd out the server that shares the processors.
    stream.thread_type = "NONE"
    return stream


def measured(source: Path, format_id: str, limits: dict[str, int]) -> Facts:
    with opened(source, format_id) as container:
        stream = picture_of(container)
        side = max(stream.width or 0, stream.height or 0)
        if side > limits["video_side_px"]:
            raise Unusable("video_side", side=side, limit=limits["video_side_px"])
        try:
            first = next(iter(frames_of(container, stream)), None)
        except (av.FFmpegError, ValueError) as error:
            raise Unusable("broken") from error
        if first is None:
            raise Unusable("video_no_frames")
        side = max(first.width, first.height)
        if side > limits["video_side_px"]:
            raise Unusable("video_side", side=side, limit=limits["video_side_px"])
        images.shape((first.width, first.height))
        rotation = (-first.rotation) % 360 if first.rotation % 90 == 0 else 0
        codec = stream.codec_context.name
        audio = container.streams.audio[0].codec_context.name if container.streams.audio else None
    duration, packets, rate = timing(source, format_id)
    if duration > limits["video_seconds"] + 0.5:
        raise Unusable("video_long", seconds=round(duration), limit=limits["video_seconds"] // 60)
    fps = packets / duration if duration > 0 else float(rate or 0)
    if fps > limits["video_fps"] * FPS_SLACK and packets > 2:
        raise Unusable("video_fps", fps=round(fps), limit=limits["video_fps"])
    width, height = first.width, first.height
    if rotation in (90, 270):
        width, height = height, width
    return Facts(width, height, round(duration, 3), packets, round(fps, 3), rotation, codec, audio)


def timing(source: Path, format_id: str) -> tuple[float, int, float]:
    """Seconds and frames counted from the packets, since headers may lie or be missing; the header's rate."""
    with opened(source, format_id) as container:
        stream = picture_of(container)
        base = float(stream.time_base or 0)
        first = last = None
        packets = 0
        length = 0
        try:
            for packet in container.demux(stream):
                at = packet.pts if packet.pts is not None else packet.dts
                if packet.size == 0 or at is None:
                    continue
                packets += 1
                first = at if first is None or at < first else first
                if last is None or at >= last:
                    last, length = at, packet.duration or 0
        except av.FFmpegError as error:
            if packets < 2:
                raise Unusable("broken") from error
        if first is None or last is None or not packets:
            raise Unusable("video_no_frames")
        rate = float(stream.average_rate or 0)
        step = length * base or (1 / rate if rate else 0)
        return (last - first) * base + step, packets, rate


def frames_of(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every frame that can be decoded; a packet that cannot is skipped, as players do."""
    failures = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            failures += 1
            if failures > 50:
                raise


def prepare(
    source: Path, out: Path, *, format_id: str, times_ms: list[int], limits: dict[str, int]
) -> dict[str, Any]:
    """Writes `video` (a copy without metadata), `thumbnail`, and a frame for each of the times."""
    container_name, playable = copy_clean(source, out / "video", format_id)
    strip = frames(source, out, format_id=format_id, times_ms=times_ms, limits=limits)
    poster = first_good(out, strip["derived"])
    return {
        "frames": len(strip["derived"]),
        "content_type": CONTENT_TYPES[container_name],
        "details": {"playable": playable, "container": container_name},
        "derived": [
            {
                "kind": "video",
                "file": "video",
                "content_type": CONTENT_TYPES[container_name],
                "size": (out / "video").stat().st_size,
            },
            poster,
            *strip["derived"],
        ],
    }


def first_good(out: Path, strip: list[dict[str, Any]]) -> dict[str, Any]:
    """The thumbnail: the first frame of the strip, which is past a black beginning."""
    from PIL import Image  # noqa: PLC0415  Pillow is here already

    with Image.open(out / strip[0]["file"], formats=("JPEG",)) as image:
        return images.thumbnail(image.convert("RGB"), out / "thumbnail")


def container_for(format_id: str, video: str, audio: str | None) -> str:
    """The container of the copy: one that browsers play where the codecs allow it."""
    if format_id in ("webm", "mkv") and video in WEBM_VIDEO and (audio in WEBM_AUDIO or not audio):
        return "webm"
    if format_id in ("mp4", "mov", "mkv") and video in MP4_VIDEO:
        if audio is None or audio in MP4_AUDIO:
            return "mp4"
        if format_id != "mkv":
            return "mp4"  # its sound is left out: models don't hear it, browsers can't play it
    return MUXERS.get(format_id, "matroska")


def copy_clean(source: Path, target: Path, format_id: str) -> tuple[str, bool]:
    """Copies the first picture and sound track, packet by packet, and nothing else.

    Titles, places, cameras, chapters, subtitles, attachments and unknown boxes stay behind.
    """
    with opened(source, format_id) as container:
        video = picture_of(container)
        audio = container.streams.audio[0] if container.streams.audio else None
        name = container_for(
            format_id, video.codec_context.name, audio.codec_context.name if audio else None
        )
        if audio and name == "mp4" and audio.codec_context.name not in MP4_AUDIO:
            audio = None
        options = {"movflags": "faststart"} if name == "mp4" else {}
        try:
            with av.open(str(target), "w", format=name, options=options) as copy:
                copy.metadata.clear()
                tracks: dict[int, Any] = {
                    video.index: copy.add_stream_from_template(video, opaque=True)
                }
                if audio is not None:
                    tracks[audio.index] = copy.add_stream_from_template(audio, opaque=True)
                for track in tracks.values():
                    track.metadata.clear()
                sources = [stream for stream in (video, audio) if stream is not None]
                times = iter(decoding_times(source, format_id))
                for packet in container.demux(sources):
                    if packet.size == 0:  # the sign of the end
                        continue
                    if packet.stream.index == video.index:
                        packet.dts = next(times, packet.dts)
                    if packet.dts is None:
                        continue
                    packet.stream = tracks[packet.stream.index]
                    copy.mux(packet)
        except (av.FFmpegError, ValueError) as error:
            raise Unusable("broken") from error
        return name, name in ("mp4", "webm") and video.codec_context.name in PLAYABLE


def decoding_times(source: Path, format_id: str) -> list[int]:
    """When each packet of the picture is to be decoded, for files that only say when it is shown.

    Matroska does not say it, and other containers must be told. Shown times in order, moved back until
    no picture is decoded after it is shown. Empty when the file says it itself.
    """
    with opened(source, format_id) as container:
        stream = picture_of(container)
        packets = [(packet.pts, packet.dts) for packet in container.demux(stream) if packet.size]
    if all(dts is not None for _pts, dts in packets):
        return []
    shown = [pts for pts, _dts in packets if pts is not None]
    if len(shown) != len(packets):
        return []
    ordered = sorted(shown)
    late = max((at - pts for at, pts in zip(ordered, shown, strict=True)), default=0)
    return [at - late for at in ordered]


def frames(
    source: Path,
    out: Path,
    *,
    format_id: str,
    times_ms: list[int],
    limits: dict[str, int],
) -> dict[str, Any]:
    """Writes `frame-<ms>` as JPEG for each time, upright, at most `frame_pixels` large."""
    derived: list[dict[str, Any]] = []
    with opened(source, format_id) as container:
        stream = picture_of(container)
        try:
            for at, frame in frames_at(container, stream, times_ms):
                image = upright(frame, limits["frame_pixels"])
                path = out / f"frame-{at}"
                image.save(path, "JPEG", quality=JPEG_QUALITY)
                derived.append(
                    {
                        "kind": "frame",
                        "number": at,
                        "file": path.name,
                        "content_type": "image/jpeg",
                        "width": image.width,
                        "height": image.height,
                        "size": path.stat().st_size,
                    }
                )
        except (av.FFmpegError, ValueError) as error:
            if not derived:
                raise Unusable("broken") from error
    if not derived:
        raise Unusable("video_no_frames")
    return {"derived": derived}


def frames_at(
    container: InputContainer, stream: VideoStream, times_ms: list[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """The frame that is shown at each time; the last one there is for times past the end."""
    base = float(stream.time_base or 1)
    offset = (stream.start_time or 0) * base
    decoder = frames_of(container, stream)
    shown: VideoFrame | None = None
    ahead: VideoFrame | None = None
    for at in times_ms:
        wanted = at / 1000 + offset
        reached = moment(shown) if shown else offset
        if wanted - reached > SEEK_GAP_S and (ahead is None or moment(ahead) < wanted):
            container.seek(int(wanted / base), stream=stream, backward=True)
            decoder, ahead = frames_of(container, stream), None
        while True:
            if ahead is None:
                ahead = next(decoder, None)
            if ahead is None or (shown is not None and moment(ahead) > wanted + 0.001):
                break
            shown, ahead = ahead, None
        if shown is None:
            return
        yield at, shown


def moment(frame: VideoFrame) -> float:
    return float(frame.time or 0.0)


def upright(frame: VideoFrame, most_pixels: int) -> Image.Image:
    width, height = frame.width, frame.height
    if width * height > most_pixels:
        ratio = math.sqrt(most_pixels / (width * height))
        width, height = max(2, int(width * ratio)), max(2, int(height * ratio))
    image: Image.Image = frame.to_image(width=width, height=height)  # type: ignore[no-untyped-call]
    rotation = frame.rotation
    return image.rotate(rotation, expand=True) if rotation % 360 else image
