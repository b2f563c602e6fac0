"""A picture by its web address instead of an upload."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from attachments import addresses, intake
from qwenchat.doors import data
from qwenchat.refusals import Refusal

from .files import count_upload

if TYPE_CHECKING:
    from qwenchat.doors import MemberRequest

logger = logging.getLogger(__name__)


@require_POST
@data
def from_url(request: MemberRequest) -> JsonResponse:
    """`{"url"}` in, the attachment out, as an upload is answered."""
    count_upload(request.user)
    try:
        asked = orjson.loads(request.body)
        url = asked["url"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        url = None
    if not isinstance(url, str) or not url.strip():
        raise Refusal("invalid", _("Write the address of a picture."), field="url")
    with addresses.fetched(url.strip()) as staged:
        attachment = intake.accept(request.user, staged)
    response = JsonResponse(attachment.as_json(), status=201)
    response["Location"] = attachment.get_absolute_url()
    return response
