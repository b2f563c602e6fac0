"""Titles for conversations: the first words of the first message, in its language.

The app asks a small model for them, with a system prompt that begins "Title this conversation";
other clients word it differently, so any system prompt asking for a title of one counts.
"""

from __future__ import annotations

import re

from qwenchat.sandbox import staging

MAX_WORDS = 6
MAX_CHARACTERS = 14

_ASKS = re.compile(
    r"^\W*title this conversation"
    r"|\b(?:write|generate|create|give|suggest|make)\b.{0,40}\btitle\b.{0,60}\b(?:conversation|chat)"
    r"|(?:对话|会话|聊天).{0,30}标题|标题.{0,30}(?:对话|会话|聊天)",
    re.I | re.S,
)
_LABEL = re.compile(r"^\W*(?:user|human|question|message|用户|问题)\W*[:：]\s*|<[^>]+>", re.I)
# Marks stand at words; one between two spaces, as in 17 * 24, is none.
_MARK = r"[`*_#>|~\[\]()$\\“”\"]+"
_MARKS = re.compile(rf"^\s*{_MARK}|{_MARK}(?=\S)|(?<=\S){_MARK}")
_LATIN_POLITE = re.compile(
    r"^(?:please|can you|could you|would you|hi|hello|hey|i want you to|i'd like you to)\b[\s,!.]*",
    re.I,
)
_CHINESE_POLITE = re.compile(
    r"^(?:请问|请你|请|麻烦你?|帮我|你好|您好|你能不能|你能|能不能|可以)[，,。！!]*"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[.!?。！？；;\n]")


def is_title_request(system_prompt: str | None) -> bool:
    return system_prompt is not None and _ASKS.search(system_prompt) is not None


def title(text: str) -> str:
    """A short title made of the text's first words; never empty."""
    line = _first_line(staging.without_commands(text))
    if not line:
        return "Sandbox"
    if len(_HAN.findall(line)) * 2 > len(line.split()):
        return _chinese(line)
    return _latin(line)


def _first_line(text: str) -> str:
    for raw in text.splitlines():
        line = _MARKS.sub(" ", _LABEL.sub("", raw)).strip()
        if any(character.isalnum() for character in line) and not line.startswith("/sandbox"):
            return line
    return ""


def _latin(line: str) -> str:
    while (shorter := _LATIN_POLITE.sub("", line)) != line and shorter:
        line = shorter
    first = _SENTENCE_END.split(line)[0] or line
    words = first.split()[:MAX_WORDS]
    name = " ".join(words).strip(" ,:-–—")[:60].rstrip()
    return name[:1].upper() + name[1:] or "Sandbox"


def _chinese(line: str) -> str:
    while (shorter := _CHINESE_POLITE.sub("", line)) != line and shorter:
        line = shorter
    first = _SENTENCE_END.split(line)[0] or line
    name = first.strip(" ，,：:、")
    return name[:MAX_CHARACTERS].rstrip(" ，,：:、") or "沙盒"
