"""The sandbox as a child process, for `manage.py up` and for tests."""

from __future__ import annotations

import re

from qwenchat.child import ChildServer
from qwenchat.sandbox.http import BASE, DEFAULT_RATE

API_KEY = "sk-sandbox"
LINE = "Sandbox listening on {url}"

# Importing Twisted takes 0.5 s here and several on a small machine that is busy starting us.
START_WITHIN_S = 30.0


class SandboxProcess(ChildServer):
    """`base_url` is what a client needs: with "/compatible-mode/v1" at its end."""

    def __init__(
        self,
        *,
        rate: float = DEFAULT_RATE,
        reading: float = 1.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        address = ["--host", host, "--port", str(port)]
        address += ["--rate", f"{rate:g}", "--reading", f"{reading:g}"]
        super().__init__(
            "The sandbox",
            ["qwenchat.sandbox", *address],
            announces=re.compile(r"^Sandbox listening on (?P<url>http://\S+)$"),
            start_within_s=START_WITHIN_S,
        )
        self.api_key = API_KEY

    @property
    def base_url(self) -> str:
        return super().base_url + BASE
