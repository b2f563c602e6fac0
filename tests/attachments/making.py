"""Real files, made here: pictures, films, documents, and the hostile relatives of each."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw

MATRIX_90 = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 0x40000000)


def picture(
    width: int = 320, height: int = 240, mode: str = "RGB", colour: object = None
) -> Image.Image:
    """Red above, blue below, so that a turned copy shows it."""
    image = Image.new(mode, (width, height), colour or "red")
    if colour is None and mode in ("RGB", "RGBA"):
        ImageDraw.Draw(image).rectangle((0, height // 2, width, height), fill="blue")
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(orientation: int = 6, **options: object) -> bytes:
    """A JPEG as a phone writes it: turned by EXIF, with its place."""
    image = picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret Camera Maker"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (30.0, 15.0, 0.0)
    place[3], place[4] = "E", (120.0, 9.0, 0.0)
    return encoded(image, "JPEG", exif=exif.tobytes(), comment=b"a comment", **options)


def animation(kind: str, frames: int = 5) -> bytes:
    images = [picture(colour=(index * 40 % 256, 0, 255)) for index in range(frames)]
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=100)


# ---- video ------------------------------------------------------------------------------------------


def film(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    seconds: float = 2.0,
    fps: int = 10,
    size: tuple[int, int] = (320, 240),
    metadata: dict[str, str] | None = None,
    sound: bool = False,
) -> bytes:
    """A real encoder's film; each second has its own grey, so that frames tell their time."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "film")
        with av.open(path, "w", format=container) as output:
            output.metadata.update(metadata or {})
            stream = output.add_stream(codec, rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.time_base = Fraction(1, fps)
            if codec == "libx265":
                stream.options = {"x265-params": "log-level=none:bframes=0:keyint=10:pools=1"}
            voice = (
                output.add_stream("aac" if container == "mp4" else "libopus", rate=48000)
                if sound
                else None
            )
            for index in range(round(seconds * fps)):
                shade = 30 + 40 * (index // fps) % 220
                frame = av.VideoFrame.from_image(Image.new("RGB", size, (shade, shade, shade)))
                frame.pts = index
                frame.time_base = Fraction(1, fps)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
            if voice is not None:
                silence(output, voice, seconds)
        return Path(path).read_bytes()


def silence(output: object, voice: object, seconds: float) -> None:
    samples = 960
    for index in range(int(seconds * 48000 / samples)):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=samples)
        frame.sample_rate = 48000
        frame.pts = index * samples
        frame.time_base = Fraction(1, 48000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        output.mux(voice.encode(frame))
    output.mux(voice.encode(None))


def turned(mp4: bytes) -> bytes:
    """The same film, to be shown turned by 90 degrees, as phones write upright ones."""
    at = mp4.index(b"tkhd") + 4
    version = mp4[at]
    matrix = at + (52 if version == 1 else 40)
    return mp4[:matrix] + MATRIX_90 + mp4[matrix + 36 :]


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def heic(size: tuple[int, int] = (320, 240)) -> bytes:
    """A HEIC picture around one real HEVC frame (ISO 23008-12), since no encoder is at hand."""
    movie = film("mp4", "libx265", seconds=0.1, fps=10, size=size)
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(movie)
        file.flush()
        with av.open(file.name) as container:
            stream = container.streams.video[0]
            settings = bytes(stream.codec_context.extradata)
            data = bytes(next(packet for packet in container.demux(stream) if packet.size))
    width, height = size

    def with_offset(offset: int) -> bytes:
        info = full_box(b"infe", 2, struct.pack(">HH", 1, 0), b"hvc1", b"\0")
        place = struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, offset, len(data))
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4), b"pict", bytes(12), b"\0"),
            full_box(b"pitm", 0, struct.pack(">H", 1)),
            full_box(b"iloc", 0, place),
            full_box(b"iinf", 0, struct.pack(">H", 1), info),
            box(
                b"iprp",
                box(
                    b"ipco",
                    box(b"hvcC", settings),
                    full_box(b"ispe", 0, struct.pack(">II", width, height)),
                ),
                full_box(b"ipma", 0, struct.pack(">IHB", 1, 1, 2), bytes([0x81, 0x02])),
            ),
        )

    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    meta = with_offset(0)
    return head + with_offset(len(head) + len(meta) + 8) + box(b"mdat", data)


# ---- documents --------------------------------------------------------------------------------------


def pdf(pages: list[str], *, extra: bytes = b"", size: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF with a line of text on each page; no text means an empty page."""
    objects: list[bytes] = []
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for index, words in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {5 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        content = f"BT /F1 18 Tf 72 700 Td ({words}) Tj ET".encode() if words else b""
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    if extra:
        objects.append(extra)
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    )
    return out.getvalue()


def locked_pdf() -> bytes:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(["secret"])))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scan(pages: int = 2) -> bytes:
    """A PDF that is nothing but pictures."""
    images = [picture(600, 800) for _ in range(pages)]
    return encoded(images[0], "PDF", save_all=True, append_images=images[1:])


def pdf_bomb(megabytes: int) -> bytes:
    packed = zlib.compress(bytes(megabytes * 1024 * 1024), 9)
    body = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(packed), packed)
    return pdf(["bomb"], extra=body)


def word(*paragraphs: str) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("合同 Contract", 1)
    for paragraph in paragraphs or ("第一条 Rent is 3000 yuan.",):
        document.add_paragraph(paragraph)
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "甲方", "Alice"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def slides() -> bytes:
    import pptx

    presentation = pptx.Presentation()
    for title in ("西湖 West Lake", "Second slide"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = title
    presentation.slides[0].notes_slide.notes_text_frame.text = "say hello"
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def sheet() -> bytes:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active.title = "收入"
    workbook.active.append(["month", "yuan"])
    workbook.active.append(["一月", 1200.5])
    workbook.create_sheet("Empty")
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
PACKAGE = (
    '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><manifest>'
    '<item id="a" href="one.xhtml"/><item id="b" href="two.xhtml"/></manifest>'
    '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
)


def book(**members: str) -> bytes:
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": PACKAGE,
            "OEBPS/one.xhtml": "<!DOCTYPE html><html><head><title>no</title></head><body><h1>One</h1>"
            "<p>last &amp; least</p><script>alert(1)</script></body></html>",
            "OEBPS/two.xhtml": "<html><body><p>红楼梦 first</p></body></html>",
            **members,
        }
    )


def zipped(members: dict[str, str | bytes], *, level: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_members(
    data: bytes, members: dict[str, str | bytes], *, without: tuple[str, ...] = ()
) -> bytes:
    """An Office file with members added or exchanged."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in members and name not in without:
                new.writestr(name, old.read(name))
        for name, content in members.items():
            new.writestr(name, content)
    return out.getvalue()
