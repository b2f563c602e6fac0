"""What every page's frame needs: icons, the theme the person chose, the page's language."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

register = template.Library()

THEMES = ("light", "dark")
IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["']\./([\w.-]+)["']""", re.MULTILINE)
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


@register.simple_tag
def module_preloads(entry: str) -> SafeString:
    """Links that fetch all modules behind `entry` at once, not one level of imports after the other."""
    return format_html_join(
        "\n", '<link rel="modulepreload" href="{}">', ((static(name),) for name in behind(entry))
    )


@lru_cache(maxsize=8)
def behind(entry: str) -> tuple[str, ...]:
    """The static modules that `entry` imports, directly or not; nearest first."""
    found: dict[str, None] = {}
    waiting = [entry]
    for name in waiting:
        path = finders.find(name)
        if not isinstance(path, str):
            continue
        for imported in IMPORT.findall(Path(path).read_text(encoding="utf-8")):
            module = str(PurePosixPath(name).parent / imported)
            if module not in found:
                found[module] = None
                waiting.append(module)
    return tuple(found)


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
