"""How long, how many pages and how much text a document may take to read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zipfile import ZipFile

# What a packed document may unpack to; honest ones of 150 MB stay below.
MAX_UNPACKED_BYTES = 1024**3
MAX_MEMBERS = 20_000


class TooManyPages(ValueError):
    pass


class TooLong(ValueError):
    pass


class Bounds:
    def __init__(self, deadline: float, max_pages: int, max_characters: int) -> None:
        self._deadline = deadline
        self._max_pages = max_pages
        self._left = max_characters

    def check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise TimeoutError

    def check_page(self, pages: int) -> None:
        self.check_time()
        if pages > self._max_pages:
            raise TooManyPages

    def check_text(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise TooLong
        self.check_time()

    def check_archive(self, archive: ZipFile) -> None:
        """Refuses bombs before anything is unpacked; what members declare is enforced later."""
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise TooLong
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise TooLong
