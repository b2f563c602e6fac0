"""What answers say about tools, searches and programs: the tools' own results, that sources are
made up, and what programs printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qwenchat.sandbox.writing.voice import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenchat.sandbox.interpreting import Run
    from qwenchat.sandbox.request import ChatRequest
    from qwenchat.sandbox.searching.sources import Source
    from qwenchat.sandbox.tooling.calls import ToolCall

LONGEST_RESULT = 1500  # characters; what is left out is said


def tool_results(request: ChatRequest, *, chinese: bool) -> list[str]:
    """A paragraph and the result for each call since the question; [] without any."""
    since = request.messages[request.question_index :]
    made = {call.id: call for message in since for call in message.calls}
    blocks: list[str] = []
    for message in since:
        call = made.get(message.call_id)
        if message.role == "tool" and call is not None:
            blocks += [_called(call, chinese=chinese), _result(message.text, chinese=chinese)]
    if blocks:
        blocks.append(
            "以上是工具自己的话；沙盒没有添加任何内容。"
            if chinese
            else "These are the tools' own words; the sandbox added nothing to them."
        )
    return blocks


def _called(call: ToolCall, *, chinese: bool) -> str:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = {}
    told = ", ".join(f"{excerpt(name)}: {excerpt(str(v), 80)}" for name, v in arguments.items())
    if chinese:
        with_ = f"（{told}）" if told else ""
        return f"我调用了工具 `{call.name}`{with_}，它的回答是："
    with_ = f" ({told})" if told else ""
    return f"I called the tool `{call.name}`{with_}, and it answered:"


def _result(text: str, *, chinese: bool) -> str:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    is_data = isinstance(parsed, dict | list)
    shown = json.dumps(parsed, ensure_ascii=False, indent=2) if is_data else str(parsed)
    rest = len(shown) - LONGEST_RESULT
    if rest > 0:
        more = f"……还有 {rest:,} 个字符" if chinese else f"… and {rest:,} characters more"
        shown = f"{shown[:LONGEST_RESULT]}\n{more}"
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}{'json' if is_data else 'text'}\n{shown}\n{fence}"


def search_results(sources: Sequence[Source], request: ChatRequest, *, chinese: bool) -> list[str]:
    """What was "found", cited if that was asked for; [] when no search was asked for."""
    search = request.search
    if search is None:
        return []
    if not sources:
        return [
            "你允许我上网搜索，但这个问题用不着，所以没有搜索。"
            if chinese
            else "You allowed a web search; for this question I made none."
        ]
    count = len(sources)
    if not search.sources:
        return [
            f"我搜索过了，读了 {count} 个网页；这种方式不会给出来源。都是沙盒编造的。"
            if chinese
            else f"I searched and read {count} pages; sources were not asked for or can't be told "
            "this way. All of them are made up by the sandbox."
        ]
    opening = (
        f"我“搜索”到了 {count} 个网页，都是沙盒编造的："
        if chinese
        else f"My search “found” {count} pages, all of them made up by the sandbox:"
    )
    lines = [
        f"- {excerpt(source.title, 100)}{_mark(source, search.citation)}" for source in sources
    ]
    return [opening, "\n".join(lines)]


def _mark(source: Source, citation: str) -> str:
    return " " + citation.replace("<number>", str(source.index)) if citation else ""


def programs(runs: Sequence[Run], request: ChatRequest, *, chinese: bool) -> list[str]:
    """What the code interpreter printed; [] when it was off and nothing ran."""
    if runs:
        opening = (
            "代码解释器运行了程序，结果如下："
            if chinese
            else "The code interpreter ran a program for this:"
        )
        lines = [f"- `{run.expression}` = {run.printed}" for run in runs]
        return [opening, "\n".join(lines)]
    if not request.interpreter:
        return []
    return [
        "代码解释器是开着的，但这个问题用不着，所以没有运行程序。"
        if chinese
        else "The code interpreter was on; for this question I ran no program."
    ]
