"""Real pictures, videos and documents, made here."""

from __future__ import annotations

import base64
import io
import zipfile


def image(color="red", size=(320, 240), kind="PNG", **options):
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind, **options)
    return out.getvalue()


def url(data, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_part(data=None, **options):
    return {"type": "image_url", "image_url": {"url": url(data or image())}, **options}


def frames_part(*colors, **options):
    frames = [url(image(color, (64, 48), "JPEG"), "image/jpeg") for color in colors]
    return {"type": "video", "video": frames, **options}


def video(colors, *, seconds=3, fps=10, codec="libx264", container="mp4", size=(64, 48)):
    """A clip whose picture goes through the colours, each as long as the others."""
    import av
    from PIL import Image

    out = io.BytesIO()
    with av.open(out, "w", format=container) as writer:
        stream = writer.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        count = seconds * fps
        for at in range(count):
            color = colors[at * len(colors) // count]
            frame = av.VideoFrame.from_image(Image.new("RGB", size, color))
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())
    return out.getvalue()


def pdf(*pages):
    """A PDF with a page for each text, written by hand so that no writer is needed."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for at, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * at} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def docx(*paragraphs, rows=()):
    from docx import Document

    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if rows:
        table = document.add_table(rows=0, cols=len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def xlsx(rows):
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def epub(*chapters):
    out = io.BytesIO()
    items = "".join(f'<item id="c{i}" href="ch%20{i}.xhtml"/>' for i in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        book.writestr(
            "OEBPS/book.opf",
            f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for i, text in enumerate(chapters):
            page = f"<html><head><title>no</title></head><body><p>{text}</p></body></html>"
            book.writestr(f"OEBPS/ch {i}.xhtml", page)
    return out.getvalue()
