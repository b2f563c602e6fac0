"""Spans of time as people read them."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _

SHORT_MS = 100  # below it a time in seconds would read as nothing
LONG_S = 10  # from here on a tenth of a second tells nobody anything


def seconds(milliseconds: int) -> str:
    """A time as people read it: `42 ms`, `0.6 s`, `12 s`, `2 min 5 s`."""
    if milliseconds < SHORT_MS:
        return _("%(milliseconds)s ms") % {"milliseconds": milliseconds}
    value = milliseconds / 1000
    if value >= 60:
        minutes, rest = divmod(round(value), 60)
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    tenths = value < LONG_S and round(value, 1) != round(value)
    text = number_format(round(value, 1), 1) if tenths else number_format(round(value))
    return _("%(seconds)s s") % {"seconds": text}
