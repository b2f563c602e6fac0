"""What every page's frame needs: icons, the theme the person chose, the page's language."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import get_language

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

register = template.Library()

THEMES = ("light", "dark")
SIZES = {"xs": "icon icon--xs", "sm": "icon icon--sm", "md": "icon"}


@register.simple_tag
def icon(name: str, size: str = "sm", extra: str = "") -> SafeString:
    """An icon of static/icons.svg, in the colour of the text around it and silent to readers."""
    return drawn(name, f"{SIZES[size]} {extra}".rstrip())


@register.simple_tag
def mark(extra: str = "") -> SafeString:
    """The seal, our mark."""
    return drawn("mark", f"mark {extra}".rstrip())


@lru_cache(maxsize=256)
def drawn(name: str, classes: str) -> SafeString:
    # Built here and not from a template file: a page shows hundreds of them.
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#i-{}"/></svg>',
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def chosen_theme(context: dict[str, Any]) -> str:
    """`light` or `dark` if the person chose one, else "": the page follows the system.

    From a cookie and not from script, so that the first paint has the right colours.
    """
    request = context.get("request")
    theme = request.COOKIES.get("theme") if request is not None else None
    return theme if theme in THEMES else ""


@register.simple_tag
def page_language() -> str:
    """The page's language as HTML writes it: `en`, `zh-Hans`."""
    language = get_language() or "en"
    head, _, tail = language.partition("-")
    return f"{head}-{tail.title()}" if tail else head
