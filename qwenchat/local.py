"""A GGUF model served on this machine by llama.cpp's own server, through the package xllamacpp.

`serve` runs it in this process; `python -m qwenchat.local FILE.gguf` is that as a command, and
`LocalModelProcess` starts the command as a child. The app uses the child: llama.cpp holds Python's
interpreter lock while it loads a model (0.5 s for 100 MB, minutes for a large one), which would
stop every other answer, and a crash in native code must not take the app along.

The server speaks OpenAI's protocol under `/v1` and accepts any model name.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenchat.child import ChildServer, when_parent_is_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_VARIABLE = "QWENCHAT_LOCAL_API_KEY"  # by environment: a command line is visible to others
LOAD_WITHIN_S = 300.0  # a 30 GB file from a slow disk
CONTEXT_TOKENS = 8192  # an hour of chat; 0.5-1 GB of memory for a 7B model
PARALLEL = 2  # one answer and its neighbour's title; more only share the same speed

_LINE = re.compile(r"^Local model (?P<model>.+) listening on (?P<url>http://\S+/v1)$")
_MAGIC = b"GGUF"


class LocalModelError(RuntimeError):
    """The model can't be served; the message says why and what would help."""


class LocalServer:
    """A running llama.cpp server: `base_url` ends in "/v1", `model` is a name to show."""

    def __init__(self, server: Any, base_url: str, model: str) -> None:
        self._server = server
        self.base_url = base_url
        self.model = model

    def stop(self) -> None:
        """Ends the server and frees the model; answers under way are cut."""
        self._server = None  # its destructor stops the server's threads


def serve(
    gguf: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    context_tokens: int = CONTEXT_TOKENS,
    parallel: int = PARALLEL,
    api_key: str,
) -> LocalServer:
    """Loads the model and serves it from threads of this process; blocks while loading.

    `context_tokens` is what one conversation may fill; llama.cpp lowers it to what the model
    was trained for.
    """
    name = model_name(gguf)
    try:
        import xllamacpp  # noqa: PLC0415 - an extra: absent in most installations
    except ImportError as error:
        raise LocalModelError(
            "Serving a model file needs the package xllamacpp. Install it with: "
            "pip install '.[local]'"
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {name}
    params.n_ctx = context_tokens * parallel  # llama.cpp divides it among the slots
    params.n_parallel = parallel
    params.cpuparams.n_threads = _threads()
    params.hostnames = [host]
    params.port = port
    params.api_keys = [api_key]
    params.ui = False
    params.verbosity = 1  # errors only
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise LocalModelError(
            f"llama.cpp could not serve {gguf}: {error} The file may be damaged or too new for "
            f"xllamacpp, the memory too small for it, or port {port} taken."
        ) from error
    return LocalServer(server, f"{server.listening_address}/v1", name)


def model_name(gguf: Path) -> str:
    """The name to show, which is the file's own; `LocalModelError` when it is no GGUF file.

    The header's "general.name" was tried: it is often a name from training ("Mix1 Ep2") and never
    says which of several quantisations this is.
    """
    try:
        with gguf.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise LocalModelError(f"There is no file {gguf}.") from error
    except OSError as error:
        raise LocalModelError(f"{gguf} can't be read: {error.strerror}.") from error
    if magic != _MAGIC:
        raise LocalModelError(
            f"{gguf} is not a GGUF file. Models in this format end in .gguf; "
            "safetensors and PyTorch files have to be converted first."
        )
    return " ".join(gguf.stem.split())


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 2


class LocalModelProcess(ChildServer):
    """The local model as a child process; `api_key` is made for it, `model` a name to show."""

    def __init__(
        self,
        gguf: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        context_tokens: int = CONTEXT_TOKENS,
        parallel: int = PARALLEL,
    ) -> None:
        self.api_key = f"sk-local-{secrets.token_urlsafe(24)}"
        address = ["--host", host, "--port", str(port)]
        size = ["--context-tokens", str(context_tokens), "--parallel", str(parallel)]
        super().__init__(
            "The local model",
            ["qwenchat.local", str(gguf), *address, *size],
            announces=_LINE,
            start_within_s=LOAD_WITHIN_S,
            environment={KEY_VARIABLE: self.api_key},
        )

    @property
    def model(self) -> str:
        return self.announcement["model"]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m qwenchat.local",
        description="Serves a GGUF model on this machine. The key that clients must send is read "
        f"from {KEY_VARIABLE}; without it one is made and printed on stderr.",
    )
    parser.add_argument("gguf", type=Path, metavar="FILE.gguf")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--context-tokens", type=int, default=CONTEXT_TOKENS)
    parser.add_argument("--parallel", type=int, default=PARALLEL, help="answers at once")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin does")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop; gives the exit code. `argv` None: the command line's."""
    arguments = _arguments(argv)
    ending = threading.Event()
    if arguments.with_parent:
        when_parent_is_gone(ending.set)
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    # stdout belongs to the one line; what native code prints goes to stderr.
    said = os.dup(1)
    os.dup2(2, 1)
    api_key = os.environ.get(KEY_VARIABLE) or f"sk-local-{secrets.token_urlsafe(24)}"
    try:
        server = serve(
            arguments.gguf,
            host=arguments.host,
            port=arguments.port,
            context_tokens=arguments.context_tokens,
            parallel=arguments.parallel,
            api_key=api_key,
        )
    except LocalModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if KEY_VARIABLE not in os.environ:
        sys.stderr.write(f"API key: {api_key}\n")
    os.write(said, f"Local model {server.model} listening on {server.base_url}\n".encode())
    with contextlib.suppress(KeyboardInterrupt):
        ending.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
