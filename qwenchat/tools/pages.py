"""A web page as text that a model can read: title, prose, lists, tables, code, and links as Markdown.

What a reader of the page does not see is left out, hidden text too: that is where orders to a model
are hidden. What is around the prose (menus, footers) is left out when the page marks its main part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin

from lxml import etree, html

from .charsets import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

HTML_KINDS = frozenset({"text/html", "application/xhtml+xml"})
# What `fetch_page` takes: HTML, and what is text already.
READABLE = (
    "text/*",
    "application/xhtml+xml",
    "application/json",
    "application/ld+json",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
)
MOST_CHARACTERS = 400_000
MOST_LINK_CHARACTERS = 300
# Thousands of attributes in one tag take the parser minutes, since it compares each with all before.
ATTRIBUTE = r"""(?:[\s/]++|=|[^\s=/>]++(?:\s*+=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>]*+))?+)"""
ATTRIBUTES = re.compile(ATTRIBUTE)
TAG = re.compile(rf"<([a-zA-Z][^\s/>]*+)({ATTRIBUTE}*+)")
MOST_ATTRIBUTES = 200
MOST_ELEMENTS = 50_000  # ten times those of a long page
# Less than this in <main> or <article>, and it is not the page's content.
LEAST_MAIN_CHARACTERS = 200

UNSEEN = frozenset({
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "canvas",
    "audio", "video", "head", "link", "meta", "button", "select", "option", "input", "textarea", "dialog",
})  # fmt: skip
AROUND = frozenset({"nav", "footer", "aside"})
BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "main",
    "nav", "footer", "aside", "ol", "p", "pre", "section", "summary", "table", "ul",
})  # fmt: skip
LINES = frozenset({"br", "li", "tr", "caption"})
HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|font-size\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
SPACE = re.compile(r"[\s\u00a0\u200b\u200c\u2060\ufeff]+")


@dataclass(frozen=True, slots=True)
class Page:
    """What is worth reading; `title` is "" where there is none. `is_cut`: there was more."""

    title: str
    text: str
    is_cut: bool = False


def read_page(body: bytes, kind: str, charset: str | None, url: str) -> Page:
    """The page behind `url` as text. Takes some time for a large page: run it in a thread."""
    text = decoded(body, charset)
    if kind in HTML_KINDS:
        return read_html(text, url)
    return Page("", text[:MOST_CHARACTERS].strip(), is_cut=len(text) > MOST_CHARACTERS)


def read_html(source: str, url: str) -> Page:
    # Bytes again: lxml refuses text that names an encoding, and NUL ends a C string.
    source = TAG.sub(without_attributes, source)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(
            source.replace("\x00", "").encode("utf-8", "replace"), parser=parser
        )
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing in it
        return Page("", "")
    title = flat(root.findtext(".//title") or "")
    base = joined(url, root.xpath("string(//base/@href)")) or url
    writer = Writer(base, whole=True)
    for part, whole in ways_to_read(root):
        writer = Writer(base, whole=whole)
        writer.write(part)
        if len(writer.text()) >= LEAST_MAIN_CHARACTERS:
            break
    return Page(title, writer.text(), is_cut=writer.is_full)


def without_attributes(tag: re.Match[str]) -> str:
    """The tag by its name alone, if it may have more attributes than anybody writes."""
    between = 2 * MOST_ATTRIBUTES
    many = len(tag[2]) > between and len(ATTRIBUTES.findall(tag[2])) > between
    return f"<{tag[1]}" if many else tag[0]


def ways_to_read(root: html.HtmlElement) -> list[tuple[html.HtmlElement, bool]]:
    """Where the content may be, the likeliest first, and whether menus and footers belong to it."""
    mains = root.xpath("//main | //*[@role='main']")
    articles = root.xpath("//article")
    likely = [*mains[:1], *(articles if len(articles) == 1 else []), root]
    return [*((part, False) for part in likely), (root, True)]


@dataclass(slots=True)
class Writer:
    """Collects text; knows whether a space, a new line or a paragraph is due before the next word."""

    base: str
    whole: bool
    parts: list[str] = field(default_factory=list)
    size: int = 0
    due: Literal["", " ", "\n", "\n\n"] = ""
    is_full: bool = False
    elements: int = 0
    pre: int = 0
    link_at: int = 0

    def text(self) -> str:
        return "".join(self.parts).strip()

    def write(self, root: html.HtmlElement) -> None:
        for step, element in self.walk(root):
            if step == "start":
                self.elements += 1
                if self.elements > MOST_ELEMENTS:
                    self.is_full = True
                self.start(element)
                self.say(element.text)
            else:
                self.end(element)
                if element is not root:
                    self.say(element.tail)
            if self.is_full:
                return

    def walk(self, root: html.HtmlElement) -> Iterator[tuple[str, html.HtmlElement]]:
        """Every seen element at its start and end. No recursion: pages nest as deep as they like."""
        if self.is_unseen(root):
            return
        yield "start", root
        opened = [(root, iter(root))]
        while opened:
            element, children = opened[-1]
            child = next(children, None)
            if child is None:
                opened.pop()
                yield "end", element
            elif not isinstance(child.tag, str) or self.is_unseen(child):
                self.say(child.tail)
            else:
                yield "start", child
                opened.append((child, iter(child)))

    def is_unseen(self, element: html.HtmlElement) -> bool:
        return (
            element.tag in UNSEEN
            or (element.tag in AROUND and not self.whole)
            or element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or HIDDEN_STYLE.search(element.get("style", "")) is not None
        )

    def start(self, element: html.HtmlElement) -> None:
        tag = element.tag
        if tag in BLOCKS:
            self.need("\n\n")
        elif tag in LINES:
            self.need("\n")
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self.mark("#" * int(tag[1]) + " ")
            case "li":
                self.mark("- ")
            case "pre":
                self.mark("```\n")
                self.pre += 1
            case "a":
                self.link_at = len(self.parts)
            case "img":
                alt = flat(element.get("alt", ""))
                self.say(f" [image: {alt}] " if alt else "")
            case "td" | "th" if element.getprevious() is not None:
                self.mark(" | ")

    def end(self, element: html.HtmlElement) -> None:
        tag = element.tag
        match tag:
            case "pre":
                self.pre -= 1
                self.mark("\n```")
            case "a":
                self.link(element.get("href", ""))
        if tag in BLOCKS:
            self.need("\n\n")
        elif tag in LINES:
            self.need("\n")

    def link(self, href: str) -> None:
        """Makes a Markdown link of what was written since the link began."""
        said = "".join(self.parts[self.link_at :])
        words = said.strip()
        if not words or "\n" in words or "[" in words or href.startswith("#"):
            return
        target = joined(self.base, href)
        if target and len(target) <= MOST_LINK_CHARACTERS:
            lead = said[: len(said) - len(said.lstrip())]
            self.parts[self.link_at :] = [f"{lead}[{words}]({target})"]
            self.size += len(target)

    def need(self, due: Literal["\n", "\n\n"]) -> None:
        if len(due) > len(self.due) or self.due == " ":
            self.due = due

    def say(self, text: str | None) -> None:
        if not text:
            return
        if self.pre:
            self.put(text)
            return
        words = flat(text)
        if not words:
            self.due = self.due or " "
            return
        if SPACE.match(text[0]):
            self.due = self.due or " "
        self.put(words)
        if SPACE.match(text[-1]):
            self.due = " "

    def mark(self, sign: str) -> None:
        """A sign of Markdown: after it no space is due."""
        self.put(sign)

    def put(self, text: str) -> None:
        if self.due and self.parts:
            self.parts.append(self.due)
        self.due = ""
        self.parts.append(text)
        self.size += len(text)
        if self.size > MOST_CHARACTERS:
            self.is_full = True


def flat(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def joined(base: str, href: str) -> str:
    """An absolute http(s) address, or ""."""
    try:
        url = urljoin(base, href.strip()) if href.strip() else ""
    except ValueError:
        return ""
    return url.replace(" ", "%20") if url.startswith(("http://", "https://")) else ""
