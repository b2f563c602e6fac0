"""The sidebar's headings: which part of the past a day belongs to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from datetime import date


def period(day: date, today: date) -> str:
    """A key that days of one group share: `today`, `yesterday`, `week`, `month`, or `2026-07`."""
    age = (today - day).days
    if age <= 0:
        return "today"
    if age == 1:
        return "yesterday"
    if age <= 7:
        return "week"
    if age <= 30:
        return "month"
    return f"{day.year}-{day.month:02}"


def label(key: str, day: date) -> str:
    """The heading over the group of that key, in words."""
    match key:
        case "today":
            return _("Today")
        case "yesterday":
            return _("Yesterday")
        case "week":
            return _("Previous 7 days")
        case "month":
            return _("Previous 30 days")
        case _:
            return date_format(day, "YEAR_MONTH_FORMAT")
