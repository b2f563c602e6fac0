"""Why a file cannot be used: a reason's code, the protocol's code for it, and a sentence for the person.

The reason and its facts are stored; the sentence is made when it is read, in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from .formats import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenchat.refusals import Code


@dataclass(frozen=True, slots=True)
class Trouble:
    """`reason` is ours and fine, `code` the protocol's and coarse."""

    reason: str
    code: Code
    message: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "reason": self.reason, "message": self.message}


# The sentences are made when called: gettext looks at the reader's language then.
REASONS: dict[str, tuple[Code, Callable[[], str]]] = {
    "empty": ("unreadable", lambda: _("This file is empty. Choose one that has something in it.")),
    "unsupported_type": (
        "unsupported_type",
        lambda: _("Files of this kind cannot be attached. These can: %(allowed)s."),
    ),
    "type_mismatch": (
        "unsupported_type",
        lambda: _("The name says %(said)s, but inside is %(found)s. Give it its right ending."),
    ),
    "macros": (
        "unsupported_type",
        lambda: _("This document contains macros. Save it without them and attach it again."),
    ),
    "too_large": (
        "too_large",
        lambda: _(
            "This file is too large: the limit is %(limit)s MB. Make it smaller or split it."
        ),
    ),
    "broken": (
        "unreadable",
        lambda: _("This file is damaged and cannot be read. Open it on your device, save it anew."),
    ),
    "encrypted": (
        "unreadable",
        lambda: _("This file is locked with a password. Remove the password and attach it again."),
    ),
    "too_slow": (
        "unreadable",
        lambda: _("Reading this file took too long. A smaller or simpler one may work."),
    ),
    "too_heavy": (
        "too_large",
        lambda: _("Reading this file needs too much memory. A smaller or simpler one may work."),
    ),
    "bomb": (
        "too_large",
        lambda: _("This file unpacks to far more than it seems, so it was not opened."),
    ),
    "archive_unsafe": (
        "unreadable",
        lambda: _("This document is put together in an unsafe way. Save it anew and try again."),
    ),
    "xml_unsafe": (
        "unreadable",
        lambda: _("This document refers to things outside itself. Save it anew and try again."),
    ),
    "image_pixels": (
        "too_large",
        lambda: _("This picture has more than %(limit)s million pixels. Make it smaller."),
    ),
    "image_side": (
        "too_large",
        lambda: _("This picture is %(side)s pixels long; up to %(limit)s are possible."),
    ),
    "image_frames": (
        "too_large",
        lambda: _("This animation has more than %(limit)s pictures. Make it shorter."),
    ),
    "image_metadata": (
        "too_large",
        lambda: _("This picture carries more than %(limit)s MB of hidden data. Save it anew."),
    ),
    "image_small": (
        "unreadable",
        lambda: _("This picture is too small: the models need %(limit)s pixels on each side."),
    ),
    "image_narrow": (
        "unreadable",
        lambda: _("This picture is too narrow: one side is over %(limit)s times the other."),
    ),
    "pdf_pages": (
        "too_large",
        lambda: _("This PDF has %(pages)s pages; up to %(limit)s are possible. Split it."),
    ),
    "pdf_page_size": (
        "too_large",
        lambda: _("This PDF has a page larger than five metres. Save it with smaller pages."),
    ),
    "sheet_long": (
        "too_large",
        lambda: _("This workbook has more than %(limit)s cells. Remove what is not needed."),
    ),
    "text_long": (
        "too_large",
        lambda: _("This document has more than %(limit)s characters. Split it."),
    ),
    "text_encoding": (
        "unreadable",
        lambda: _("This is no text, or in an unknown encoding. Save it as UTF-8."),
    ),
    "video_long": (
        "too_large",
        lambda: _("This video is too long: up to %(limit)s minutes are possible. Trim it."),
    ),
    "video_side": (
        "too_large",
        lambda: _("This video is %(side)s pixels wide or high; up to %(limit)s are possible."),
    ),
    "video_fps": (
        "too_large",
        lambda: _("This video has %(fps)s frames a second; up to %(limit)s are possible."),
    ),
    "video_no_frames": ("unreadable", lambda: _("There is no picture in this video.")),
    "storage_full": (
        "storage_full",
        lambda: _("The server is out of room, so this file was not kept. Tell an administrator."),
    ),
    "internal": (
        "internal",
        lambda: _("Something went wrong with this file on the server. Attach it again."),
    ),
}


def trouble(reason: str, facts: Mapping[str, Any] | None = None) -> Trouble:
    """The sentence for a reason; one that is unknown here reads as a damaged file."""
    if reason not in REASONS:
        reason = "broken"
    code, sentence = REASONS[reason]
    return Trouble(reason, code, filled(sentence(), {"allowed": ALLOWED, **(facts or {})}))


def filled(sentence: str, facts: Mapping[str, Any]) -> str:
    try:
        return sentence % facts
    except (KeyError, TypeError, ValueError):  # facts come from a worker that read a hostile file
        return sentence
