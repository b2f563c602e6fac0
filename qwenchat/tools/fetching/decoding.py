"""The body of a response, unpacked in small pieces and counted as it grows.

A decoder that takes a whole read at a time turns 64 KB of gzip into 64 MB before anybody counts.
This one asks zlib for no more than one piece at a time.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .errors import FetchFailed, FetchRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED = "gzip, deflate"
PIECE_BYTES = 64 * 1024
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Takes what the network read, gives what it means; refuses the byte after the last allowed."""

    def __init__(self, encoding: str, limit_bytes: int) -> None:
        self.encoding = encoding.strip().lower().removeprefix("x-")
        if self.encoding not in {"", "identity", "gzip", "deflate"}:
            raise FetchRefused("encoding", encoding=self.encoding[:40])
        self.limit_bytes = limit_bytes
        self.raw_bytes = 0
        self.size_bytes = 0
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        # Packed data is counted too: a million empty gzip members unpack to nothing.
        self.raw_bytes += len(data)
        if self.raw_bytes > self.limit_bytes:
            raise FetchRefused("too_large", limit_bytes=self.limit_bytes)
        if self.encoding not in {"gzip", "deflate"}:
            yield self._counted(data)
            return
        try:
            yield from self._inflated(data)
        except zlib.error as error:
            raise FetchFailed("protocol", detail=str(error)) from error

    def close(self) -> None:
        """Says that nothing more comes."""
        if self._inflate is not None and not self._inflate.eof:
            raise FetchFailed("protocol", detail="the compressed body broke off")

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate is None:
                self._inflate = zlib.decompressobj(self._window(data))
            elif self._inflate.eof:
                if self.encoding == "deflate" or not data.startswith(b"\x1f"):
                    return  # rubbish after the end, which browsers forgive
                self._inflate = zlib.decompressobj(GZIP)
            piece = self._inflate.decompress(data, PIECE_BYTES)
            data = self._inflate.unused_data or self._inflate.unconsumed_tail
            while piece:
                yield self._counted(piece)
                # A full piece may leave more inside zlib even when all input is taken.
                full = len(piece) == PIECE_BYTES and not data and not self._inflate.eof
                piece = self._inflate.decompress(b"", PIECE_BYTES) if full else b""

    def _window(self, data: bytes) -> int:
        if self.encoding == "gzip":
            return GZIP
        # "deflate" should mean zlib's frame (RFC 9110); some servers send the bare stream.
        framed = len(data) < 2 or (data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0)
        return zlib.MAX_WBITS if framed else -zlib.MAX_WBITS

    def _counted(self, piece: bytes) -> bytes:
        self.size_bytes += len(piece)
        if self.size_bytes > self.limit_bytes:
            raise FetchRefused("too_large", limit_bytes=self.limit_bytes)
        return piece
