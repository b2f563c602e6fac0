"""Where an MCP server is and how it is spoken to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qwenchat.tools.fetching import Allowed, Resolver, system_resolver

if TYPE_CHECKING:
    from collections.abc import Mapping


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


Server = HttpServer | StdioServer
