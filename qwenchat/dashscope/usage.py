"""What an answer took, as both protocols count it (Source: dashscope-api §3)."""

from __future__ import annotations

from typing import Any

from .events import Usage

# More than any model's context (10 M tokens) with room; above it a counter is broken, not big.
_MOST_TOKENS = 100_000_000


def usage_of(usage: object) -> Usage | None:
    """Give the counters; None when they are missing or cannot be true."""
    if not isinstance(usage, dict):
        return None
    prompt = _count(usage, "prompt_tokens", "input_tokens")
    completion = _count(usage, "completion_tokens", "output_tokens")
    total = _count(usage, "total_tokens")
    if prompt is None or completion is None or total is None or not prompt + completion + total:
        return None
    cached = _detail(usage, "prompt_tokens_details", "cached_tokens") or _detail(
        usage, "input_tokens_details", "cached_tokens"
    )
    reasoning = _detail(usage, "completion_tokens_details", "reasoning_tokens") or _detail(
        usage, "output_tokens_details", "reasoning_tokens"
    )
    plugins = usage.get("plugins")
    searches = _detail(plugins, "search", "count") if isinstance(plugins, dict) else 0
    return Usage(
        prompt, completion, total, min(cached, prompt), min(reasoning, completion), searches
    )


def _count(usage: dict[str, Any], *names: str) -> int | None:
    """Give the first of these counters, 0 when all are missing, None when it is absurd."""
    for name in names:
        value = usage.get(name)
        if value is not None:
            sane = type(value) is int and 0 <= value <= _MOST_TOKENS
            return value if sane else None
    return 0


def _detail(usage: dict[str, Any], group: str, name: str) -> int:
    details = usage.get(group)
    return (_count(details, name) or 0) if isinstance(details, dict) else 0
