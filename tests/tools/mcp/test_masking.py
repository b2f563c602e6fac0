"""What is taken out of a server's words."""

from __future__ import annotations

import base64

import pytest

from qwenchat.tools.mcp import HttpServer, StdioServer
from qwenchat.tools.mcp.masking import Mask

TOKEN = "s3cret/of+the=library"
BASIC = "Basic " + base64.b64encode(b"tess:correct horse").decode()


@pytest.mark.parametrize(
    "text",
    [
        f"You sent: Bearer {TOKEN}",
        f"token {TOKEN} is wrong",
        "?key=s3cret%2Fof%2Bthe%3Dlibrary",
        f'{{"authorization": "{BASIC}"}}',
        "tess:correct horse",
        "the password is correct horse.",
    ],
)
def test_a_secret_is_found_in_all_its_forms(text):
    mask = Mask({"Authorization": f"Bearer {TOKEN}", "Proxy-Authorization": BASIC})
    assert "••••" in mask(text)
    assert not any(part in mask(text) for part in ("s3cret", "horse", "dGVzc"))


def test_short_ones_and_other_words_stay():
    mask = Mask({"X-Pin": "1234", "X-None": "", "Authorization": "Bearer short"})
    assert mask("1234 and a short Bearer of news") == "1234 and a short Bearer of news"
    assert Mask({})("anything") == "anything"


def test_keys_in_an_address_are_secrets_too():
    server = HttpServer("a", "https://x.example/mcp?key=0123456789abcdef&workspace=books")
    mask = Mask(server.secrets)
    assert mask("for url https://x.example/mcp?key=0123456789abcdef&workspace=books") == (
        "for url https://x.example/mcp?••••"
    )
    assert mask("0123456789abcdef of books") == "•••• of books"


def test_a_time_zone_is_no_secret():
    server = StdioServer("a", "x", env={"TZ": "Asia/Shanghai", "TOKEN": "0123456789"})
    assert Mask(server.secrets)("0123456789 Asia/Shanghai") == "•••• Asia/Shanghai"
