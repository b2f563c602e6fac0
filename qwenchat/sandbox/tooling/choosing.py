"""Whether to call tools now, and which.

A tool is asked for when question and tool share a subject (weather, a time, a calculation, ...),
when the words of its name occur, or its whole name. What was called since the question isn't called
again; a forced choice is, as long as it is sent along.

`/sandbox call NAME {"argument": ...}` calls that tool with these very arguments, broken ones too,
and does so as well when the line stands in a tool's result or in a document: the sandbox is then
a model that obeys whatever it reads, which the page has to bear.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from qwenchat.sandbox import staging
from qwenchat.sandbox.documents import matching
from qwenchat.sandbox.tooling.arguments import fillings
from qwenchat.sandbox.tooling.calls import ToolCall
from qwenchat.sandbox.tooling.concepts import concepts_asked, concepts_offered, part_about
from qwenchat.sandbox.writing.titles import is_title_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.tooling.offered import Tool

MOST_CALLS = 8  # for one question
STYLES = "ABCD"  # in turn; `/sandbox shape` knows more
LOOKED_AT_CHARACTERS = 4000  # of a question; a pasted text after it asks for nothing

_ORDER = re.compile(r"^[ \t]*/sandbox[ \t]+call[ \t]+(?P<name>\S+)[ \t]*(?P<arguments>.*)$", re.M)
_SHAPE = re.compile(r"^[ \t]*/sandbox[ \t]+shape[ \t]+([a-j])[ \t]*$", re.M | re.I)
_GENERIC_WORDS = (
    "get,set,current,query,fetch,find,list,show,make,create,do,run,call,tool,read,my,the,of,for,"
    "to,by,in,use,a,an,and"
)
_GENERIC = frozenset(_GENERIC_WORDS.split(","))


def calls(request: ChatRequest) -> tuple[ToolCall, ...]:
    """The calls that this request is answered with; () when it is answered in words."""
    offer = request.offer
    if not offer.tools or is_title_request(request.system_prompt) or request.prefix is not None:
        return ()
    since = request.messages[request.question_index :]
    made = [call for message in since for call in message.calls]
    wanted = list(_wanted(request))
    if not offer.forced:
        done = {(call.name, _normal(call.arguments)) for call in made}
        wanted = [(name, text) for name, text in wanted if (name, _normal(text)) not in done]
        if len(made) >= MOST_CALLS:
            return ()
    wanted = list(dict.fromkeys(wanted))
    if not offer.parallel:
        wanted = wanted[:1]
    return tuple(
        ToolCall(_id(request, len(made) + at), name, text) for at, (name, text) in enumerate(wanted)
    )


def style(request: ChatRequest) -> str:
    """The shape of the fragments: as ordered, else another with each question and each round."""
    ordered = _SHAPE.findall(request.question.text)
    if ordered:
        return str(ordered[-1]).upper()
    rounds = sum(bool(message.calls) for message in request.messages)
    questions = sum(message.role == "user" for message in request.messages)
    return STYLES[(rounds + questions - 1) % len(STYLES)]


def _wanted(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """Names and arguments of everything that is asked for, in the order of the tools."""
    offer = request.offer
    by_name = {tool.name: tool for tool in offer.tools}
    question = staging.without_commands(request.question.text)[:LOOKED_AT_CHARACTERS]
    if offer.forced in by_name:
        yield from _filled(by_name[offer.forced], question)
        return
    ordered = [order for order in _orders(request) if order[0] in by_name]
    yield from ordered
    chosen = [tool for tool in offer.tools if is_asked_for(tool, question)]
    if offer.forced and not chosen and not ordered:
        chosen = [offer.tools[0]]
    for tool in chosen:
        subjects = concepts_offered(tool.name, tool.description)
        yield from _filled(tool, part_about(question, subjects) if subjects else question)


def is_asked_for(tool: Tool, question: str) -> bool:
    if re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", question):
        return True
    subjects = concepts_offered(tool.name, tool.description)
    if subjects:
        return bool(subjects & concepts_asked(question))
    asked = set(matching.terms(question))
    name = set(matching.terms(tool.name.replace("_", " ").replace("-", " "))) - _GENERIC
    if name:
        return len(name & asked) >= min(2, len(name))
    return len(set(matching.terms(tool.description)) & asked) >= 2


def _orders(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """What `/sandbox call` lines say, in the question and in everything read since."""
    since = request.messages[request.question_index :]
    texts = [message.text for message in since if message.role in {"user", "tool"}]
    texts += [document.text for message in request.messages for document in message.documents]
    for text in texts:
        # A result in JSON has its line breaks escaped.
        for match in _ORDER.finditer(text.replace("\\n", "\n").replace('\\"', '"')):
            yield match["name"], match["arguments"].strip() or "{}"


def _filled(tool: Tool, question: str) -> Iterator[tuple[str, str]]:
    for arguments in fillings(tool, question):
        yield tool.name, json.dumps(arguments, ensure_ascii=False)


def _normal(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments or "{}"), sort_keys=True)
    except ValueError:
        return arguments


def _id(request: ChatRequest, number: int) -> str:
    heard = "\x00".join(message.text for message in request.messages)
    digest = hashlib.blake2b(f"{heard}\x00{number}".encode(errors="surrogatepass"), digest_size=12)
    return f"call_{digest.hexdigest()}"
