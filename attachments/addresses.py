"""A picture from a web address, fetched by this server into the staging folder like an upload.

What may be reached is decided in `qwenchat.tools.fetching`; here its reasons become sentences, and what
came is judged by its content like everything else.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils.translation import gettext as _

from qwenchat.refusals import Refusal
from qwenchat.tools.fetching import FetchError, fetch_to

from . import formats, names, refusals, sniff, space
from .arriving import Staged
from .limits import bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenchat.tools.fetching import Allowed, FetchedFile

URL_CHARACTERS = 2000
ACCEPT = ("image/*", "application/octet-stream", "binary/octet-stream")


@contextmanager
def fetched(url: str) -> Iterator[Staged]:
    """The picture behind an address, until the block is left; `Refusal` with the field `url` otherwise."""
    if len(url) > URL_CHARACTERS:
        raise refused(FetchError("url"))
    space.check_disk(bytes_of("image"))
    with tempfile.NamedTemporaryFile(prefix="fetch-", dir=space.staging()) as file:
        path = Path(file.name)
        try:
            found = async_to_sync(fetch_to)(
                path, url, accept=ACCEPT, max_bytes=bytes_of("image"), allow=allowed()
            )
            yield staged(path, found)
        except FetchError as error:
            raise refused(error) from error
        finally:
            path.touch()  # the fetch removes a half file; what made it wants to do so itself


def allowed() -> Allowed:
    """Networks and `host:port`s that the operator opened, beside the public ones."""
    return [network_in(word) or word for word in settings.FETCH_ALLOW]


def network_in(word: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(word)
    except ValueError:
        return None


def staged(path: Path, found: FetchedFile) -> Staged:
    """As an upload's handler leaves it; the name is the address's last part with the right ending."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        head = file.read(sniff.HEAD_BYTES)
        digest.update(head)
        while piece := file.read(1 << 20):
            digest.update(piece)
    family = sniff.family(head)
    known = formats.FORMATS.get(family)
    if found.size_bytes and (known is None or known.kind != "image"):
        raise Refusal("unsupported_type", _("There is no picture at this address."), field="url")
    name = names.label(unquote(urlsplit(found.url).path))
    if known is not None and not formats.agrees(known, name):
        stem = name.rpartition(".")[0] or name
        name = names.label(f"{stem}.{known.extensions[0]}")
    return Staged(path, name, digest.hexdigest(), found.size_bytes, head)


def refused(error: FetchError) -> Refusal:
    facts = dict(error.facts)
    sentences = {
        "url": _("This is no web address. It begins with https:// or http://."),
        "scheme": _("Only https:// and http:// addresses can be fetched."),
        "credentials": _("An address with a name or a password in it is not fetched."),
        "port": _("Only addresses on the usual ports, 80 and 443, are fetched."),
        "address": _("This address leads into a private network, so it is not fetched."),
        "redirects": _("This address leads on to too many others."),
        "content_type": _("There is no picture at this address."),
        "encoding": _("What came from this address cannot be read."),
        "resolve": _("There is no server of this name. Check the address."),
        "connect": _("The server at this address does not answer. Try again later."),
        "certificate": _("The certificate of this server is not valid, so nothing was fetched."),
        "status": _("The server at this address answered with an error (%(status)s)."),
        "timeout": _("The server at this address took too long. Try again later."),
        "protocol": _("What came from this address cannot be read."),
    }
    if error.reason == "too_large":
        found = refusals.because("too_large", limit=bytes_of("image") // 1_048_576)
        return Refusal("too_large", found.message, field="url", reason="too_large")
    sentence = sentences.get(error.reason, sentences["protocol"])
    return Refusal("invalid", sentence % facts, field="url", reason=error.reason)
