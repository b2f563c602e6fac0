"""From a name to the one address that is connected to.

A name is resolved once; every address it has is judged; and the connection goes to an address that
was judged. There is no second look-up, so an answer that changes in between (DNS rebinding) changes
nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from .addresses import is_public, parse_address
from .errors import FetchFailed, FetchRefused
from .targets import PORTS

if TYPE_CHECKING:
    from .addresses import Address, Network
    from .targets import Target

# Gives the addresses of a name as text, best first; raises OSError when there are none.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
# What an operator lets through all the same: a network, or a "host:port" as it stands in the URL.
Allowed = Collection[IPv4Network | IPv6Network | str]

# Names that clouds give to their metadata. They resolve to link-local addresses, or should.
METADATA_HOSTS = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "metadata.tencentyun.com",
    }
)
MOST_ADDRESSES = 8
WEB_PORTS = frozenset(PORTS.values())


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Asks the system; `0x7f.1` and its like come out as the address that the system takes them for."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return list(dict.fromkeys(str(address[4][0]).partition("%")[0] for address in found))


async def reachable(
    target: Target,
    *,
    resolver: Resolver = system_resolver,
    allow: Allowed = (),
    ports: Collection[int] | None = WEB_PORTS,
) -> list[Address]:
    """The addresses that may be connected to for `target`, best first; at least one.

    `ports` None means any port. One address that is not public spoils them all.
    """
    named = target.place in allow
    if not named and ports is not None and target.port not in ports:
        raise FetchRefused("port", port=target.port)
    addresses = await addresses_of(target, resolver)
    if named:
        return addresses
    networks = [network for network in allow if not isinstance(network, str)]
    for address in addresses:
        if not is_within(address, networks) and (
            target.host in METADATA_HOSTS or not is_public(address)
        ):
            raise FetchRefused("address", host=target.host, detail=f"leads to {address}")
    return addresses


async def addresses_of(target: Target, resolver: Resolver) -> list[Address]:
    literal = parse_address(target.host)
    if literal is not None:
        return [literal]
    try:
        texts = await resolver(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise FetchFailed("resolve", host=target.host, detail=repr(error)) from error
    addresses = [parse_address(text) for text in texts]
    if not addresses or None in addresses:
        raise FetchFailed("resolve", host=target.host, detail=f"answers {list(texts)}")
    return [address for address in addresses if address is not None][:MOST_ADDRESSES]


def is_within(address: Address, networks: list[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
