"""The whole answer, and the thoughts before it, from what was received."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwenchat.sandbox import languages, staging
from qwenchat.sandbox.tooling.instances import Material, instance
from qwenchat.sandbox.writing import wants
from qwenchat.sandbox.writing.attached import about
from qwenchat.sandbox.writing.chinese import Chinese
from qwenchat.sandbox.writing.english import English
from qwenchat.sandbox.writing.essay import compose
from qwenchat.sandbox.writing.looked_up import programs, search_results, tool_results
from qwenchat.sandbox.writing.received import receive
from qwenchat.sandbox.writing.titles import is_title_request, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.interpreting import Run
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.searching.sources import Source
    from qwenchat.sandbox.writing.received import Received
    from qwenchat.sandbox.writing.voice import Voice
    from qwenchat.sandbox.writing.wants import Wants

LONG_THOUGHT = 400  # words or characters added when asked to think long
FACTS_FROM = 120  # a text this long has room to say first what was received
OVERLAP = 12  # characters that must agree to find the place in a text that was edited


def write(request: ChatRequest, sources: Sequence[Source] = (), runs: Sequence[Run] = ()) -> str:
    """What is to be said: the whole answer, or what follows the prefix to be continued; `sources`
    is what a search found, `runs` what the code interpreter printed, or may have."""
    received = receive(request)
    prefix = request.prefix
    if prefix is None:
        return _whole(request, received, sources, runs)
    whole = _whole(request, received, sources, ())
    if not whole.startswith(prefix):
        # A continuation comes without the interpreter; what it printed is in the beginning.
        ran = _whole(request, received, sources, runs)
        whole = ran if ran.startswith(prefix) else whole
    return _continuation(whole, prefix, received)


def think(request: ChatRequest) -> str:
    received = receive(request)
    if is_title_request(received.system_prompt):
        return "A title is wanted, so a few words of the first message will do."
    asked = wants.read(received.question, received.language)
    voice = _voice(chinese=asked.chinese)
    parts = ("everything",) if asked.everything else asked.parts
    thoughts = voice.observations(received, voice.wishes(parts, asked.unit, asked.length))
    space = voice.library.space
    paragraphs = [space.join(thoughts[:4]), space.join(thoughts[4:])]
    if asked.think_long:
        paragraphs += list(voice.notes)
        start = received.fingerprint[0] % len(voice.library.topics)
        paragraphs.append(compose(voice.library, LONG_THOUGHT // 2, start))
    return "\n\n".join(paragraphs)


def think_of(run: Run, request: ChatRequest) -> str:
    """What a model makes of a program that has run."""
    if receive(request).language == "zh":
        return f"\n\n程序已经运行，输出了 {run.printed}。"
    return f"\n\nThe program has run and printed {run.printed}."


def endless(request: ChatRequest) -> str:
    """A text to be repeated without end, for `/sandbox endless`."""
    received = receive(request)
    return compose(_voice(chinese=received.language == "zh").library, 2000) + "\n\n"


def _whole(
    request: ChatRequest, received: Received, sources: Sequence[Source], runs: Sequence[Run]
) -> str:
    if is_title_request(received.system_prompt):
        return title(received.first_question)
    if request.response_format != "text":
        return _as_json(received, request.json_schema)
    asked = wants.read(received.question, received.language)
    voice = _voice(chinese=asked.chinese)
    if staging.read(request.question.text).help:
        return voice.help(staging.manual())
    if asked.everything:
        return voice.everything(received).strip()
    blocks = [_part(voice, part, received, asked.code_language) for part in asked.parts]
    attached = [
        *about(received, chinese=asked.chinese),
        *tool_results(request, chinese=asked.chinese),
        *search_results(sources, request, chinese=asked.chinese),
        *programs(runs, request, chinese=asked.chinese),
    ]
    if asked.unit:
        return "\n\n".join([*attached, _text(voice, received, asked), *blocks])
    if attached:
        return "\n\n".join([voice.opening(received), *attached, *blocks])
    if blocks:
        return "\n\n".join([voice.opening(received), *blocks])
    topic = received.pick(voice.library.topics, "topic")
    return "\n\n".join(
        [
            voice.opening(received),
            voice.circumstances(received),
            voice.library.space.join(topic.sentences[:4]),
            voice.hint(received),
        ]
    )


def _text(voice: Voice, received: Received, asked: Wants) -> str:
    """A text of the length asked for, the sentences about what was received included."""
    library = voice.library
    start = received.fingerprint[0] % len(library.topics)
    if asked.unit == ("words" if asked.chinese else "characters"):
        # The other language's measure: this library counts differently, so convert.
        length = max(1, asked.length * 2 if asked.chinese else asked.length // 5)
    else:
        length = asked.length
    if length < FACTS_FROM:
        return compose(library, length, start)
    opening = f"{voice.opening(received)}\n\n{voice.circumstances(received)}"
    left = length - library.count(opening.replace("*", ""))  # the marks aren't text
    return f"{opening}\n\n{compose(library, left, start)}" if left > 0 else opening


def _part(voice: Voice, part: str, received: Received, code_language: str) -> str:
    match part:
        case "table":
            return voice.table(received)
        case "code":
            return voice.code(received, code_language)
        case "formula":
            return voice.formula(received)
        case "list":
            return voice.list_(received)
        case "quote":
            return voice.quote(received)
        case _:
            return voice.footnote(received)


def _continuation(whole: str, prefix: str, received: Received) -> str:
    if whole.startswith(prefix):
        return whole[len(prefix) :]
    # Somebody changed the beginning: find the place by its last words, else say so.
    last = prefix[-OVERLAP:]
    if len(last) == OVERLAP and whole.count(last) == 1:
        return whole.split(last)[1]
    chinese = wants.read(received.question, received.language).chinese
    space = "" if not prefix or prefix[-1].isspace() else " "
    return space + _voice(chinese=chinese).foreign_prefix(received)


def _voice(*, chinese: bool) -> Voice:
    return Chinese() if chinese else English()


def _as_json(received: Received, schema: dict[str, Any] | None) -> str:
    facts: dict[str, Any] = {
        "from": "the qwenchat sandbox",
        "words": received.words,
        "characters": received.characters,
        "language": languages.NAMES[received.language][0],
        "earlier_messages": received.earlier_messages,
        "system_prompt": received.system_prompt is not None,
    }
    if received.documents:
        facts["documents"] = {item.name: item.words for item in received.documents}
    if schema is None:
        value = facts
    else:
        text = " ".join(received.question.split())[:80]
        value = instance(schema, Material(text, received.words))
    return json.dumps(value, ensure_ascii=False, indent=2)
