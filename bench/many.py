"""Many answers at once on one process, and whether anything was lost.

    python -m bench.many [--answers 200] [--tokens 600] [--rate 200]

People ask at the same moment. Of each answer four texts are compared: what the upstream sent, what the
events of the socket said one after the other, what `end` said, and what the database holds afterwards.
Once in format text, once in format html, whose events and `end` are compared, but for white space, with
the rendering of what was sent. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from qwenchat.markup import render

from .parts import ROOT, load, parts

if TYPE_CHECKING:
    from .parts import Part

STORED = """
import json, os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qwenchat.settings")
import django
django.setup()
from conversations.models import Message
ids = json.load(sys.stdin)
rows = Message.objects.filter(id__in=ids).values_list("id", "text", "status")
json.dump({str(id_): [text, status] for id_, text, status in rows}, sys.stdout)
"""


def sent(upstream: Part, key: str) -> str:
    address = f"http://127.0.0.1:{upstream.port}/sent?key={key}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def stored(app: Part, ids: list[str]) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", STORED],
        cwd=ROOT,
        env=os.environ | {"QWENCHAT_DATA": app.data},
        input=json.dumps(ids),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def differences(
    running: dict[str, Part], texts: list[dict[str, Any]], *, is_text: bool
) -> list[str]:
    found = []
    rows = stored(running["app"], [item["message"] for item in texts])
    for item in texts:
        wanted = sent(running["upstream"], item["key"])
        row, status = rows.get(item["message"], ["", "missing"])
        checks = {"database": row == wanted and status == "complete"}
        if is_text:
            checks |= {"events": item["events"] == wanted, "end": item["end"] == wanted}
        else:
            whole = "".join(render(wanted).split())
            for name in ("events", "end"):
                checks[name] = "".join((item[name] or "").split()) == whole
        found += [f"{item['key']}: {name} differs" for name, same in checks.items() if not same]
        if not wanted:
            found.append(f"{item['key']}: nothing was sent")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("--rate", type=int, default=200)
    chosen = parser.parse_args()
    wrong: list[str] = []
    print(
        f"{chosen.answers} answers at once, {chosen.tokens} tokens each at {chosen.rate} a second"
    )
    print("| format | seconds | tokens/s | failed | unfinished | different |")
    print("|---|---|---|---|---|---|")
    with parts(baseline=False) as running:
        for format in ("text", "html"):
            keys = [f"{format}{number}" for number in range(chosen.answers)]
            result = load(
                running["app"],
                people=chosen.answers,
                tokens=chosen.tokens,
                rate=chosen.rate,
                kind="real",
                format=format,
                spread_s=0.0,
                keys=keys,
                texts=True,
                limit_s=180,
            )
            different = differences(running, result["texts"], is_text=format == "text")
            wrong += different
            failed = result["failures"] + result["unfinished"]
            wrong += result["failed"] or (["some failed"] if failed else [])
            print(
                f"| {format} | {result['wall_s']} | {result['tokens_per_s']:,} | "
                f"{result['failures']} | "
                f"{result['unfinished']} | {len(different)} |",
                flush=True,
            )
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
