"""One page that OCR read, as the text view shows it: boxes over the picture, lines, table, fields, JSON.

Pure: rows in, values out. Numbers of pages are places among the answer's pages, counted from 1.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat import markup

from . import problems
from .overlay import corners_of, numbers, picture_of, seen_size
from .tables import Table, as_csv, tables_in, unfenced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from django.utils.safestring import SafeString

    from attachments.models import Attachment

    from .models import Recognition
    from .overlay import Picture

FORMULAS = ("formula_recognition", "document_parsing")
MOST_WORDS = 2000  # lines of one page that are drawn; the downloads have all of them
MOST_FIELDS = 500
# Radii of a box's number along the longer side: readable, and smaller than a line.
MARKS_A_SIDE = 90
DEEPEST = 8
DELIMITED = re.compile(r"\$|\\\(|\\\[|\\begin\{(?:equation|align|gather)")
HEADINGS = re.compile(r"\\(title|(?:sub){0,2}section)\*?\{([^{}\n]*)\}")
LEVELS = {"title": "#", "section": "##", "subsection": "###", "subsubsection": "####"}


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A line of text with its polygon (`x,y x,y x,y x,y`, "" if unknown) and where its number stands."""

    number: int
    text: str
    points: str
    rotate: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at a page; `copy` is what “Copy all” takes, if that is not the text one sees."""

    id: str
    label: str
    copy: str


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page. `width` and `height` are the picture's that the model looked at, 0 if there is none.

    `mark` is the radius of a box's number; `hidden` lines are not drawn, only downloaded.
    """

    number: int
    name: str
    title: str
    attachment: UUID | None
    picture: Picture | None
    width: int
    height: int
    mark: float
    words: tuple[ShownWord, ...]
    hidden: int
    text: str
    source: str
    html: SafeString
    fields: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    json: str
    error: str
    can_retry: bool
    facts: str
    tabs: tuple[Tab, ...]

    @property
    def mark_font(self) -> float:
        return round(self.mark * 1.2, 1)

    @property
    def status(self) -> str:
        return "failed" if self.error else "ok"


def page_of(page: Recognition, number: int, delivery: Mapping[str, Any] | None = None) -> ShownPage:
    """The page for its view; `delivery` is how its picture was sent, if it was turned or cut."""
    attachment = page.attachment
    width, height = seen_size(page, attachment, delivery or {})
    mark = round(max(width, height) / MARKS_A_SIDE, 1)
    words = words_of(page, mark)
    fields = fields_of(page.fields or {})
    tables = tables_in(page.text)
    text = text_of(page, fields, tables)
    source = unfenced(page.text) if page.task in FORMULAS else ""
    whole = json.dumps(as_json(page, number), ensure_ascii=False, indent=2)
    problem = problems.describe(page.error_code) if page.error_code else None
    picture = picture_of(page, attachment, (width, height), delivery or {}) if attachment else None
    copies = {
        "table": as_csv(rows_of(tables), delimiter="\t"),
        "fields": as_csv([(_("Field"), _("Value")), *fields]),
    }
    has = {"lines": bool(words), "text": bool(text or source), "table": bool(tables)}
    has |= {"fields": bool(fields), "json": not problem}
    return ShownPage(
        number=number,
        name=attachment.name if attachment else _("A file that was deleted"),
        title=title_of(page, attachment),
        attachment=attachment.id if attachment else None,
        picture=picture,
        width=width,
        height=height,
        mark=mark,
        words=words[:MOST_WORDS],
        hidden=max(0, len(words) - MOST_WORDS),
        text=text,
        source=source,
        html=rendered(source),
        fields=fields,
        tables=tables,
        json=whole,
        error=f"{problem.title}. {problem.message}" if problem else "",
        can_retry=attachment is not None and attachment.is_ready,
        facts=facts_of(words, fields, tables, text),
        tabs=tuple(
            Tab(id_, label, copies.get(id_, "")) for id_, label in labels(page.task) if has[id_]
        ),
    )


def title_of(page: Recognition, attachment: Attachment | None) -> str:
    if attachment is None:
        return _("Text in a file that was deleted")
    if (attachment.pages or 1) > 1:
        return _("Text on page %(page)d of %(name)s") % {
            "page": page.page,
            "name": attachment.name,
        }
    return _("Text in %(name)s") % {"name": attachment.name}


def labels(task: str) -> list[tuple[str, str]]:
    """All tabs in order, the one that fits the task first."""
    every = [
        ("lines", _("Lines")),
        ("text", _("Formula") if task == "formula_recognition" else _("Text")),
        ("table", _("Table")),
        ("fields", _("Fields")),
        ("json", "JSON"),
    ]
    first = {"key_information_extraction": "fields", "table_parsing": "table"}.get(task)
    return sorted(every, key=lambda tab: tab[0] != first)


