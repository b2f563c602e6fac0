"""Which addresses are public, so that a fetch on behalf of a stranger may go there.

Our own tables beside Python's, because `is_global` has changed between patch releases of Python and
calls some ways into the inner network (NAT64, 6to4) global. For IPv6 the rule is turned round: only
the unicast space that is really handed out, less the parts of it that lead elsewhere.

Source: IANA's IPv4 and IPv6 special-purpose address registries; RFC 6890, RFC 4291.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba Cloud's metadata is 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services to a machine: public by number, not by nature
        "169.254.0.0/16",  # link-local; metadata of most clouds is 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # Oracle's metadata is 192.0.0.192
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

# Everything outside this is loopback, mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48),
# unique local, link-local, site-local, multicast or not handed out.
UNICAST_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo (2001::/32), ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address of anybody's choice
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation
    )
)
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")  # RFC 5214: an IPv4 address follows


def parse_address(text: str) -> Address | None:
    """The address that `text` plainly is, in brackets or not; None when it has to be resolved."""
    if "%" in text:  # a zone names one of our own interfaces
        return None
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it, and nobody only from here."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    return (
        address in UNICAST_V6
        and not any(address in network for network in NOT_PUBLIC_V6)
        and address.packed[8:12] not in ISATAP
    )
