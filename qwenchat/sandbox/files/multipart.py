"""A multipart form, read piece by piece: bytes in, events out, never more than a piece held.

    form = Form("multipart/form-data; boundary=x")
    form.feed(b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfile-')
        -> [Field("purpose", None)]
    form.feed(b"extract\r\n--x--\r\n")  -> [Piece(b"file-extract")], and `form.is_complete`

Source: RFC 7578; names are quoted as browsers do it, with %22 for a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import TypeAlias
from urllib.parse import unquote

MAX_HEADER_BYTES = 16 * 1024

_NAME = re.compile(r'[; ]name="((?:[^"\\]|\\.)*)"', re.I)
_FILENAME = re.compile(r'[; ]filename="((?:[^"\\]|\\.)*)"', re.I)
_FILENAME_ENCODED = re.compile(r"[; ]filename\*=utf-8''([^;\s]+)", re.I)


class BadForm(ValueError):
    """What came is no multipart form."""


@dataclass(frozen=True, slots=True)
class Field:
    """A part begins; `filename` is None where it is a plain value."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some content of the part that began last."""

    data: bytes


FormEvent: TypeAlias = Field | Piece


class Form:
    def __init__(self, content_type: str) -> None:
        header = Message()
        header["content-type"] = content_type
        boundary = header.get_boundary()
        if header.get_content_type() != "multipart/form-data" or not boundary:
            raise BadForm("the body is no multipart form")
        self._delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
        # So that the first boundary looks like the others.
        self._buffer = bytearray(b"\r\n")
        self._state = "preamble"

    @property
    def is_complete(self) -> bool:
        return self._state == "end"

    def feed(self, data: bytes) -> list[FormEvent]:
        self._buffer += data
        events: list[FormEvent] = []
        while self._step(events):
            pass
        return events

    def _step(self, events: list[FormEvent]) -> bool:
        """Reads one thing from the buffer; False when more bytes are needed for the next."""
        match self._state:
            case "preamble" | "content":
                return self._until_delimiter(events)
            case "boundary":
                return self._after_delimiter()
            case "header":
                return self._header(events)
            case _:
                self._buffer.clear()  # the epilogue
                return False

    def _until_delimiter(self, events: list[FormEvent]) -> bool:
        at = self._buffer.find(self._delimiter)
        # Without one, all but what may be its beginning is content.
        length = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        if length and self._state == "content":
            events.append(Piece(bytes(self._buffer[:length])))
        del self._buffer[:length]
        if at < 0:
            return False
        del self._buffer[: len(self._delimiter)]
        self._state = "boundary"
        return True

    def _after_delimiter(self) -> bool:
        if len(self._buffer) < 2:
            return False
        mark = bytes(self._buffer[:2])
        if mark == b"--":
            self._state = "end"
        elif mark == b"\r\n":
            self._state = "header"
        else:
            raise BadForm("a boundary is followed by something else")
        # The line break stays before a header: an empty header is then found like any other.
        if mark == b"--":
            del self._buffer[:2]
        return True

    def _header(self, events: list[FormEvent]) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                raise BadForm("the header of a part is too long")
            return False
        events.append(_field(bytes(self._buffer[:end]).decode("utf-8", "replace")))
        del self._buffer[: end + 4]
        self._state = "content"
        return True


def _field(header: str) -> Field:
    lines = header.split("\r\n")
    disposition = next((x for x in lines if x.lower().startswith("content-disposition:")), "")
    name = _NAME.search(disposition)
    if name is None:
        raise BadForm("a part has no name")
    encoded = _FILENAME_ENCODED.search(disposition)
    if encoded is not None:
        return Field(_plain(name[1]), unquote(encoded[1]))
    filename = _FILENAME.search(disposition)
    return Field(_plain(name[1]), None if filename is None else _plain(filename[1]))


def _plain(quoted: str) -> str:
    # A quote may be escaped either way; other backslashes are a name's own.
    text = quoted.replace('\\"', '"')
    for code, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        text = text.replace(code, character)
    return text
