"""Threats §4: what lies, bursts, breaks or hides is refused in words, and leaves nothing behind."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from . import making
from .conftest import nothing_is_left

PNG = making.encoded(making.picture(), "PNG")
JPEG = making.encoded(making.picture(), "JPEG")
MEGABYTE = 1024 * 1024
EVIL_DTD = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def png_of(width: int, height: int) -> bytes:
    """A header that promises, with next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def heavy_metadata() -> bytes:
    return making.encoded(
        making.picture(64, 64), "PNG", exif=b"Exif\0\0MM\0*" + bytes(9 * MEGABYTE)
    )


def many_frames() -> bytes:
    images = [Image.new("P", (16, 16), index % 2) for index in range(250)]
    return making.encoded(images[0], "GIF", save_all=True, append_images=images[1:], optimize=False)


def renamed_in_zip(data: bytes, old: str, new: str) -> bytes:
    assert len(old) == len(new)
    return data.replace(old.encode(), new.encode())


def docx_with(**changes: str | bytes) -> bytes:
    return making.with_members(making.word(), changes)


def overlapping() -> bytes:
    """The directory names one stretch of bytes twice."""
    data = making.word()
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
        twin = zipfile.ZipInfo("word/twin.xml")
        source = new.infolist()[-1]
        for field in (
            "header_offset",
            "CRC",
            "compress_size",
            "file_size",
            "compress_type",
            "flag_bits",
        ):
            setattr(twin, field, getattr(source, field))
        new.filelist.append(twin)
        new.NameToInfo[twin.filename] = twin
        new._didModify = True
    return out.getvalue()


def linked() -> bytes:
    out = io.BytesIO(making.word())
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("word/link")
        link.create_system = 3
        link.external_attr = 0xA1FF0000
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def locked_zip() -> bytes:
    """A member that says it is encrypted."""
    data = bytearray(making.word())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def lying_sizes() -> bytes:
    """The directory says ten bytes where a megabyte comes out."""
    data = bytearray(docx_with(**{"word/media.bin": bytes(MEGABYTE)}))
    at = data.rindex(b"word/media.bin") - 46
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def members(count: int) -> bytes:
    return making.with_members(making.word(), {f"word/m{index}": b"" for index in range(count)})


def nested(depth: int) -> bytes:
    xml = "<w:p>" * depth + "</w:p>" * depth
    return docx_with(
        **{
            "word/document.xml": '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w='
            '"http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
            + xml
            + "</w:body></w:document>"
        }
    )


def external_film() -> bytes:
    """A QuickTime file whose picture lies in another file."""
    film = making.film("mov")
    alias = making.box(b"url ", b"\0\0\0\0", b"file:///etc/passwd\0")
    at = film.index(b"dref")
    return film[: at + 12] + alias[:12] + film[at + 24 :]


