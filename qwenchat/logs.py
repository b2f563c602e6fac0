"""Log lines: one JSON object each, without keys.

Never logged, by convention of every caller: what people write or upload. Masked here, whatever the
caller: API keys, bearer tokens, and the tokens of shared links, which stand in addresses.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

SECRET = re.compile(
    r"\bsk-[A-Za-z0-9_-]{6,}|(?<=Bearer )\S+|(?:(?<=/s/)|(?<=%2[Ff]s%2[Ff]))[A-Za-z0-9_-]{20,}"
)
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    return SECRET.sub("***", text)


class JSONFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message", …extra}` in one line; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: value
            for name, value in vars(record).items()
            if name not in STANDARD and isinstance(value, str | int | float | bool | None)
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return masked(json.dumps(line, ensure_ascii=False, default=str))
