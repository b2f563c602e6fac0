"""Which address a request comes from, as far as it can be believed."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

UNKNOWN = "unknown"


def address_of(request: HttpRequest) -> str:
    """The client's IP address in one spelling; `unknown` where there is none, as on a local socket.

    Behind our proxy it is the last hop of X-Forwarded-For, the one that the proxy wrote itself: all
    hops before it come from the client, who may write what they like. Without a proxy the header is
    ignored.
    """
    candidate = request.META.get("REMOTE_ADDR") or ""
    if settings.BEHIND_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        candidate = forwarded or candidate
    parsed = as_ip(candidate)
    return str(parsed) if parsed else UNKNOWN


def network_of(request: HttpRequest) -> str:
    """What counts as one address: a /64 of IPv6, which is what one household gets."""
    address = address_of(request)
    parsed = as_ip(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False).network_address)
    return address


def as_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed
