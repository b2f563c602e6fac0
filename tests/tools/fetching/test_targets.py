from __future__ import annotations

import doctest

import pytest

from qwenchat.tools.fetching import FetchRefused, targets
from qwenchat.tools.fetching.targets import read_target


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(targets).failed == 0


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.org", "example.org", 443, "/"),
        ("HTTPS://Example.ORG./a", "example.org", 443, "/a"),
        ("http://example.org:8080/%41%20b", "example.org", 8080, "/%41%20b"),
        ("https://bücher.example/ä?ö=ü", "xn--bcher-kva.example", 443, "/%C3%A4?%C3%B6=%C3%BC"),
        ("https://例え.テスト/", "xn--r8jz45g.xn--zckzah", 443, "/"),
        ("http://[2606:4700::1]:80/", "2606:4700::1", 80, "/"),
        ("http://[2606:4700:0:0::00AB]/", "2606:4700::ab", 80, "/"),
        ("http://①②⑦.⓪.⓪.①/", "127.0.0.1", 80, "/"),
        ("http://１２７。０。０。１/", "127.0.0.1", 80, "/"),
        ("http://0x7f.1/", "0x7f.1", 80, "/"),
        ("http://2130706433/", "2130706433", 80, "/"),
        (" https://example.org/x\n", "example.org", 443, "/x"),
        ("http://my_host.example/", "my_host.example", 80, "/"),
    ],
)
def test_a_url_is_read_as_host_port_and_path(url, host, port, path):
    target = read_target(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "url"),
        ("   ", "url"),
        ("example.org", "scheme"),
        ("//example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://example.org/", "scheme"),
        ("gopher://127.0.0.1:6379/_x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("data:text/plain,hi", "scheme"),
        ("http://alice:secret@example.org/", "credentials"),
        ("http://alice@example.org/", "credentials"),
        ("http://example.org@127.0.0.1/", "credentials"),
        ("http://@example.org/", "credentials"),
        ("http://example.org\\@127.0.0.1/", "url"),
        ("http:\\\\example.org/", "url"),
        ("http://exa\tmple.org/", "url"),
        ("http://example.org/\r\nHost: evil", "url"),
        ("http://example.org/\x00", "url"),
        ("http:///path", "url"),
        ("http://./", "url"),
        ("http://a..b/", "url"),
        ("http://example.org:99999/", "url"),
        ("http://example.org:http/", "url"),
        ("http://[::1/", "url"),
        ("http://[::1%25eth0]/", "url"),
        ("http://[fe80::1%eth0]/", "url"),
        ("http://exam ple.org/", "url"),
        ("http://127.0.0.1%2f@example.org/", "credentials"),
        ("http://example%2eorg/", "url"),
        ("http://a℀b.example/", "url"),
        ("http://-.example/", "url"),
        ("http://example.org/" + "x" * 5000, "url"),
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused(url, reason):
    with pytest.raises(FetchRefused) as refused:
        read_target(url)
    assert refused.value.reason == reason
    assert "secret" not in str(refused.value)


def test_port_zero_is_no_default():
    assert read_target("http://example.org:0/").port == 0
