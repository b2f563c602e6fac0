"""`python -m qwenchat.sandbox`: serves the sandbox on Daphne until SIGTERM or Ctrl-C.

Prints "Sandbox listening on http://HOST:PORT" once, when it accepts connections.
"""

from __future__ import annotations

# First: Daphne installs Twisted's asyncio reactor, which must precede anything of Twisted's.
import daphne.server  # isort: skip

import argparse
import ipaddress
import logging
import sys
from typing import TYPE_CHECKING, Any

from twisted.internet import reactor
from twisted.internet.error import ReactorNotRunning

from qwenchat.child import when_parent_is_gone
from qwenchat.sandbox import models
from qwenchat.sandbox.exchange import RESET
from qwenchat.sandbox.files.store import FileStore
from qwenchat.sandbox.http import DEFAULT_RATE, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence


class SandboxServer(daphne.server.Server):  # type: ignore[misc]
    """Daphne, able to reset a connection, and saying where it listens."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "http":
            abort = protocol.channel.transport.abortConnection
            scope.setdefault("extensions", {})[RESET] = abort
        return super().create_application(protocol, scope)

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        where = port.getHost()
        host = f"[{where.host}]" if ":" in where.host else where.host
        sys.stdout.write(f"Sandbox listening on http://{host}:{where.port}\n")
        sys.stdout.flush()
        reactor.callLater(0, models.warm_up)

    def listen_error(self, failure: Any) -> None:
        sys.stderr.write(f"The sandbox can't listen: {failure.getErrorMessage()}\n")
        self.failed = True
        self.stop()

    failed = False


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m qwenchat.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="an IP address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument(
        "--rate",
        type=float,
        default=DEFAULT_RATE,
        help="tokens a second; 0 is as fast as possible (default: %(default)g)",
    )
    parser.add_argument(
        "--reading",
        type=float,
        default=1.0,
        help="how long uploads count as still being read: 0 not at all, 1 as usual (default)",
    )
    parser.add_argument("--with-parent", action="store_true", help="end when stdin does")
    parser.add_argument("--verbose", action="store_true", help="a line on stderr for each answer")
    return parser.parse_args(argv)


def _endpoint(host: str, port: int) -> str:
    kind = "tcp6" if ipaddress.ip_address(host).version == 6 else "tcp"
    escaped = host.replace(":", "\\:")  # Twisted's endpoint strings separate with colons
    return f"{kind}:{port}:interface={escaped}"


def _stop() -> None:
    try:
        reactor.stop()
    except ReactorNotRunning:  # the signal and the end of stdin can come together
        return


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop; gives the exit code. `argv` None: the command line's."""
    arguments = _arguments(argv)
    level = logging.INFO if arguments.verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("qwenchat").setLevel(level)
    host = "127.0.0.1" if arguments.host == "localhost" else arguments.host
    files = FileStore(pace=arguments.reading)
    server = SandboxServer(
        Sandbox(rate=arguments.rate, files=files),
        endpoints=[_endpoint(host, arguments.port)],
        verbosity=0,
        server_name="",
    )
    if arguments.with_parent:
        when_parent_is_gone(lambda: reactor.callFromThread(_stop))
    try:
        server.run()
    finally:
        files.close()
    return 1 if server.failed else 0


if __name__ == "__main__":
    sys.exit(main())
