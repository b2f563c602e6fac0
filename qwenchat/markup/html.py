"""Tokens to HTML, in the shape that the page's design gives each part.

The output holds no words: the page's script adds the buttons to ``.code__bar``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML

from .code import figure
from .links import disguised_host, host_of, scheme_of
from .math import mathml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict


class Renderer(RendererHTML):
    """Each method draws the token of its name; the rest is markdown-it's."""

    def renderInline(  # noqa: N802
        self, tokens: Sequence[Token], options: OptionsDict, env: EnvType
    ) -> str:
        """The line's HTML. Links can't nest, so inside one nothing else becomes a link."""
        out: list[str] = []
        href, begin = "", 0
        for index, token in enumerate(tokens):
            match token.type:
                case "text" | "text_special":
                    out.append(escapeHtml(token.content))
                case "link_open":
                    href, begin = str(token.attrs.get("href", "")), index
                    out.append(opening(href, str(token.attrs.get("title", ""))))
                case "link_close":
                    out.append(closing(href, words(tokens[begin:index])))
                    href = ""
                case "image":
                    out.append(image(token, linked=bool(href)))
                case "footnote":
                    out.append(footnote(token, env, linked=bool(href)))
                case "softbreak":
                    out.append("\n")
                case "hardbreak":
                    out.append("<br>\n")
                case "math_inline":
                    out.append(mathml(token.content, display=token.meta["display"]))
                case "s_open" | "s_close":
                    out.append("<del>" if token.nesting == 1 else "</del>")
                case _:
                    rule = self.rules.get(token.type, self.renderToken)
                    out.append(rule(tokens, index, options, env))
        return "".join(out)

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        return figure(token.info, token.content, closed=is_closed(token)) + "\n"

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return figure("", tokens[idx].content, closed=False) + "\n"

    def math_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        formula = mathml(tokens[idx].content, display=True)
        return f'<div class="math-block" tabindex="0">{formula}</div>\n'

    def table_open(self, *_: Any) -> str:
        return '<div class="table-wrap" tabindex="0"><table>\n'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f'<th scope="col"{number_class(tokens[idx])}>'

    def td_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f"<td{number_class(tokens[idx])}>"

    def list_item_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        meta = tokens[idx].meta
        if "task" not in meta and "wrap" not in meta:
            return self.renderToken(tokens, idx, options, env)
        box = checkbox(*meta["task"]) if "task" in meta else ""
        return f"<li>{box}{meta.get('wrap', '')}"

    def list_item_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        end = str(tokens[idx].meta.get("wrap", ""))
        return end + self.renderToken(tokens, idx, options, env)


def is_closed(fence: Token) -> bool:
    """Whether a fence's closing line is there: it counts in the map, not in the content."""
    if fence.map is None:
        return False
    content = fence.content
    lines = content.count("\n") + (not content.endswith("\n") and content != "")
    return fence.map[1] - fence.map[0] == lines + 2


def words(tokens: Sequence[Token]) -> str:
    """What a reader sees of inline tokens, marks left out."""
    parts: list[str] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type == "image":
            parts.append(words(token.children or []))
        elif token.content and token.nesting == 0:
            parts.append(token.content)
    return "".join(parts)


def opening(href: str, title: str) -> str:
    if not scheme_of(href):
        return ""  # a path of some other site's: its words alone
    hint = f' title="{escapeHtml(title)}"' if title else ""
    return f'<a href="{escapeHtml(href)}"{hint} target="_blank">'


def closing(href: str, seen: str) -> str:
    if not scheme_of(href):
        return ""
    host = disguised_host(seen, href)
    return f" ({escapeHtml(host)})</a>" if host else "</a>"


def image(token: Token, *, linked: bool) -> str:
    """A picture elsewhere would tell its host who reads what: a link with the host in view."""
    source = str(token.attrs.get("src", ""))
    host = host_of(source) if scheme_of(source) else ""
    alt = words(token.children or []).strip()
    text = escapeHtml(f"{alt} ({host})" if alt and host else alt or host)
    if linked or not host:
        return text
    return f'<a href="{escapeHtml(source)}" target="_blank">{text}</a>'


def footnote(token: Token, env: EnvType, *, linked: bool) -> str:
    known = env["footnotes_so_far"]
    label = token.meta["label"]
    if linked:
        return f"<sup>{known.numbers[label]}</sup>"
    return str(known.reference(label, first=token.meta["first"]))


def number_class(cell: Token) -> str:
    return ' class="num"' if cell.attrs.get("style") == "text-align:right" else ""


def checkbox(done: bool, name: str) -> str:
    ticked = " checked" if done else ""
    return f'<input type="checkbox" disabled{ticked} aria-label="{escapeHtml(name)}">'
