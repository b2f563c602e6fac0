"""The list of what people may attach: each format with its kind, its extensions and its type.

The list decides twice: what the content is, and whether the name's extension says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["image", "video", "document"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `content_type` is the uploaded file's; a re-encoded image has its own."""

    id: str
    kind: Kind
    title: str
    content_type: str
    extensions: tuple[str, ...]


def _image(id_: str, title: str, content_type: str, *extensions: str) -> Format:
    return Format(id_, "image", title, content_type, extensions)


def _video(id_: str, title: str, content_type: str, *extensions: str) -> Format:
    return Format(id_, "video", title, content_type, extensions)


def _document(id_: str, title: str, content_type: str, *extensions: str) -> Format:
    return Format(id_, "document", title, content_type, extensions)


_OFFICE = "application/vnd.openxmlformats-officedocument"
# Source code that a model reads as text. Scripts that a double click runs (sh, bat, ps1, vbs) and what a
# browser would run (html, svg, xml) are not among them.
_CODE = (
    "c cc cpp cs css cxx dart diff ex exs go h hpp hs ipynb java jl js jsx kt lua m mjs patch php pl "
    "proto py pyi r rb rs scala scss sql swift tf ts tsx vue zig"
)
_PROSE = "txt text md markdown rst tex log srt vtt ini cfg conf toml yaml yml properties env bib"
CODE = tuple(_CODE.split())
PROSE = tuple(_PROSE.split())

FORMATS = {
    item.id: item
    for item in (
        _image("jpeg", "JPEG", "image/jpeg", "jpg", "jpeg", "jpe", "jfif"),
        _image("png", "PNG", "image/png", "png", "apng"),
        _image("webp", "WebP", "image/webp", "webp"),
        _image("gif", "GIF", "image/gif", "gif"),
        _image("bmp", "BMP", "image/bmp", "bmp", "dib"),
        _image("tiff", "TIFF", "image/tiff", "tif", "tiff"),
        _image("heif", "HEIC", "image/heic", "heic", "heif", "hif"),
        _image("avif", "AVIF", "image/avif", "avif"),
        _video("mp4", "MP4", "video/mp4", "mp4", "m4v", "mov", "qt", "3gp"),
        _video("mov", "MOV", "video/quicktime", "mov", "qt", "mp4", "m4v"),
        _video("webm", "WebM", "video/webm", "webm", "mkv"),
        _video("mkv", "MKV", "video/x-matroska", "mkv", "webm"),
        _video("avi", "AVI", "video/x-msvideo", "avi"),
        _video("flv", "FLV", "video/x-flv", "flv"),
        _video("wmv", "WMV", "video/x-ms-wmv", "wmv", "asf"),
        _document("pdf", "PDF", "application/pdf", "pdf"),
        _document("docx", "Word", f"{_OFFICE}.wordprocessingml.document", "docx"),
        _document("pptx", "PowerPoint", f"{_OFFICE}.presentationml.presentation", "pptx"),
        _document("xlsx", "Excel", f"{_OFFICE}.spreadsheetml.sheet", "xlsx"),
        _document("epub", "EPUB", "application/epub+zip", "epub"),
        _document("csv", "CSV", "text/csv", "csv", "tsv"),
        _document("json", "JSON", "application/json", "json", "jsonl", "ndjson", "geojson"),
        _document("text", "text", "text/plain", *PROSE),
        _document("code", "code", "text/plain", *CODE),
    )
}
TEXTS = ("text", "csv", "json", "code")
# Without an extension, but known to everybody.
BARE_NAMES = frozenset({"readme", "license", "changelog", "makefile", "dockerfile", "notes"})
# What is said to be taken, in the order in which people meet it; the rest goes without saying.
ALLOWED = (
    "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC, AVIF, MP4, MOV, WebM, MKV, AVI, PDF, DOCX, PPTX, XLSX, EPUB, "
    "CSV, MD, TXT, JSON"
)


def extension_of(name: str) -> str:
    """The last extension in lower case, without its dot; "" if there is none."""
    return PurePosixPath(name).suffix[1:].lower()


def text_format(name: str) -> Format | None:
    """The text format that a name's extension stands for; None if it stands for none."""
    extension = extension_of(name)
    if not extension and name.lower() in BARE_NAMES:
        return FORMATS["text"]
    return next((FORMATS[id_] for id_ in TEXTS if extension in FORMATS[id_].extensions), None)


def listed(name: str) -> bool:
    """Whether any format has this name's extension."""
    extension = extension_of(name)
    return text_format(name) is not None or any(
        extension in item.extensions for item in FORMATS.values()
    )


def agrees(found: Format, name: str) -> bool:
    """Whether the name's extension says what the content is."""
    if found.id in TEXTS:
        return text_format(name) is not None
    return extension_of(name) in found.extensions
