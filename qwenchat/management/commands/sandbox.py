"""`manage.py sandbox`: only the offline model server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from .up import port

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Serves the offline model server, which needs no key."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port", type=port, default=8001, help="port to listen on; 0: a free one"
        )
        parser.add_argument("--rate", type=float, default=60, help="tokens a second; 0: no limit")

    def handle(self, *, host: str, port: int, rate: float, **options: Any) -> None:
        # The sandbox knows no Django, so it takes this process's place instead of living in it.
        arguments = ["--host", host, "--port", str(port), "--rate", f"{rate:g}"]
        os.execv(sys.executable, [sys.executable, "-m", "qwenchat.sandbox", *arguments])  # noqa: S606 - our own module
