"""The limits of this room, as they stand in the project's `LIMITS` (qwenchat/limits.py, with reasons)."""

from __future__ import annotations

from typing import Protocol, cast

from django.conf import settings


class UploadLimits(Protocol):
    """What `settings.LIMITS` has for attachments."""

    image_bytes: int
    document_bytes: int
    video_bytes: int
    uploads_per_hour: int
    storage_bytes_per_user: int
    free_bytes: int
    image_pixels: int
    image_side_px: int
    image_frames: int
    image_metadata_bytes: int
    zip_bytes: int
    zip_ratio: int
    zip_members: int
    pdf_pages: int
    pdf_objects: int
    pdf_bytes: int
    text_characters_kept: int
    video_seconds: int
    video_side_px: int
    video_fps: int
    strip_frames: int
    frame_pixels: int
    frames_per_video: int
    page_pixels: int
    pages_per_answer: int
    decoding_processes: int
    files_per_page: int


def limits() -> UploadLimits:
    return cast("UploadLimits", settings.LIMITS)


DECODING = (
    "image_pixels",
    "image_side_px",
    "image_frames",
    "image_metadata_bytes",
    "zip_bytes",
    "zip_ratio",
    "zip_members",
    "pdf_pages",
    "pdf_objects",
    "pdf_bytes",
    "text_characters_kept",
    "video_seconds",
    "video_side_px",
    "video_fps",
    "frame_pixels",
)


def for_decoding() -> dict[str, int]:
    """What a worker is told of them."""
    all_of_them = limits()
    return {name: getattr(all_of_them, name) for name in DECODING}


def bytes_of(kind: str) -> int:
    """How large an upload of a kind may be."""
    return int(getattr(limits(), f"{kind}_bytes"))
