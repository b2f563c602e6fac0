"""Where an MCP server is and how it is spoken to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from qwenchat.tools.fetching import Allowed, Resolver, system_resolver

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a value in an address: a shorter one is an ordinary word.
KEY_CHARACTERS = 16
# Of an environment: they stand in results as ordinary words.
NO_SECRETS = frozenset(["HOME", "LANG", "LANGUAGE", "LC_ALL", "PATH", "TZ"])


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server behind a URL (streamable HTTP), which staff entered.

    `name` is the first part of its tools' names. `headers` hold its secrets. Its address must be
    public unless `allow` lets it through; any port will do. `trusts_marks`: whether its own word
    that a tool only reads is believed.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow: Allowed = ()
    trusts_marks: bool = True
    timeout_s: float = 30.0
    resolver: Resolver = field(default=system_resolver, repr=False)

    @property
    def origin(self) -> str:
        """What a person is shown who has to approve a call."""
        return urlsplit(self.url).hostname or self.name

    @property
    def secrets(self) -> Mapping[str, str]:
        """What of it must not be told. Some servers want their key in the address."""
        query = urlsplit(self.url).query
        parts = {
            f"?{name}": value for name, value in parse_qsl(query) if len(value) >= KEY_CHARACTERS
        }
        return {**self.headers, **parts, "?": query}


@dataclass(frozen=True, slots=True)
class StdioServer:
    """A program on this machine, which only the operator can name: it runs with our rights.

    It gets `env`, PATH, HOME and little more: none of our own settings and keys.
    """

    name: str
    command: str
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    trusts_marks: bool = True
    timeout_s: float = 30.0

    @property
    def origin(self) -> str:
        return self.name

    @property
    def secrets(self) -> Mapping[str, str]:
        return {name: value for name, value in self.env.items() if name not in NO_SECRETS}


Server = HttpServer | StdioServer
