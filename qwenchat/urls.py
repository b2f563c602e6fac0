"""All routes. docs/protocol.md is their public description."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from . import health, reports

urlpatterns = [
    path("", include("conversations.urls")),
    path("attachments/", include("attachments.urls")),
    path("accounts/", include("qwenchat.accounts.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("csp-report/", reports.csp_report, name="csp_report"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
