"""Form fields as our pages draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from django.forms import BoundField
    from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The field's input in our classes; Django adds what describes it and whether it is invalid."""
    kind = kind_of(field)
    if kind in ("checkbox", "radio"):
        return field.as_widget()
    trail = " input--trail" if kind == "password" else ""
    return field.as_widget(attrs={"class": f"input input--lg{trail}"})


@register.filter
def kind_of(field: BoundField) -> str:
    """`password`, `checkbox`, `text` …: the type of its input, or "" for anything else."""
    return getattr(field.field.widget, "input_type", "") or ""
