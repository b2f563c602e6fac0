"""The private places that one server may be at: networks, or `host:port` as it stands in its address."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from qwenchat.tools.fetching import Allowed

PLACE = re.compile(r"[a-z0-9._-]+:[0-9]{1,5}|[0-9a-f:]+:[0-9]{1,5}")
BETWEEN = re.compile(r"[\s,]+")


def read(text: str) -> Allowed:
    """The places in a list that is divided by commas, spaces or lines."""
    words = [word for word in BETWEEN.split(text) if word]
    return [network_in(word) or word.lower().replace("[", "").replace("]", "") for word in words]


def check(text: str) -> None:
    for place in read(text):
        if isinstance(place, str) and not PLACE.fullmatch(place):
            raise ValidationError(
                _("“%(place)s” is neither a network (10.1.0.0/16) nor a host with its port."),
                params={"place": place},
            )


def network_in(word: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(word)
    except ValueError:
        return None
