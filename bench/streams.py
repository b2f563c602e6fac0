"""What a streamed answer costs and how late it comes, beside the barest consumer in the same run.

    python -m bench.streams [--runs 3] [--only lag,first,most,memory,wire] [--sizes 1,50,100,200]

Starts upstream, app (`manage.py up` on a temporary folder) and baseline, lets people ask both in turn,
and prints Markdown tables: the median of the runs. About twelve minutes for everything with three runs.

Lag is from the upstream's stamp in a token to the client's reading of the frame with it: a frame that
merges tokens counts for each of them. "Steady" leaves out the tokens that came while people were still
asking and from the first end on; "whole" is everything. CPU is the server process's, all its threads, from
/proc; "whole" includes storing the questions, saving, the ends and the titles.
"""

from __future__ import annotations

import argparse
from statistics import median
from typing import TYPE_CHECKING, Any

from .parts import PEOPLE, load, parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .parts import Part

TOKENS = 500
Result = dict[str, Any]


def middle(results: list[Result], *path: str) -> float | None:
    """The median of one figure over the runs; None where no run has it."""
    values = []
    for result in results:
        value: Any = result
        for name in path:
            value = value.get(name) if value else None
        if value is not None:
            values.append(value)
    return median(values) if values else None


def shown(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def table(title: str, head: list[str], rows: Iterable[list[str]]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def wrong(results: list[Result]) -> str:
    """What should be zero everywhere: failed, unfinished, tokens that never came."""
    failed = sum(r["failures"] for r in results)
    unfinished = sum(r["unfinished"] for r in results)
    missing = sum(r["missing"] or 0 for r in results)
    return f"{failed} / {unfinished} / {missing}"


def in_turn(
    ways: dict[str, tuple[Part, dict[str, Any]]], runs: int, **common: Any
) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (part, wishes) in ways.items():
            results[name].append(load(part, **common, **wishes))
    return results


def lag(running: dict[str, Part], runs: int, sizes: list[int]) -> None:
    head = [
        "streams",
        "",
        "lag median",
        "p95",
        "p99",
        "whole p95",
        "CPU s a 10,000 tokens",
        "whole",
    ]
    head += ["tokens a frame", "failed / unfinished / missing"]

    def rows() -> Iterable[list[str]]:
        for size in sizes:
            ways = {
                "baseline": (running["baseline"], {"deflate": False}),
                "app, html": (running["app"], {"format": "html"}),
                "app, text": (running["app"], {"format": "text"}),
            }
            found = in_turn(ways, runs, people=size, tokens=TOKENS)
            for name, results in found.items():
                tokens, frames = middle(results, "tokens"), middle(results, "frames")
                yield [
                    str(size),
                    name,
                    *(shown(middle(results, "steady_lag_ms", q)) for q in ("median", "p95", "p99")),
                    shown(middle(results, "lag_ms", "p95")),
                    shown(middle(results, "window", "cpu_s_per_10000"), 2),
                    shown(middle(results, "cpu_s_per_10000"), 2),
                    shown(tokens / frames if tokens and frames else None),
                    wrong(results),
                ]

    table(f"Lag (ms) and CPU, {TOKENS} tokens an answer at 50 a second", head, rows())


def first(running: dict[str, Part], runs: int) -> None:
    cases = {
        "one stream": {"people": 20, "tokens": 10, "one_by_one": True},
        "100 people within 3 s": {"people": 100, "tokens": 150, "spread_s": 3.0},
    }

    def rows() -> Iterable[list[str]]:
        for case, wishes in cases.items():
            ways = {
                "baseline": (running["baseline"], {"deflate": False}),
                "app, html": (running["app"], {"format": "html"}),
            }
            for name, results in in_turn(ways, runs, **wishes).items():
                yield [
                    case,
                    name,
                    *(
                        shown(middle(results, "first_added_ms", q))
                        for q in ("median", "p95", "max")
                    ),
                    *(
                        shown(middle(results, "first_after_send_ms", q), 0)
                        for q in ("median", "p95")
                    ),
                    shown(middle(results, "ack_ms", "p95"), 0),
                    wrong(results),
                ]

    head = ["", "", "added median", "p95", "most", "after sending, median", "p95", "`ack` p95"]
    table("First token (ms)", [*head, "failed / unfinished / missing"], rows())


def most(running: dict[str, Part], runs: int) -> None:
    ways = {
        "baseline": (running["baseline"], {"deflate": False}),
        "app, html": (running["app"], {"format": "html"}),
        "app, text": (running["app"], {"format": "text"}),
    }
    found = in_turn(ways, runs, people=16, tokens=5000, rate=0, spread_s=0.0)
    table(
        "Most tokens a second, 16 streams of 5,000 tokens as fast as they go",
        ["", "tokens/s", "CPU s a 10,000 tokens", "tokens a frame"],
        (
            [
                name,
                shown(middle(results, "tokens_per_s"), 0),
                shown(middle(results, "cpu_s_per_10000"), 3),
                shown(results[0]["tokens"] / results[0]["frames"]),
            ]
            for name, results in found.items()
        ),
    )


def memory() -> None:
    """On servers of its own: what was freed before would hide what is taken now."""

    def rows() -> Iterable[list[str]]:
        with parts() as running:
            for name in ("baseline", "app"):
                part = running[name]
                load(part, people=5, tokens=50)  # imports and caches belong to no stream
                idle = load(part, people=PEOPLE, is_idle=True)
                result = load(part, people=PEOPLE, tokens=400)
                socket_kb = (idle["rss_open_kb"] - idle["rss_before_kb"]) / PEOPLE
                stream_kb = (result["rss_streaming_kb"] - idle["rss_open_kb"]) / PEOPLE
                yield [
                    name,
                    shown(idle["rss_before_kb"] / 1024, 0),
                    shown(socket_kb),
                    shown(stream_kb),
                    shown(result["rss_after_kb"] / 1024, 0),
                ]

    head = ["", "before (MiB)", "an idle socket (KB)", "a stream more (KB)", "afterwards (MiB)"]
    table(f"Memory, {PEOPLE} sockets and {PEOPLE} streams (RSS)", head, rows())


def wire(running: dict[str, Part], runs: int) -> None:
    def rows() -> Iterable[list[str]]:
        for kind in ("real", "page", "words"):
            ways = {
                f"{kind}, {format}, {'compressed' if deflate else 'plain'}": (
                    running["app"],
                    {"format": format, "deflate": deflate},
                )
                for format in ("html", "text")
                for deflate in (True, False)
            }
            for name, results in in_turn(ways, runs, people=10, tokens=TOKENS, kind=kind).items():
                text = results[0]["text_bytes"]
                yield [
                    name,
                    shown(text / results[0]["people"] / 1024),
                    shown((middle(results, "wire_bytes") or 0) / text, 2),
                    shown((middle(results, "progress_bytes") or 0) / text, 2),
                ]

    head = [
        "10 answers at 50 tokens/s",
        "text (KiB each)",
        "all bytes / text",
        "up to the last delta",
    ]
    table("Bytes on the wire, from `send` to `end`, against the text's", head, rows())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="lag,first,most,memory,wire")
    parser.add_argument("--sizes", default="1,50,100,200")
    chosen = parser.parse_args()
    only = chosen.only.split(",")
    if set(only) - {"memory"}:
        with parts() as running:
            for name in ("baseline", "app"):
                load(running[name], people=20, tokens=50)  # warm
            if "first" in only:
                first(running, chosen.runs)
            if "lag" in only:
                lag(running, chosen.runs, [int(size) for size in chosen.sizes.split(",")])
            if "most" in only:
                most(running, chosen.runs)
            if "wire" in only:
                wire(running, 1)
    if "memory" in only:
        memory()


if __name__ == "__main__":
    main()
