"""Where browsers report what the Content-Security-Policy stopped."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

REPORT_BYTES = (
    4096  # a report is a few hundred bytes; anybody may post here, so no more is looked at
)


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Logs which directive stopped what; the page's address is left out, since it names a conversation."""
    if int(request.headers.get("Content-Length") or 0) <= REPORT_BYTES:
        try:
            report = json.loads(request.body)["csp-report"]
            logger.warning(
                "content security policy stopped something",
                extra={
                    "directive": str(report.get("effective-directive", ""))[:100],
                    "blocked": str(report.get("blocked-uri", ""))[:200],
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
    return HttpResponse(status=204)
