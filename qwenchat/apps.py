from __future__ import annotations

from django.apps import AppConfig


class QwenchatConfig(AppConfig):
    name = "qwenchat"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415  registers them
