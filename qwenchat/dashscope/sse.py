"""Server-sent events, from bytes to events, without any input or output.

    >>> decoder = Decoder()
    >>> decoder.feed(b'data: {"a"')
    []
    >>> decoder.feed(b': 1}\\n\\n')
    [SSEvent(event='', data=b'{"a": 1}', id='', status=None)]

Lines end with LF, CR or CRLF and are looked for in bytes: U+2028 and U+0085, which answers contain,
end no line. Data stays bytes, for the JSON parser. What the service and its gateways do beyond the
standard is read too:

- `:HTTP_STATUS/400`, and a field `status`, give the event its status (Source: dashscope-api §9; the
  native protocol).
- Events with no blank line between them. Two data lines of which the first ends with `}` and the
  second begins with `{` or is `[DONE]` cannot be one JSON text, so they are two events; and a
  second `id` or `event` after data begins another.
- The last event counts without its blank line.
"""

from __future__ import annotations

from typing import NamedTuple

# A line and an event may be this long. A tool call may carry a whole file in one line; a gzip bomb
# must not fill memory.
MAX_EVENT_BYTES = 8 * 1024 * 1024

DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"
_STATUS = b"HTTP_STATUS/"


class SSEvent(NamedTuple):
    """One event; a tuple because one is made for every token."""

    event: str
    data: bytes
    id: str = ""
    status: int | None = None


class TooLongError(ValueError):
    """A line or an event is longer than MAX_EVENT_BYTES."""


class Decoder:
    """Turns a stream's bytes, cut anywhere, into its events."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._rest = bytearray()  # an unfinished line
        self._scanned = 0  # how much of it is known to hold no line end
        self._at_start = True  # a byte order mark may still come
        self._after_cr = False  # a LF now belongs to the CR before it
        self._data: list[bytes] = []
        self._size = 0
        self._event: str | None = None
        self._id: str | None = None
        self._status: int | None = None

    def feed(self, chunk: bytes) -> list[SSEvent]:
        """Give the events that `chunk` completes. Raises TooLongError."""
        if (
            not self._rest
            and not self._data
            and not self._at_start
            and not self._after_cr
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
        ):
            return self._feed_lines(chunk[:-1].split(b"\n"))
        return self._feed_bytes(chunk)

    def close(self) -> list[SSEvent]:
        """Give what the stream's end completes: the last line and event need no line end."""
        events: list[SSEvent] = []
        line = bytes(self._rest)
        self._rest.clear()
        self._scanned = 0
        if line:
            self._line(line.removeprefix(_BOM) if self._at_start else line, events)
        self._dispatch(events)
        return events

    def _feed_bytes(self, chunk: bytes) -> list[SSEvent]:
        rest = self._rest
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        rest += chunk
        if self._at_start:
            if len(rest) < len(_BOM) and _BOM.startswith(rest):
                return []
            self._at_start = False
            if rest.startswith(_BOM):
                del rest[: len(_BOM)]
        end = max(rest.rfind(b"\n", self._scanned), rest.rfind(b"\r", self._scanned))
        if end < 0:
            self._scanned = len(rest)
            if len(rest) > self._max:
                raise TooLongError(f"a line is longer than {self._max} bytes")
            return []
        whole = bytes(rest[: end + 1])
        del rest[: end + 1]
        self._scanned = len(rest)
        if b"\r" in whole:
            # A CR at the very end may be half of a CRLF: its LF, if it comes, is dropped above.
            self._after_cr = whole.endswith(b"\r") and not rest
            whole = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        events = self._feed_lines(whole[:-1].split(b"\n"))
        if len(rest) > self._max:
            raise TooLongError(f"a line is longer than {self._max} bytes")
        return events

    def _feed_lines(self, lines: list[bytes]) -> list[SSEvent]:
        events: list[SSEvent] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._append(line[6:] if line.startswith(b"data: ") else line[5:], events)
            elif not line:
                self._dispatch(events)
            else:
                self._line(line, events)
        return events

    def _line(self, line: bytes, events: list[SSEvent]) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._append(value, events)
        elif name == b"event":
            if self._data and self._event is not None:
                self._dispatch(events)
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if self._data and self._id is not None:
                self._dispatch(events)
            self._id = value.decode("utf-8", "replace")
        elif name == b"status":
            self._status = _number(value)
        elif name == b"" and value.startswith(_STATUS):
            self._status = _number(value[len(_STATUS) :])

    def _append(self, value: bytes, events: list[SSEvent]) -> None:
        data = self._data
        if (
            data
            and (value.startswith(b"{") or value == DONE)
            and (data[-1].endswith(b"}") or data[-1] == DONE)
        ):
            self._dispatch(events)
        self._size += len(value) + 1
        if self._size > self._max:
            raise TooLongError(f"an event is longer than {self._max} bytes")
        self._data.append(value)

    def _dispatch(self, events: list[SSEvent]) -> None:
        data = self._data
        if data:
            events.append(
                SSEvent(
                    self._event or "",
                    data[0] if len(data) == 1 else b"\n".join(data),
                    self._id or "",
                    self._status,
                )
            )
            self._data = []
            self._size = 0
        self._event = self._id = self._status = None


def _number(value: bytes) -> int | None:
    value = value.strip()
    return int(value) if value.isdigit() and len(value) < 4 else None
