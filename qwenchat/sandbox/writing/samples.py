"""Code in several languages that counts what the sandbox counted, with the real numbers in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwenchat.sandbox.writing.received import Received


def sample(received: Received, language: str) -> str:
    """A fenced block in `language`; Python when it isn't one of ours."""
    text = " ".join(received.question.split())[:80]
    build = _SAMPLES.get(language, _python)
    # A fence longer than any run of backticks inside: people paste code into their questions.
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{build(text, received).strip()}\n{fence}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _python(text: str, received: Received) -> str:
    return f'''
import re

MESSAGE = {_quoted(text)}


def count(text: str) -> dict[str, int]:
    """How many words, characters and lines a text has."""
    return {{
        "words": len(re.findall(r"\\w+", text)),
        "characters": sum(not c.isspace() for c in text),
        "lines": text.count("\\n") + 1,
    }}


if __name__ == "__main__":
    print(count(MESSAGE))  # the sandbox counted {received.words} and {received.characters}
'''


def _javascript(text: str, received: Received) -> str:
    return f"""
const message = {_quoted(text)};

/** How many characters a text has, spaces left out. */
function visible(text) {{
  return [...text].filter((c) => c.trim() !== "").length;
}}

console.log(visible(message)); // the sandbox counted {received.characters}
"""


def _sql(text: str, received: Received) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    lines = (
        "-- The questions of a conversation, longest first.",
        "SELECT m.id, m.created_at, length(m.text) AS characters",
        "FROM messages AS m",
        "WHERE m.role = 'user'",
        f"  AND m.text <> {quoted}",
        "ORDER BY characters DESC",
        f"LIMIT {max(received.question_number, 10)};",
    )
    return "\n".join(lines)


def _html(text: str, received: Received) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"""
<!doctype html>
<html lang="{received.language or "en"}">
  <head>
    <meta charset="utf-8">
    <style>
      blockquote {{ border-inline-start: 0.2rem solid; padding-inline-start: 1rem; }}
    </style>
  </head>
  <body>
    <blockquote>{escaped}</blockquote>
    <p>{received.words} / {received.characters}</p>
  </body>
</html>
"""


def _bash(text: str, received: Received) -> str:
    body = {"model": received.model, "messages": [{"role": "user", "content": text}]}
    quoted = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return f"""
# Ask the same question once more, without the page.
curl "$DASHSCOPE_BASE_URL/chat/completions" \\
  -H "Authorization: Bearer $DASHSCOPE_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{quoted}'
"""


def _rust(text: str, received: Received) -> str:
    return f"""
fn visible(text: &str) -> usize {{
    text.chars().filter(|c| !c.is_whitespace()).count()
}}

fn main() {{
    let message = {_quoted(text)};
    println!("{{}}", visible(message)); // the sandbox counted {received.characters}
}}
"""


def _json(text: str, received: Received) -> str:
    found = {
        "message": text,
        "words": received.words,
        "characters": received.characters,
        "language": received.language,
        "earlier_messages": received.earlier_messages,
        "options": {name: str(value) for name, value in received.options},
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


_SAMPLES = {
    "python": _python,
    "javascript": _javascript,
    "sql": _sql,
    "html": _html,
    "bash": _bash,
    "rust": _rust,
    "json": _json,
}
