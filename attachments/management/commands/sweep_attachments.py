"""`manage.py sweep_attachments`: removes what uploads left behind. Meant to be run once a night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from attachments.sweeping import sweep

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Removes uploads that failed or were left behind more than a day ago."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--unused",
            action="store_true",
            help="also remove files that were uploaded and never sent in a message",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        swept = sweep(keep_unused=not options["unused"])
        self.stdout.write(
            f"Removed {swept.attachments} attachments, {swept.files} files, "
            f"{swept.staged} staged, {swept.stored} stored without a row."
        )
