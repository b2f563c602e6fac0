"""A conversation as a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import access, exporting
from qwenchat.doors import data
from qwenchat.refusals import Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from qwenchat.doors import MemberRequest

FORMATS = {
    "markdown": (exporting.as_markdown, "md", "text/markdown; charset=utf-8"),
    "json": (exporting.as_json, "json", "application/json"),
    "html": (exporting.as_html, "html", "text/html; charset=utf-8"),
}
# The file opens from a disk, where no header of ours reaches it: it carries its own policy. Should
# a browser show it from here after all, nothing in it runs.
SEALED = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@require_safe
@data
def export(request: MemberRequest, conversation: UUID) -> HttpResponse:
    """The conversation as `?as=markdown`, `json` or `html`."""
    found = access.conversation_for(request.user, conversation)
    wanted = request.GET.get("as", "markdown")
    if wanted not in FORMATS:
        sentence = _("“as” is one of: %(allowed)s.")
        raise Refusal("invalid", sentence % {"allowed": ", ".join(FORMATS)}, field="as")
    written, extension, content_type = FORMATS[wanted]
    response = HttpResponse(written(found), content_type=content_type)
    name = exporting.file_name(found, extension)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = SEALED
    return response
