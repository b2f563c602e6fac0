"""Citation marks in an answer's HTML as links to its sources.

The service writes `[ref_1]` or `[1]` into the text, as its option `citation_format` says. They become links
after the text was rendered and sanitised: only in text, never within code, formulas, links or attributes,
and only where a source has that number. So a text can name its sources and nothing else.

    >>> linked("<p>Tea [ref_1].</p>", "7", [{"index": 1, "title": "T", "url": "https://a.example/"}])
    '<p>Tea <a class="cite" href="#s-7-1" title="T · a.example" aria-label="Source 1">1</a>.</p>'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.html import escape
from django.utils.translation import gettext as _

from .showing_sources import ShownSource, shown_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

# A tag as the sanitiser writes it: `>` may stand in an attribute's value.
TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:"[^"]*"|'[^']*'|[^'"<>])*)>""")
MARK = re.compile(r"\[(?:ref_)?([1-9][0-9]{0,3})\]")
CLOSED = frozenset({"a", "code", "pre", "math", "textarea", "script", "style"})


def linked(
    html: str, message_id: UUID | str, sources: Iterable[Mapping[str, Any] | ShownSource]
) -> str:
    """The same HTML with its marks as links; also for the unfinished end of a running answer.

    A mark that is not whole yet stays text, and so does everything after a tag that is not whole.
    """
    if "[" not in html:
        return html
    links = {source.index: link(source, message_id) for source in known(sources)}
    if not links:
        return html
    out: list[str] = []
    closed: list[str] = []
    end = 0
    for tag in TAG.finditer(html):
        text = html[end : tag.start()]
        if "<" in text:  # not ours: a piece of a tag
            return "".join([*out, html[end:]])
        out += [text if closed else marked(text, links), tag[0]]
        end = tag.end()
        name = tag[2].lower()
        if name not in CLOSED or tag[3].endswith("/"):
            continue
        if not tag[1]:
            closed.append(name)
        elif name in closed:
            while closed.pop() != name:
                pass
    rest = html[end:]
    return "".join([*out, rest if closed or "<" in rest else marked(rest, links)])


def known(sources: Iterable[Mapping[str, Any] | ShownSource]) -> tuple[ShownSource, ...]:
    listed = list(sources)
    ready = [source for source in listed if isinstance(source, ShownSource)]
    others = [source for source in listed if not isinstance(source, ShownSource)]
    return (*ready, *shown_sources(others))


def marked(text: str, links: dict[int, str]) -> str:
    return MARK.sub(lambda mark: links.get(int(mark[1]), mark[0]), text)


def link(source: ShownSource, message_id: UUID | str) -> str:
    hint = " · ".join(filter(None, [source.title, source.site, source.host]))
    words = _("Source %(number)d") % {"number": source.index}
    return (
        f'<a class="cite" href="#s-{escape(str(message_id))}-{source.index}"'
        f' title="{escape(hint)}" aria-label="{escape(words)}">{source.index}</a>'
    )
