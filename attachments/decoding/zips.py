"""What a zip container really holds, before any library believes it. Source: threats 23 and 24.

Every member is inflated once, counted and thrown away: the directory's numbers are only claims. XML is
searched for a document type on the way, so that no parser ever meets one.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from .unusable import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 65_536
# Below this much nobody is harmed by a file that shrinks well, such as an empty sheet.
SMALL_BYTES = 4 * 1024 * 1024
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
XML_NAMES = (".xml", ".rels", ".opf", ".vml")
# As UTF-8 and as both forms of UTF-16: other encodings are refused by their declaration.
FORBIDDEN = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
ENCODINGS = frozenset(
    {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"utf-16", b"utf-16le", b"utf-16be"}
)


def examine(path: Path, limits: dict[str, int]) -> str:
    """The format's id: "docx", "pptx", "xlsx" or "epub"; `Unusable` for all else."""
    try:
        with path.open("rb") as file:
            count_members(file, path.stat().st_size, limits["zip_members"])
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
            if len(members) > limits["zip_members"]:
                raise Unusable("archive_unsafe")
            for member in members:
                check_name(member)
            check_overlap(file, members)
            inflate_all(file, members, path.stat().st_size, limits)
            with zipfile.ZipFile(file) as archive:
                return format_of(archive)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError) as error:
        raise Unusable("broken") from error
    except (OSError, ValueError, KeyError, OverflowError) as error:
        raise Unusable("broken") from error


def count_members(file: BinaryIO, size: int, most: int) -> None:
    """Refuses by the number in the end record, before a million entries are read."""
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise Unusable("broken")
    if int.from_bytes(tail[at + 10 : at + 12], "little") > most:
        raise Unusable("archive_unsafe")
    file.seek(0)


def check_name(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename.replace("\\", "/")
    if (
        name.startswith("/")
        or ".." in name.split("/")
        or re.match(r"[A-Za-z]:", name)
        or "\0" in name
        or (member.external_attr >> 28) == 0xA  # a symbolic link of Unix
    ):
        raise Unusable("archive_unsafe")
    if member.flag_bits & 0x1:
        raise Unusable("encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unusable("archive_unsafe")
    if name.lower().endswith("vbaproject.bin"):
        raise Unusable("macros")


def data_offset(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    file.seek(member.header_offset)
    header = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    if header[0] != b"PK\x03\x04":
        raise Unusable("broken")
    return member.header_offset + LOCAL_HEADER.size + int(header[9]) + int(header[10])


def check_overlap(file: BinaryIO, members: list[zipfile.ZipInfo]) -> None:
    """Two members from the same bytes: how a small file becomes a huge one."""
    reached = 0
    for member in sorted(members, key=lambda item: item.header_offset):
        if member.header_offset < reached:
            raise Unusable("bomb")
        reached = data_offset(file, member) + member.compress_size


def inflate_all(
    file: BinaryIO, members: list[zipfile.ZipInfo], size: int, limits: dict[str, int]
) -> None:
    total = 0
    names = [member.orig_filename for member in members]
    if len(set(names)) != len(names):
        raise Unusable("archive_unsafe")
    for member in members:
        own = 0
        tail = head = b""
        is_xml = member.filename.lower().endswith(XML_NAMES)
        for piece in inflated(file, member):
            own += len(piece)
            total += len(piece)
            if total > limits["zip_bytes"] or (
                total > SMALL_BYTES and total > limits["zip_ratio"] * size
            ):
                raise Unusable("bomb")
            if is_xml:
                head = head or piece[:400]
                if any(word in tail + piece for word in FORBIDDEN):
                    raise Unusable("xml_unsafe")
                tail = piece[-24:]
        if own != member.file_size:
            raise Unusable("bomb")
        if is_xml:
            declared = ENCODING.search(head)
            if declared and declared[1].lower() not in ENCODINGS:
                raise Unusable("xml_unsafe")


def inflated(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's real bytes, whatever the directory says about their number."""
    file.seek(data_offset(file, member))
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        while left and (piece := file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while left and not inflate.eof:
        packed = file.read(min(CHUNK, left))
        if not packed:
            raise Unusable("broken")
        left -= len(packed)
        while packed:
            yield inflate.decompress(packed, CHUNK)
            packed = inflate.unconsumed_tail
    yield inflate.flush()


def format_of(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "mimetype" in names and archive.read("mimetype").strip() == b"application/epub+zip":
        return "epub"
    if "[Content_Types].xml" in names:
        types = archive.read("[Content_Types].xml").lower()
        if b"macroenabled" in types or b"vbaproject" in types:
            raise Unusable("macros")
        for main, found in (
            ("word/document.xml", "docx"),
            ("ppt/presentation.xml", "pptx"),
            ("xl/workbook.xml", "xlsx"),
        ):
            if main in names:
                return found
    raise Unusable("unsupported_type")
