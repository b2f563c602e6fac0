"""`manage.py up`: everything a server needs on one machine, in one process.

Migrates, makes the first administrator, collects the static files, starts the sandbox when no key is set
(or a local model), and serves.
"""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser, ArgumentTypeError
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from qwenchat import collected
from qwenchat.child import ChildFailed, ChildServer
from qwenchat.local import LocalModelProcess
from qwenchat.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from concurrent.futures import Future

Upstream = SandboxProcess | LocalModelProcess
FIRST_ADMINISTRATOR = "admin"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65_535:
        raise ArgumentTypeError(f"{value!r} is not a port; expected 0 to 65535")
    return int(value)


class Command(BaseCommand):
    help = "Migrates, prepares and serves qwenchat in one process."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port", type=port, default=8000, help="port to listen on; 0: a free one"
        )
        parser.add_argument("--local", type=Path, metavar="FILE.gguf", help="serve this model here")

    def handle(self, *, host: str, port: int, local: Path | None, **options: Any) -> None:
        self.check_host(host)
        settings.QWENCHAT_DATA.mkdir(parents=True, exist_ok=True)
        upstream = self.upstream(local)
        with ThreadPoolExecutor(1) as pool:  # it starts while the database is made ready
            started = pool.submit(upstream.start) if upstream else None
            call_command("migrate", verbosity=0, interactive=False)
            collected.collect()
            self.make_administrator()
            if upstream is not None and started is not None:
                self.use(upstream, started)
        try:
            self.serve(host, port)
        finally:
            if upstream is not None:
                upstream.stop()

    def check_host(self, host: str) -> None:
        if host in LOOPBACK or not settings.ON_LOOPBACK:
            return
        raise CommandError(
            f"--host {host} listens beyond this machine, but ALLOWED_HOSTS names only this machine. Set "
            "ALLOWED_HOSTS and SECRET_KEY first: see docs/settings.md."
        )

    def upstream(self, local: Path | None) -> Upstream | None:
        """The model server of our own that this process needs: a local model, the sandbox, or none."""
        if local is not None:
            return LocalModelProcess(local)
        return None if settings.DASHSCOPE_API_KEY else SandboxProcess()

    def use(self, upstream: Upstream, started: Future[ChildServer]) -> None:
        try:
            started.result()
        except ChildFailed as error:
            raise CommandError(str(error)) from error
        settings.DASHSCOPE_BASE_URL = upstream.base_url
        settings.DASHSCOPE_API_KEY = upstream.api_key
        settings.SANDBOX = isinstance(upstream, SandboxProcess)
        if isinstance(upstream, LocalModelProcess):
            settings.QWENCHAT_MODELS = [upstream.model]
            self.say(f"Local model: {upstream.model}")

    def make_administrator(self) -> None:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(9)
        users.create_superuser(FIRST_ADMINISTRATOR, password=password)
        self.say(f"First administrator: {FIRST_ADMINISTRATOR} / {password}   (shown once)")

    def serve(self, host: str, port: int) -> None:
        from conversations import process  # noqa: PLC0415  needs the apps
        from qwenchat.asgi import application  # noqa: PLC0415
        from qwenchat.serve import Server  # noqa: PLC0415  installs Twisted's reactor

        def ready(address: str, actual_port: int) -> None:
            shown = f"[{address}]" if ":" in address else address
            self.say(f"qwenchat is ready: http://{shown}:{actual_port}/   (Ctrl C ends it)")

        process.prepare()
        server = Server(
            application,
            host=host,
            port=port,
            most_bytes=settings.LIMITS.body_bytes,
            websocket_max_message_size=settings.LIMITS.frame_bytes,
            websocket_max_frame_size=settings.LIMITS.frame_bytes,
            proxy_forwarded_address_header="X-Forwarded-For" if settings.BEHIND_PROXY else None,
            proxy_forwarded_proto_header="X-Forwarded-Proto" if settings.BEHIND_PROXY else None,
            ready=ready,
            on_stop=process.stop,
        )
        server.run()
        if server.failure:
            raise CommandError(f"Cannot listen on {host}:{port}: {server.failure}")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        sys.stdout.flush()
