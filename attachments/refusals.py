"""Why a request about a file was not carried out, in the form of the public interface."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat.refusals import Refusal

from . import sentences

if TYPE_CHECKING:
    from .decoding.unusable import Unusable


def of(unusable: Unusable) -> Refusal:
    """The refusal of a file that cannot be used."""
    found = sentences.trouble(unusable.reason, unusable.facts)
    return Refusal(found.code, found.message, field="file", reason=found.reason)


def because(reason: str, **facts: str | int | float) -> Refusal:
    found = sentences.trouble(reason, facts)
    return Refusal(found.code, found.message, field="file", reason=found.reason)


def no_file() -> Refusal:
    return Refusal("invalid", _("No file arrived. Choose it again."), field="file")


def in_use() -> Refusal:
    return Refusal(
        "busy", _("A message uses this file. Delete the message, and the file goes with it.")
    )


def being_prepared() -> Refusal:
    return Refusal("busy", _("This file is still being prepared. Try again soon."), retry_after=1)


def storage_full() -> Refusal:
    return because("storage_full")


def quota_exceeded(limit_bytes: int) -> Refusal:
    sentence = _("Your files together may take %(limit)s MB. Delete some that you no longer need.")
    return Refusal("quota_exceeded", sentence % {"limit": limit_bytes // 1_048_576})


def crowded() -> Refusal:
    return Refusal(
        "rate_limited",
        _("Many files are being read at the moment. Try again soon."),
        retry_after=10,
    )


def too_many_uploads(seconds: int) -> Refusal:
    minutes = max(1, math.ceil(seconds / 60))
    sentence = ngettext(
        "That was a lot of files at once. Try again in %(minutes)d minute.",
        "That was a lot of files at once. Try again in %(minutes)d minutes.",
        minutes,
    )
    return Refusal("rate_limited", sentence % {"minutes": minutes}, retry_after=seconds)
