"""PDF: bounded by its raw bytes, then read by PDFium. Nothing active in it is ever run.

PDFium here is built without JavaScript and XFA, opens no links and no attachments. Source: threats 25.
"""

from __future__ import annotations

import math
import mmap
import re
import zlib
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from . import images, texts
from .unusable import Unusable

if TYPE_CHECKING:
    from pathlib import Path

STREAM = re.compile(rb"stream\r?\n")
OBJECT = re.compile(rb"\d\s+obj\b")
MAX_SIDE_PT = 14_400  # 200 inches: what the format itself allows
# A page with fewer characters than this is likely a scan with a number or a stamp on it.
TEXT_LAYER_CHARACTERS = 10
PAGE_PIXELS = 4_000_000  # A4 at 200 dpi: small print is read well


def check(source: Path, limits: dict[str, int]) -> dict[str, Any]:
    """The page count and first page's size in points."""
    check_raw(source, limits)
    with opened(source) as document:
        pages = len(document)
        if pages == 0:
            raise Unusable("broken")
        if pages > limits["pdf_pages"]:
            raise Unusable("pdf_pages", pages=pages, limit=limits["pdf_pages"])
        for number in range(pages):
            try:
                size = document.get_page_size(number)
            except pdfium.PdfiumError as error:
                raise Unusable("broken") from error
            if max(size) > MAX_SIDE_PT:
                raise Unusable("pdf_page_size")
        return {"pages": pages, "details": {}}


def check_raw(source: Path, limits: dict[str, int]) -> None:
    """Counts objects and what the streams inflate to, without understanding anything."""
    size = source.stat().st_size
    with (
        source.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        objects = sum(1 for _ in OBJECT.finditer(data))
        if objects > limits["pdf_objects"]:
            raise Unusable("bomb")
        total = 0
        for found in STREAM.finditer(data):
            total += inflated_bytes(data, found.end(), size, limits["pdf_bytes"])
            if total > limits["pdf_bytes"]:
                raise Unusable("bomb")


def inflated_bytes(data: mmap.mmap, start: int, end: int, most: int) -> int:
    """What a Flate stream grows to, or 0 for other streams."""
    if data[start : start + 1] not in (b"\x78", b"\x48", b"\x58", b"\x68"):
        return 0
    inflate = zlib.decompressobj()
    total = 0
    try:
        while start < end and not inflate.eof and total <= most:
            packed = data[start : start + 65_536]
            start += len(packed)
            while packed and total <= most:
                total += len(inflate.decompress(packed, 1_048_576))
                packed = inflate.unconsumed_tail
    except zlib.error:
        pass
    return total


def opened(source: Path) -> pdfium.PdfDocument:
    """The document; one that opens without a password counts as not encrypted."""
    try:
        return pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == raw.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise Unusable("encrypted") from error
        if code == raw.FPDF_ERR_SECURITY:
            raise Unusable("encrypted") from error
        raise Unusable("broken") from error


def prepare(source: Path, out: Path, *, limits: dict[str, int]) -> dict[str, Any]:
    """Writes `text` and the first page as `thumbnail`."""
    characters = 0
    tokens = 0.0
    without_text = 0
    with opened(source) as document, (out / "text").open("w", encoding="utf-8") as file:
        pages = len(document)
        for number in range(pages):
            page = document[number]
            try:
                text = page_text(page)
            finally:
                page.close()
            without_text += len(text.strip()) < TEXT_LAYER_CHARACTERS
            characters += len(text.strip())
            tokens += texts.estimated_tokens(text)
            if characters > limits["text_characters_kept"]:
                raise Unusable("text_long", limit=limits["text_characters_kept"])
            file.write(f"[Page {number + 1}]\n{text.strip()}\n\n")
        thumb = thumbnail(document, out)
    return {
        "details": {
            "text_characters": characters,
            "text_tokens": math.ceil(tokens),
            "text_layer": characters > 0,
            "pages_without_text": without_text,
        },
        "derived": [
            {"kind": "text", "file": "text", "content_type": "text/plain; charset=utf-8"},
            thumb,
        ],
    }


def page_text(page: pdfium.PdfPage) -> str:
    text_page = page.get_textpage()
    try:
        return texts.clean(text_page.get_text_bounded())
    finally:
        text_page.close()


def thumbnail(document: pdfium.PdfDocument, out: Path) -> dict[str, Any]:
    page = document[0]
    try:
        image = rendered(page, images.THUMBNAIL_PX * images.THUMBNAIL_PX)
    finally:
        page.close()
    return images.thumbnail(image, out / "thumbnail")


def rendered(page: pdfium.PdfPage, pixels: int) -> Any:
    width, height = page.get_size()
    if width < 1 or height < 1:
        raise Unusable("broken")
    scale = math.sqrt(pixels / (width * height))
    # Neither side may run away on a page that is a ribbon.
    scale = min(scale, 8000 / max(width, height))
    bitmap = page.render(scale=scale, may_draw_forms=False)
    try:
        return bitmap.to_pil().convert("RGB")
    finally:
        bitmap.close()


def page_images(
    source: Path, out: Path, *, pages: list[int], max_pixels: int, limits: dict[str, int]
) -> dict[str, Any]:
    """Writes `page-<n>` as JPEG for each page number (from 1), for OCR."""
    derived = []
    with opened(source) as document:
        for number in pages:
            page = document[number - 1]
            try:
                image = rendered(page, min(max_pixels, PAGE_PIXELS))
            finally:
                page.close()
            path = out / f"page-{number}"
            image.save(path, "JPEG", quality=88)
            derived.append(
                {
                    "kind": "page",
                    "number": number,
                    "file": path.name,
                    "content_type": "image/jpeg",
                    "width": image.width,
                    "height": image.height,
                    "size": path.stat().st_size,
                }
            )
    return {"derived": derived}
