"""Which files a list asks for: after one, of a purpose, made between two moments, so many."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from qwenchat.sandbox.files.uploading import PURPOSES
from qwenchat.sandbox.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenchat.sandbox.files.store import FileStore

MOST_LISTED = 2000
FORMATS = ("%Y%m%d", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S")
BEIJING = dt.timezone(dt.timedelta(hours=8))  # the files live there, and so do its dates


def listed(store: FileStore, query_string: bytes, now: float) -> dict[str, Any]:
    """The body of a list, newest files first."""
    query = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    limit = _limit(query)
    purpose = query.get("purpose")
    if purpose is not None and purpose not in PURPOSES:
        raise invalid(f"{purpose} is not one of {list(PURPOSES)} - 'purpose'")
    after, before = _moment(query, "create_after"), _moment(query, "create_before")
    files = store.all()
    if "after" in query:
        ids = [file.id for file in files]
        if query["after"] not in ids:
            raise invalid(f"Invalid file [id:{query['after']}].")
        files = files[ids.index(query["after"]) + 1 :]
    found = [
        file
        for file in files
        if (purpose is None or file.purpose == purpose)
        and (after is None or file.created_at >= after)
        and (before is None or file.created_at <= before)
    ]
    return {
        "object": "list",
        "has_more": len(found) > limit,
        "data": [file.as_json(now) for file in found[:limit]],
    }


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(MOST_LISTED))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_LISTED:
        raise invalid(f"Range of limit should be [1, {MOST_LISTED}]")
    return int(text)


def _moment(query: Mapping[str, str], field: str) -> float | None:
    text = query.get(field)
    if text is None:
        return None
    for form in FORMATS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=BEIJING).timestamp()
        except ValueError:
            continue
    raise invalid(f"{text} is not a date like 20251112 or 2025-11-12 10:10:10 - '{field}'")