CASES = {
    # ---- 20: type and name -------------------------------------------------------------------------
    "svg": (
        "a.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        415,
    ),
    "svg as png": ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", 415),
    "html": ("a.html", b"<html><script>alert(1)</script></html>", 415),
    "html as text": ("a.txt", b"<!DOCTYPE html><html></html>", 415),
    "html below a comment": ("a.md", b"<!-- x --> \n <html></html>", 415),
    "html in utf-16": ("a.txt", "<html><script>alert(1)</script></html>".encode("utf-16"), 415),
    "html behind a bom": ("a.txt", b"\xef\xbb\xbf <html>", 415),
    "xml": ("a.xml", b"<?xml version='1.0'?><a/>", 415),
    "xml as json": ("a.json", EVIL_DTD.encode(), 415),
    "script": ("a.sh", b"#!/bin/sh\nrm -rf /\n", 415),
    "script as text": ("a.txt", b"#!/bin/sh\nrm -rf /\n", 415),
    "batch": ("a.bat", b"del *.*\r\n", 415),
    "program": ("a.exe", b"MZ\x90\x00" + bytes(200), 415),
    "program as picture": ("a.jpg", b"MZ\x90\x00" + bytes(200), 415),
    "elf as pdf": ("a.pdf", b"\x7fELF" + bytes(200), 415),
    "java as pdf": ("a.pdf", b"\xca\xfe\xba\xbe" + bytes(200), 415),
    "zip": ("a.zip", making.zipped({"a.txt": "a"}), 415),
    "zip as docx": ("a.docx", making.zipped({"a.txt": "a"}), 415),
    "zip as text": ("a.txt", making.zipped({"a.txt": "a"}), 415),
    "gzip": ("a.csv", zlib.compress(b"a", wbits=31), 415),
    "rar": ("a.pdf", b"Rar!\x1a\x07\x00" + bytes(100), 415),
    "7z": ("a.docx", b"7z\xbc\xaf\x27\x1c" + bytes(100), 415),
    "tar": ("a.txt", bytes(257) + b"ustar" + bytes(300), 415),
    "rtf": ("a.txt", b"{\\rtf1 hello}", 415),
    "postscript": ("a.pdf", b"%!PS-Adobe-3.0\n", 415),
    "old word": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 415),
    "locked word": ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 422),
    "playlist": ("a.txt", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n", 415),
    "playlist as film": ("a.mp4", b"#EXTM3U\nhttp://169.254.169.254/\n", 415),
    "concat as film": ("a.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n", 415),
    "sound": ("a.mp3", b"ID3\x04" + bytes(300), 415),
    "sound as film": ("a.mp4", b"ID3\x04" + bytes(300), 415),
    "png as jpg": ("a.jpg", PNG, 415),
    "jpeg as pdf": ("a.pdf", JPEG, 415),
    "jpeg as text": ("a.txt", JPEG, 415),
    "text as jpeg": ("a.jpg", b"hello, I am no picture", 415),
    "docx as xlsx": ("a.xlsx", making.word(), 415),
    "no ending": ("picture", PNG, 415),
    "two endings": ("a.png.exe", PNG, 415),
    "noise as text": ("a.txt", bytes(range(256)) * 20, 415),
    "macros by name": ("a.docm", making.word(), 415),
    "macros inside": ("a.docx", docx_with(**{"word/vbaProject.bin": b"macro"}), 415),
    "macros by type": (
        "a.docx",
        docx_with(
            **{
                "[Content_Types].xml": "<Types>application/vnd.ms-word.document.macroEnabled.main+xml</Types>"
            }
        ),
        415,
    ),
    # ---- 21: size ----------------------------------------------------------------------------------
    "empty": ("a.png", b"", 422),
    "empty text": ("a.txt", b"", 422),
    "large picture": ("a.png", PNG + bytes(10 * MEGABYTE), 413),
    "large document": ("a.txt", b"a" * (50 * MEGABYTE + 1), 413),
    # ---- 22: pictures ------------------------------------------------------------------------------
    "pixel bomb": ("a.png", png_of(15_000, 15_000), 413),
    "side bomb": ("a.png", png_of(60_000, 20), 413),
    "huge header": ("a.png", png_of(2**31 - 1, 2**31 - 1), 413),
    "too small": ("a.png", making.encoded(making.picture(8, 8), "PNG"), 422),
    "too narrow": ("a.png", making.encoded(making.picture(4000, 12), "PNG"), 422),
    "too many frames": ("a.gif", many_frames(), 413),
    "much metadata": ("a.png", heavy_metadata(), 413),
    "cut jpeg": ("a.jpg", making.encoded(making.picture(2000, 2000), "JPEG")[:4000], 422),
    "cut png": ("a.png", PNG[:200], 422),
    "only a signature": ("a.png", b"\x89PNG\r\n\x1a\n", 422),
    "broken webp": ("a.webp", b"RIFF\x00\x01\x00\x00WEBPVP8 " + bytes(200), 422),
    "broken heic": ("a.heic", making.heic()[:400], 422),
    "broken avif": (
        "a.avif",
        b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1" + bytes(100),
        422,
    ),
    "broken tiff": ("a.tif", b"II*\x00\xff\xff\xff\x7f" + bytes(100), 422),
    "broken gif": ("a.gif", b"GIF89a\xff\xff\xff\xff\x00\x00\x00" + bytes(50), 422),
    # ---- 23 and 24: containers and XML -------------------------------------------------------------
    "zip bomb": ("a.docx", docx_with(**{"word/big.bin": bytes(220 * MEGABYTE)}), 413),
    "ratio bomb": (
        "a.xlsx",
        making.with_members(making.sheet(), {"xl/big": bytes(40 * MEGABYTE)}),
        413,
    ),
    "overlapping members": ("a.docx", overlapping(), 413),
    "lying sizes": ("a.docx", lying_sizes(), 413),
    "many members": ("a.docx", members(2_100), 422),
    "climbing name": ("a.docx", docx_with(**{"../../evil.txt": "x"}), 422),
    "absolute name": ("a.docx", docx_with(**{"/etc/evil": "x"}), 422),
    "drive name": ("a.docx", docx_with(**{"C:/evil": "x"}), 422),
    "backslash name": ("a.docx", docx_with(**{"..\\evil": "x"}), 422),
    "link": ("a.docx", linked(), 422),
    "locked member": ("a.docx", locked_zip(), 422),
    "cut zip": ("a.docx", making.word()[:-60], 422),
    "no directory": ("a.docx", b"PK\x03\x04" + bytes(100), 422),
    "entity": ("a.docx", docx_with(**{"word/document.xml": EVIL_DTD}), 422),
    "entity in utf-16": (
        "a.docx",
        docx_with(**{"word/document.xml": EVIL_DTD.encode("utf-16")}),
        422,
    ),
    "laughs": (
        "a.xlsx",
        making.with_members(
            making.sheet(),
            {"xl/workbook.xml": '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>'},
        ),
        422,
    ),
    "odd encoding": (
        "a.docx",
        docx_with(**{"word/document.xml": "<?xml version='1.0' encoding='UTF-7'?><a/>"}),
        422,
    ),
    "deep xml": ("a.docx", nested(5_000), 422),
    "entity in a book": ("a.epub", making.book(**{"META-INF/container.xml": EVIL_DTD}), 422),
    "book without chapters": ("a.epub", making.zipped({"mimetype": "application/epub+zip"}), 422),
    "not a book": ("a.epub", making.word(), 415),
    # ---- 25: PDF -----------------------------------------------------------------------------------
    "locked pdf": ("a.pdf", making.locked_pdf(), 422),
    "pdf bomb": ("a.pdf", making.pdf_bomb(1100), 413),
    "many pages": ("a.pdf", making.pdf([""] * 2_001), 413),
    "wall of a page": ("a.pdf", making.pdf(["a"], size=(20_000, 20_000)), 413),
    "cut pdf": ("a.pdf", making.pdf(["a"])[:120], 422),
    "only a pdf's signature": ("a.pdf", b"%PDF-1.7\n", 422),
    "pdf of noise": ("a.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 50, 422),
    # ---- 26: video ---------------------------------------------------------------------------------
    "long film": ("a.mp4", making.film(seconds=1200, fps=1, size=(64, 64)), 413),
    "wide film": ("a.avi", making.film("avi", "mjpeg", seconds=0.2, size=(4160, 64)), 413),
    "fast film": ("a.mp4", making.film(seconds=1, fps=120, size=(64, 64)), 413),
    "cut film": ("a.mp4", making.film()[:600], 422),
    "only a film's signature": ("a.mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41", 422),
    "broken webm": ("a.webm", b"\x1a\x45\xdf\xa3" + b"webm" + bytes(400), 422),
    "broken flv": ("a.flv", b"FLV\x01\x05\x00\x00\x00\x09" + bytes(300), 422),
    # ---- 27: text ----------------------------------------------------------------------------------
    "latin-1": ("a.txt", b"na\xefve caf\xe9\n" + b"\xff\xff\xfe\x80" * 20, 422),
    "half utf-16": ("a.txt", b"\xff\xfea\x00b", 422),
}
LIMITED = {415: "unsupported_type", 413: "too_large", 422: "unreadable"}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_in_words_and_leaves_nothing_behind(
    hers, settings, case, django_capture_on_commit_callbacks
):
    name, content, status = CASES[case]
    with django_capture_on_commit_callbacks(execute=True):
        response = hers.post(name, content, content_type="image/png")
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, LIMITED[status]), error
    assert error["message"].endswith(".")
    assert "%" not in error["message"]
    assert "Traceback" not in error["message"]
    assert "/" not in error["message"].replace("s/", "")
    assert nothing_is_left(settings)


