"""What a file is, by its first bytes. Nothing is decoded here, so it may run in the server.

`family` gives a format's id, or "zip" where only the members tell (`decoding.zips` looks), or a word that
is on no list. Whether text is text is found out by decoding it whole, in a worker.
"""

from __future__ import annotations

import re

HEAD_BYTES = 4096

_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"}
_AVIF = {b"avif", b"avis"}
_AUDIO = {b"M4A ", b"M4B ", b"M4P "}
# What a browser or a shell would run, wherever it stands; also below a BOM and white space.
_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+(?:html|svg)|\?xml|html|svg|script|head|body|iframe)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"FLV\x01", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xfe\xed\xfa", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\x00asm", "program"),
    (b"dex\n", "program"),
    (b"PK", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"{\\rtf", "rtf"),
    (b"%!PS", "postscript"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"#!EXTM3U", "playlist"),
    (b"#EXTM3U", "playlist"),
    (b"ffconcat", "playlist"),
    (b"[playlist]", "playlist"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def family(head: bytes) -> str:
    """What the first bytes say; "text" when nothing speaks against it, "binary" when something does."""
    for sign, name in _SIGNS:
        if head.startswith(sign) and not (sign == b"MZ" and looks_like_text(head)):
            return name
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(head[8:12], "audio")
    if head[4:8] == b"ftyp":
        return _media_file(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mov"  # QuickTime before it had brands
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[:2] == b"BM" and _is_bitmap(head):
        return "bmp"
    if head[257:262] == b"ustar":
        return "archive"
    return _text(head)


def _media_file(head: bytes) -> str:
    """An ISO media file by its brands: the major one, else the first compatible one that is known."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    for brand in brands:
        if brand in _AVIF:
            return "avif"
        if brand in _HEIF:
            # `mif1` is said by both; a later brand tells which.
            return "avif" if any(other in _AVIF for other in brands) else "heif"
        if brand == b"qt  ":
            return "mov"
        if brand in _AUDIO:
            return "audio"
    return "mp4"


def _is_bitmap(head: bytes) -> bool:
    return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def _text(head: bytes) -> str:
    body = head
    for bom in _BOMS:
        if body.startswith(bom):
            body = body[len(bom) :]
            if bom != _BOMS[0]:
                body = body.replace(b"\0", b"")
            break
    else:
        if not looks_like_text(head):
            return "binary"
    if _MARKUP.match(body):
        return "markup"
    if body.startswith(b"#!") and b"python" not in body.split(b"\n", 1)[0]:
        return "script"
    return "text"


def looks_like_text(head: bytes) -> bool:
    """Whether there is no NUL, and few other controls than those that texts have."""
    if b"\0" in head:
        return False
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\b" for byte in head)
    return odd * 100 <= len(head)
