"""Keeps keys out of everything that people or logs may read: the service sometimes echoes the key
it refused."""

from __future__ import annotations

import re

# sk-… is an API key, sk-sp-… a plan's, st-… a short-lived token (dashscope-api §1); a bearer header
# may be echoed whole.
_KEYS = re.compile(r"(?i)\b(bearer\s+|sk-|st-)[A-Za-z0-9._*~+/=-]{6,}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST = 500


def masked(text: str, key: str = "") -> str:
    """Give `text` on one line, cut to a length fit for a log, with `key` and whatever looks like a
    key blotted out."""
    if len(key) >= 4:
        text = text.replace(key, "***")
    text = _KEYS.sub(lambda found: f"{found[1]}***", text[: _LONGEST * 4])
    text = _CONTROLS.sub(" ", text).strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