def test_there_are_at_least_sixty_cases():
    assert len(CASES) >= 60


def test_a_film_that_points_to_another_file_reads_only_itself(hers):
    response = hers.post("a.mov", external_film())
    if response.status_code == 201:
        assert b"root:" not in hers.body(response.json()["url"])
    else:
        assert response.status_code == 422


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("a\u202egnp.exe.png", "agnp.exe.png"),
        ("a\u200b\u200d\u2066b.png", "ab.png"),
        ("👨\u200d👩\u200d👧.png", "👨\u200d👩\u200d👧.png"),
        ("e\u0301t\u0301.png", "ét́.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
        ("line\nbreak\ttab.png", "linebreaktab.png"),
        ("  .hidden.png", "hidden.png"),
        ('quo"te; filename=evil.png', 'quo"te; filename=evil.png'),
        ("合同（终稿）.png", "合同（终稿）.png"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
    ],
)
def test_names_are_labels(sent, kept):
    from attachments.names import label

    assert label(sent) == kept


@pytest.mark.parametrize("name", ["", "...", "/", "\u200b", "\u202e", "..\\"])
def test_a_name_of_nothing_is_file(name):
    from attachments.names import label

    assert label(name) == "file"


def test_a_joiner_in_emoji_survives_the_upload(hers):
    found = hers.brings("👨\u200d👩\u200d👧.png", PNG)
    assert found["name"] == "👨\u200d👩\u200d👧.png"


def test_hostile_names_are_quoted_by_the_framework(hers):
    found = hers.brings("a;x=\u202e合同.txt", b"hello")
    disposition = hers.get(found["url"])["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert "\n" not in disposition
    assert "\u202e" not in disposition