def facts_of(
    words: Sequence[ShownWord],
    fields: Sequence[tuple[str, str]],
    tables: Sequence[Table],
    text: str,
) -> str:
    if words:
        return ngettext("%(count)d line", "%(count)d lines", len(words)) % {"count": len(words)}
    if fields:
        missing = sum(not value for _name, value in fields)
        found = ngettext("%(count)d field", "%(count)d fields", len(fields)) % {
            "count": len(fields)
        }
        if not missing:
            return found
        return f"{found} · " + ngettext("%(count)d not found", "%(count)d not found", missing) % {
            "count": missing
        }
    if tables:
        count = sum(len(table.rows) for table in tables)
        return ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
    count = len(text)
    return ngettext("%(count)d character", "%(count)d characters", count) % {"count": count}


# ---- text -------------------------------------------------------------------------------------------


def text_of(page: Recognition, fields: Sequence[tuple[str, str]], tables: Sequence[Table]) -> str:
    """What the page says as plain text, without the fence and the marks around it."""
    if page.words:
        return "\n".join(str(word.get("text", "")) for word in page.words)
    if fields:
        return "\n".join(f"{name}: {value or '–'}" for name, value in fields)
    if tables:
        return "\n".join("\t".join(row) for row in rows_of(tables))
    return unfenced(page.text)


def rows_of(tables: Iterable[Table]) -> list[tuple[str, ...]]:
    """All rows, an empty one between two tables."""
    rows: list[tuple[str, ...]] = []
    for table in tables:
        rows += [*([()] if rows else []), *table.rows]
    return rows


def rendered(source: str) -> SafeString:
    """LaTeX as HTML with its formulas drawn; a text without any mark is one formula."""
    if not source:
        return mark_safe("")
    if not DELIMITED.search(source) and not HEADINGS.search(source):
        source = f"$$\n{source}\n$$"
    text = HEADINGS.sub(lambda found: f"\n\n{LEVELS[found[1]]} {found[2]}\n\n", source)
    return mark_safe(markup.render(text))  # noqa: S308 -- sanitised by the renderer


def fields_of(found: Any) -> tuple[tuple[str, str], ...]:
    """Names and values, nested ones by their path; what was not found has no value."""
    pairs: list[tuple[str, str]] = []

    def walk(value: Any, path: tuple[str, ...]) -> None:
        if len(pairs) >= MOST_FIELDS:
            return
        if isinstance(value, dict | list) and value and len(path) < DEEPEST:
            inside = value.items() if isinstance(value, dict) else enumerate(value, 1)
            for name, item in inside:
                walk(item, (*path, str(name)))
        elif path:
            pairs.append((" / ".join(path), said(value)))

    walk(found, ())
    return tuple(pairs)


def said(value: Any) -> str:
    """The service writes `"null"` for what it did not find."""
    if value is None or value in ("null", {}, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# ---- boxes ------------------------------------------------------------------------------------------


def words_of(page: Recognition, mark: float = 0.0) -> tuple[ShownWord, ...]:
    return tuple(word_of(number, word, mark) for number, word in enumerate(page.words or [], 1))


def word_of(number: int, word: Mapping[str, Any], mark: float) -> ShownWord:
    """The number stands before the line, or on its edge where there is no room before it."""
    box = numbers(word.get("rotate_rect"), 5)
    corners = numbers(word.get("location"), 8) or (corners_of(box) if box else [])
    pairs = list(zip(corners[::2], corners[1::2], strict=True))
    left = min(pairs, default=(0.0, 0.0))
    middle = (pairs[0][1] + pairs[3][1]) / 2 if pairs else 0.0
    return ShownWord(
        number=number,
        text=str(word.get("text", "")),
        points=" ".join(f"{x:g},{y:g}" for x, y in pairs),
        rotate=box[4] if box else 0.0,
        x=round(max(left[0] - 1.2 * mark, mark), 1),
        y=round(middle, 1),
    )


# ---- for programs -----------------------------------------------------------------------------------


def as_json(page: Recognition, number: int) -> dict[str, Any]:
    """The page as it is kept; tables as rows."""
    return {
        "page": number,
        "file": page.attachment.name if page.attachment else None,
        "file_page": page.page,
        "task": page.task or None,
        "width": page.width,
        "height": page.height,
        "text": page.text,
        "words": page.words or [],
        "fields": page.fields,
        "tables": [[list(row) for row in table.rows] for table in tables_in(page.text)],
        "error": page.error_code or None,
    }


def csv_of(pages: Sequence[tuple[int, Recognition]]) -> str:
    """The pages as one sheet: their fields if there are any, else their tables, else their lines."""
    if any(page.fields for _number, page in pages):
        head: tuple[str, ...] = (_("Page"), _("Field"), _("Value"))
        fields = (
            (number, name, value)
            for number, page in pages
            for name, value in fields_of(page.fields or {})
        )
        return as_csv([head, *fields])
    tables = [table for _number, page in pages for table in tables_in(page.text)]
    if tables:
        return as_csv(rows_of(tables))
    head = (_("Page"), _("Line"), _("Text"), "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
    return as_csv([head, *(line for number, page in pages for line in lines_of(number, page))])


def lines_of(number: int, page: Recognition) -> list[tuple[str | int, ...]]:
    if page.words:
        return [
            (
                number,
                word.number,
                word.text,
                *(round(float(at)) for pair in word.points.split() for at in pair.split(",")),
            )
            for word in words_of(page)
        ]
    lines = text_of(page, (), ()).splitlines()
    return [(number, at, line) for at, line in enumerate(lines, 1)]
