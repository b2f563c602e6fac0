from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "qwenchat.accounts"
    verbose_name = _("Accounts")
    default = True


class StaffConfig(admin.AdminConfig):
    """Django's admin, with our site in place of its own."""

    default = False
    default_site = "qwenchat.accounts.site.StaffSite"
