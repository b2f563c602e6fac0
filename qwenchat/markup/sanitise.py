"""The allow-list. Everything that leaves this package goes through it, though the renderer writes
no HTML of the text's own: two mistakes are then needed, not one."""

from __future__ import annotations

import nh3

from .code import CLASSES, listed
from .footnotes import ID
from .links import SCHEMES

MATHML_TAGS = listed(
    "math mrow mi mn mo mtext mspace ms msup msub msubsup munder mover munderover mfrac msqrt mroot"
    " mtable mtr mtd mstyle mpadded mphantom menclose mmultiscripts mprescripts none merror"
)
MATHML_ATTRIBUTES = listed(
    "display displaystyle scriptlevel stretchy fence form separator lspace rspace minsize maxsize"
    " symmetric accent accentunder movablelimits mathvariant linethickness columnalign rowspacing"
    " columnspacing columnlines rowlines width height depth voffset notation largeop"
)
TEXT_TAGS = listed(
    "p br h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong del table thead tbody tr th td"
    " hr a sup sub figure figcaption div span section input"
)


def anchor_only(url: str) -> str | None:
    """Relative addresses: only to a place in the same text."""
    return url if url.startswith(f"#{ID}") else None


CLEANER = nh3.Cleaner(
    tags=TEXT_TAGS | MATHML_TAGS,
    attributes={
        "a": {"href", "title", "id"},
        "li": {"id", "value"},
        "ol": {"start"},
        "input": {"checked", "aria-label"},
        **dict.fromkeys(MATHML_TAGS, MATHML_ATTRIBUTES),
    },
    tag_attribute_values={
        "a": {"target": {"_blank"}},
        "div": {"tabindex": {"0"}},
        "pre": {"tabindex": {"0"}},
        "th": {"scope": {"col"}},
    },
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
    allowed_classes={
        "span": CLASSES | {"code__lang", "muted"},
        "div": {"table-wrap", "math-block"},
        "figure": {"code"},
        "figcaption": {"code__bar"},
        "section": {"footnotes"},
        "ul": {"tasks"},
        "ol": {"tasks"},
        "th": {"num"},
        "td": {"num"},
    },
    link_rel="noopener noreferrer nofollow ugc",
    url_schemes=SCHEMES,
    url_relative=anchor_only,
    id_prefix=ID,
)


def clean(html: str) -> str:
    """The same HTML with nothing in it that is not on the list."""
    return CLEANER.clean(html)


def escape(text: str) -> str:
    """Text as the sanitiser itself writes it between tags."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\xa0", "&nbsp;")
    )
