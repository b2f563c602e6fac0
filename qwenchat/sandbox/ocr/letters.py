"""The known letters, as shapes of 16 by 16 points: bits of a number, quick to compare.

They are drawn when first needed, in the fonts that pictures of this project are likely to show:
Pillow's own, those that every PDF reader has, and two that most Linux machines have.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

SIDE = 16
SIZES_PX = (10, 12, 16, 24, 36, 64)  # small letters are not just small copies of large ones
DEFAULT_FONT = "default"
SYSTEM_FONTS = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf")
PDF_FONTS = ("Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold", "Courier")
PDF_SIZE_PT = 20
PDF_SCALES = (1.0, 1.7, 3.0)
PLACE_TOLERANCE = 2.5  # tenths of the height of capitals
CHARACTERS = "".join(chr(code) for code in range(33, 127))


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of one font, measured in heights of its capitals: `top` and `bottom` above the
    baseline, `before` and `after` the room that it keeps at its sides."""

    character: str
    bits: int
    parts: int  # above each other: two of "i" and ":"
    aspect: float  # logarithm of width by height
    top: float
    bottom: float
    before: float
    after: float
    font: str


def bits_of(ink: Image) -> int:
    """The shape of a letter in its box, white on black."""
    small = ink.resize((SIDE, SIDE), 4)  # 4: the mean of the area, Pillow's BOX
    return int.from_bytes(small.point(_HALF, "1").tobytes(), "big")


def parts_of(ink: Image) -> int:
    """How many pieces a letter has above each other, bare rows between them."""
    rows = ink.point(_HALF).getprojection()[1]
    return sum(row and not above for above, row in pairwise([0, *rows]))


def aspect_of(width: float, height: float) -> float:
    return math.log(max(width, 1) / max(height, 1))


_HALF = [0] * 128 + [255] * 128


@cache
def known() -> tuple[Letter, ...]:
    """Every letter of every font; takes a second the first time."""
    return (*_drawn(), *_printed())


@cache
def fonts() -> tuple[str, ...]:
    return tuple(dict.fromkeys(letter.font for letter in known()))


@cache
def drawn(font: str, character: str) -> Letter:
    """One letter of a font, at its first size."""
    return next(x for x in known() if x.font == font and x.character == character)


@lru_cache(maxsize=4096)
def standing(font: str | None, top: int, bottom: int) -> tuple[Letter, ...]:
    """The letters of a font, or of all, that stand about there, in tenths of capitals."""
    return tuple(
        letter
        for letter in known()
        if (font is None or letter.font == font)
        and abs(letter.top * 10 - top) <= PLACE_TOLERANCE
        and abs(letter.bottom * 10 - bottom) <= PLACE_TOLERANCE
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """A letter drawn on its own: where it starts, and how far the next one is, in pixels."""

    drawn: Image
    start: float
    advance: float


def _drawn() -> Iterator[Letter]:
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 -- see `seeing.pictures`

    for name in (DEFAULT_FONT, *SYSTEM_FONTS):
        for size in SIZES_PX:
            try:
                system = name != DEFAULT_FONT
                font = ImageFont.truetype(name, size) if system else ImageFont.load_default(size)
            except OSError:  # not on this machine
                break
            cells = {}
            for character in CHARACTERS:
                cell = Image.new("L", (size * 3, size * 3))
                ImageDraw.Draw(cell).text((size, size), character, fill=255, font=font)
                cells[character] = _Cell(cell, size, font.getlength(character))
            yield from _measured(cells, name, scale=max(1, 44 // size))


def _printed() -> Iterator[Letter]:
    for name in PDF_FONTS:
        for scale in PDF_SCALES:
            cells = dict(zip(CHARACTERS, _pdf_cells(name, scale), strict=True))
            yield from _measured(cells, name, scale=2 if scale < 2 else 1)


def _measured(cells: dict[str, _Cell], font: str, *, scale: int) -> Iterator[Letter]:
    found = {}
    for character, cell in cells.items():
        drawn = cell.drawn
        if scale > 1:
            drawn = drawn.resize((drawn.width * scale, drawn.height * scale), 3)
        box = drawn.point(_HALF).getbbox()
        if box is not None:
            found[character] = (drawn.crop(box), box)
    _, capital_top, _, baseline = found["H"][1]
    capital = baseline - capital_top
    for character, (drawn, (left, top, right, bottom)) in found.items():
        start, advance = cells[character].start * scale, cells[character].advance * scale
        yield Letter(
            character=character,
            bits=bits_of(drawn),
            parts=parts_of(drawn),
            aspect=aspect_of(right - left, bottom - top),
            top=(baseline - top) / capital,
            bottom=(baseline - bottom) / capital,
            before=(left - start) / capital,
            after=(start + advance - right) / capital,
            font=font,
        )


def _pdf_cells(font: str, scale: float) -> list[_Cell]:
    """Each character on a page of its own, drawn by the renderer that the app uses for PDFs."""
    import pypdfium2  # noqa: PLC0415 -- only for who reads pictures

    document = pypdfium2.PdfDocument(io.BytesIO(_alphabet(font)))
    cells: list[_Cell] = []
    try:
        for page in document:
            drawn: Any = page.render(scale=scale).to_pil().convert("L")
            left, _, right, _ = page.get_textpage().get_charbox(0, loose=True)
            inverted = drawn.point([255 - level for level in range(256)])
            cells.append(_Cell(inverted, left * scale, (right - left) * scale))
    finally:
        document.close()
    return cells


def _alphabet(font: str) -> bytes:
    """A PDF with one character a page."""
    size, side = PDF_SIZE_PT, PDF_SIZE_PT * 2
    pages = range(len(CHARACTERS))
    kids = b" ".join(b"%d 0 R" % (4 + 2 * at) for at in pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(CHARACTERS)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /%s >>" % font.encode(),
    ]
    for at in pages:
        code = b"<%02x>" % ord(CHARACTERS[at])
        content = b"BT /F1 %d Tf %d %d Td %s Tj ET" % (size, size // 2, size // 2, code)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (side, side, 5 + 2 * at),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    return _pdf(objects)


def _pdf(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return out + b"startxref\n%d\n%%%%EOF\n" % start
