"""What is being done for an answer before there is anything to read, in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext as _


def sentence(activity: tuple[str, str, int, int] | None) -> str:
    """`(state, file, page, pages)` as the turn said it; "" when nothing of that kind is being done."""
    if activity is None:
        return ""
    state, name, page, pages = activity
    facts = {"name": name, "page": page, "pages": pages}
    match state:
        case "uploading":
            return _("Uploading %(name)s to the model service") % facts
        case "parsing":
            return _("The model service is reading %(name)s") % facts
        case "preparing":
            return _("Preparing %(name)s") % facts
        case "reading" if pages > 1:
            return _("Reading page %(page)d of %(pages)d") % facts
        case "reading":
            return _("Reading %(name)s") % facts
    return ""
