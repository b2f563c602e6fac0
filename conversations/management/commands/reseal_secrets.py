"""Seals the secrets of all tool servers under the newest key, so that the older ones can be taken away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.toolbox.models import ToolServer
from conversations.toolbox.sealing import SealError, resealed


class Command(BaseCommand):
    help = "Encrypts the secrets of tool servers under the first key of QWENCHAT_SECRETS_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        done, closed = 0, []
        for server in ToolServer.objects.exclude(sealed="").order_by("name"):
            try:
                sealed = resealed(server.sealed)
            except SealError:
                closed.append(server.name)
                continue
            # Somebody may enter other secrets at this very moment: those are under the newest key already.
            ToolServer.objects.filter(pk=server.pk, sealed=server.sealed).update(sealed=sealed)
            done += 1
        self.stdout.write(f"Under the newest key: the secrets of {done} tool servers.")
        if closed:
            raise CommandError(
                f"No key opens the secrets of: {', '.join(closed)}. Add the key that they were sealed with to"
                " QWENCHAT_SECRETS_KEY, or enter them again in the admin."
            )
