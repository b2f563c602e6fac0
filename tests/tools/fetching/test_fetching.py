"""The fetch against real sockets: names that look public lead to servers of this test."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from ipaddress import ip_network

import pytest

from qwenchat.tools.fetching import FetchError, FetchFailed, FetchRefused, fetch, fetch_to
from qwenchat.tools.fetching.following import USER_AGENT
from tests.tools.fetching.servers import (
    Names,
    Server,
    certificates,
    endless,
    page,
    redirect,
    serving,
    silent_after,
)

SITE = "site.example"


async def fetched(server, path="/", *, host=SITE, scheme="http", names=None, allow=(), **options):
    """Fetches from the server under a public-looking name, which is let through by name and port."""
    options = {"accept": ("text/*",), "max_bytes": 100_000, **options}
    return await fetch(
        f"{scheme}://{host}:{server.port}{path}",
        resolver=names or Names(site_example="127.0.0.1", other_example="127.0.0.1"),
        allow=(f"{SITE}:{server.port}", *allow),
        **options,
    )


async def refusal(awaitable) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await awaitable
    return caught.value


async def test_a_page_comes_with_its_kind_and_address():
    async with serving(
        {"/a%20b?q=1": page("Grüße".encode(), "text/HTML; Charset=UTF-8")}
    ) as server:
        found = await fetched(server, "/a b?q=1#part")
    assert found.body.decode() == "Grüße"
    assert (found.kind, found.charset) == ("text/html", "utf-8")
    assert found.url == f"http://{SITE}:{server.port}/a%20b?q=1"
    assert found.redirects == ()


async def test_the_request_says_who_asks_and_carries_nothing_else(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving({"/": page(b"ok", Set_Cookie="a=b"), "/2": redirect("/")}) as server:
        await fetched(server, "/2")
    names = [line.split(":")[0] for line in server.head.split("\r\n")[1:] if line]
    assert names == ["host", "user-agent", "accept", "accept-encoding"]
    assert f"host: {SITE}:{server.port}" in server.head
    assert USER_AGENT.lower() in server.head


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0177.1/",
        "http://0x7f.0.0x0.1/",
        "http://127.0.0.1./",
        "http://127.1./",
        "http://127．0．0．1/",
        "http://127｡0｡0｡1/",
        "http://⑯⑨.254.⑯⑨.254/",
        "https://127.0.0.1/",
        "https://127.0.0.1:80/",
        "http://127.0.0.1:443/",
        "http://017700000001/",
        "http://2130706433/",
        "http://①②⑦.⓪.⓪.①/",
        "http://１２７．０．０．１/",
        "http://127。0。0。1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://[::1]/",
        "http://[::]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[::FFFF:A00:1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://100.100.100.200/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
async def test_every_way_to_write_an_inner_address_is_refused(url):
    error = await refusal(fetch(url, accept=("text/*",), max_bytes=1000))
    assert isinstance(error, FetchRefused)
    assert error.reason == "address"


@pytest.mark.parametrize(
    "answer",
    [
        "127.0.0.1",
        "10.1.2.3",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "1.1.1.1,10.0.0.1",
        "2606:4700::1,::1",
    ],
)
async def test_a_public_name_with_an_inner_address_is_refused_and_the_address_is_not_told(answer):
    error = await refusal(
        fetch("http://a.example/", accept=(), max_bytes=1, resolver=Names(a_example=answer))
    )
    assert (error.reason, error.facts) == ("address", {"host": "a.example"})
    assert answer.rpartition(",")[2] not in str(error)
    assert "leads to" in error.detail


@pytest.mark.parametrize("host", ["metadata.google.internal", "metadata", "Metadata.Goog."])
async def test_metadata_hosts_are_refused_whatever_they_resolve_to(host):
    async def resolver(_host, _port):
        return ["1.1.1.1"]

    error = await refusal(fetch(f"http://{host}/", accept=(), max_bytes=1, resolver=resolver))
    assert error.reason == "address"


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 0])
async def test_other_ports_are_refused_before_anybody_is_asked(port):
    names = Names(a_example="1.1.1.1")
    error = await refusal(
        fetch(f"http://a.example:{port}/", accept=(), max_bytes=1, resolver=names)
    )
    assert (error.reason, error.facts) == ("port", {"port": port})
    assert names.asked == []


def rebinding(server, path="/"):
    """Fetches from a name whose first answer may be connected to, and whose second may not."""
    names = Names(site_example=["127.0.0.1", "127.9.8.7"])
    fetching = fetch(
        f"http://{SITE}:{server.port}{path}",
        accept=("text/*",),
        max_bytes=1000,
        resolver=names,
        allow=(ip_network("127.0.0.1/32"),),
        ports=None,
    )
    return fetching, names


async def test_a_name_is_resolved_once_so_a_second_answer_changes_nothing():
    """Rebinding: the address that was judged is the one that is connected to."""
    async with serving({"/": page(b"judged")}) as server:
        fetching, names = rebinding(server)
        found = await fetching
    assert found.body == b"judged"
    assert names.asked == [SITE]


async def test_a_rebinding_name_is_judged_again_at_each_redirect():
    async with serving({"/": redirect("/next"), "/next": page(b"never")}) as server:
        fetching, names = rebinding(server)
        error = await refusal(fetching)
    assert (error.reason, error.facts) == ("address", {"host": SITE})
    assert names.asked == [SITE, SITE]
    assert len(server.requests) == 1


async def test_a_version_six_address_is_connected_to_as_such():
    try:
        listening = await asyncio.start_server(Server({"/": page(b"six")}).handle, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = listening.sockets[0].getsockname()[1]
    try:
        found = await fetch(
            f"http://[::1]:{port}/", accept=("text/*",), max_bytes=9, allow=(f"::1:{port}",)
        )
    finally:
        listening.close()
    assert (found.body, found.url) == (b"six", f"http://[::1]:{port}/")


async def test_the_connection_goes_to_the_resolved_address_with_host_and_server_name(tmp_path):
    server_tls, client_tls = certificates(tmp_path, SITE)
    async with serving({"/": page(b"secure")}, tls=server_tls) as server:
        found = await fetched(server, scheme="https", tls=client_tls)
    assert found.body == b"secure"
    assert server.server_names == [SITE]
    assert f"host: {SITE}:{server.port}" in server.head


async def test_a_certificate_for_another_name_is_refused(tmp_path):
    # It is good for the address that is connected to, and that must not help.
    server_tls, client_tls = certificates(tmp_path, "another.example", "127.0.0.1")
    async with serving({"/": page(b"secure")}, tls=server_tls) as server:
        error = await refusal(fetched(server, scheme="https", tls=client_tls))
    assert (error.reason, error.facts) == ("certificate", {"host": SITE})
    assert server.requests == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    server_tls, _ = certificates(tmp_path, SITE)
    async with serving({"/": page(b"secure")}, tls=server_tls) as server:
        error = await refusal(fetched(server, scheme="https"))
    assert error.reason == "certificate"


async def test_redirects_are_followed_and_told():
    async with serving(
        {"/": redirect("/b", 301), "/b": redirect("c?d=1", 308), "/c?d=1": page(b"end")}
    ) as server:
        found = await fetched(server)
    base = f"http://{SITE}:{server.port}"
    assert found.body == b"end"
    assert (found.url, found.redirects) == (f"{base}/c?d=1", (f"{base}/", f"{base}/b"))


async def test_the_fourth_redirect_is_one_too_many():
    async with serving({"/": redirect("/")}) as server:
        error = await refusal(fetched(server))
    assert (error.reason, error.facts) == ("redirects", {"limit": 3})
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1/", "address"),
        ("http://10.0.0.1/", "address"),
        ("http://169.254.169.254/latest/", "address"),
        ("http://0x7f.1/", "address"),
        ("http://[::ffff:127.0.0.1]/", "address"),
        ("//127.0.0.1/", "address"),
        ("https://127.0.0.1/", "address"),
        ("http://127.0.0.1./", "address"),
        ("http://①②⑦.⓪.⓪.①/", "address"),
        ("http://127。0。0。1/", "address"),
        ("http://[::1%25lo]/", "url"),
        ("http://site.example\\@127.0.0.1/", "url"),
        ("http://127.0.0.1#@site.example/", "address"),
        ("http://127.0.0.1?@site.example/", "address"),
        ("http://site.example@127.0.0.1/", "credentials"),
        ("http://site.example:0/", "port"),
        ("http://site.example:080/", "address"),
        ("http://site.example:99999/", "url"),
        ("\thttp://127.0.0.1/", "address"),
        ("http://other.example/", "address"),
        ("http://site.example:22/", "port"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://site.example/", "scheme"),
        ("http://a:b@site.example/", "credentials"),
        ("http://[::1/", "url"),
        ("http://nowhere.example/", "resolve"),
        ("", "protocol"),
    ],
)
async def test_a_redirect_goes_through_all_of_it_again(location, reason):
    async with serving({"/": redirect(location)}) as server:
        error = await refusal(fetched(server))
    assert error.reason == reason
    assert len(server.requests) == 1


async def test_from_https_to_http_a_redirect_is_judged_like_any_other(tmp_path):
    server_tls, client_tls = certificates(tmp_path, SITE)
    async with serving({"/": page(b"inside")}) as inner:
        for host, reason in ((SITE, ""), ("other.example", "address"), ("127.0.0.1", "address")):
            away = redirect(f"http://{host}:{inner.port}/")
            async with serving({"/": away}, tls=server_tls) as server:
                fetching = fetched(
                    server,
                    scheme="https",
                    tls=client_tls,
                    allow=(f"{SITE}:{inner.port}",),
                    ports=None,
                )
                if reason:
                    assert (await refusal(fetching)).reason == reason
                else:
                    assert (await fetching).url == f"http://{SITE}:{inner.port}/"
    assert len(inner.requests) == 1


async def test_cookies_and_credentials_of_one_answer_are_not_told_to_the_next():
    headers = b"Set-Cookie: id=1; Path=/\r\nWWW-Authenticate: Basic\r\nRefresh: 0; url=/third\r\n"
    moved = redirect("/next").replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n", 1)
    async with serving({"/": moved, "/next": page(b"ok")}) as server:
        assert (await fetched(server)).body == b"ok"
    assert "cookie" not in server.head
    assert "authorization" not in server.head
    assert "referer" not in server.head
    assert len(server.requests) == 2


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
async def test_no_proxy_from_the_environment_is_asked(monkeypatch, tmp_path, variable):
    server_tls, client_tls = certificates(tmp_path, SITE)
    async with serving({}) as proxy, serving({"/": page(b"ok")}, tls=server_tls) as server:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert (await fetched(server, scheme="https", tls=client_tls)).body == b"ok"
    assert proxy.connections == 0


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_body_of_nothing_is_an_empty_page():
    async with serving({"/": CHUNKED + b"0\r\n\r\n"}) as server:
        assert (await fetched(server)).body == b""


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", b"X-More: header\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED + b"1;", b"extension=of-a-chunk;"),
        (CHUNKED, b"1;" + b"e" * 10_000 + b"\r\n.\r\n"),
        (CHUNKED, b"0" * 1000),
        (CHUNKED + b"1\r\n.\r\n0\r\n", b"X-Trailer: more\r\n"),
    ],
    ids=["headers", "interim", "extension", "extensions", "size", "trailers"],
)
async def test_what_never_comes_to_its_end_is_left(start, again):
    async def answer(_reader, writer):
        writer.write(start)
        while True:
            writer.write(again * 20)
            await writer.drain()

    async with serving({"/": answer}) as server, asyncio.timeout(20):
        tracemalloc.start()
        error = await refusal(fetched(server, timeout_s=2))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error.reason in ("protocol", "too_large", "timeout")
    assert peak < 20_000_000


async def test_a_network_can_be_let_in_without_its_ports():
    allow = (ip_network("127.0.0.0/8"),)
    error = await refusal(fetch("http://127.0.0.1:1/", accept=(), max_bytes=1, allow=allow))
    assert error.reason == "port"
    error = await refusal(fetch("http://[::1]/", accept=(), max_bytes=1, allow=allow))
    assert error.reason == "address"
    # Let in; and nobody listens on port 80 of this address.
    error = await refusal(fetch("http://127.9.8.7/", accept=(), max_bytes=1, allow=allow))
    assert error.reason == "connect"


async def test_of_several_addresses_the_next_is_tried_when_one_is_dead():
    async with serving({"/": page(b"second")}) as server:
        names = Names(site_example="127.9.8.7,127.0.0.1")
        found = await fetched(server, names=names)
    assert found.body == b"second"


@pytest.mark.parametrize("status", [304, 403, 404, 500])
async def test_a_status_other_than_success_is_told(status):
    async with serving(
        {"/": f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()}
    ) as server:
        error = await refusal(fetched(server))
    assert (error.reason, error.facts) == ("status", {"status": status})


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "textual/html", ""])
async def test_other_kinds_than_asked_for_are_not_even_read(kind):
    async with serving({"/": endless_of(kind)}) as server:
        error = await refusal(fetched(server))
    assert (error.reason, error.facts) == ("content_type", {"content_type": kind})


def endless_of(kind):
    return endless(b"x" * 65536, kind)


async def test_an_announced_size_is_believed_at_once():
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100001\r\n\r\n"
    async with serving({"/": silent_after(start)}) as server:
        error = await refusal(fetched(server))
    assert (error.reason, error.facts) == ("too_large", {"limit_bytes": 100_000})


async def test_the_last_byte_allowed_is_allowed():
    async with serving({"/": page(b"x" * 100_000)}) as server:
        assert len((await fetched(server)).body) == 100_000


@pytest.mark.parametrize("piece", [b"x" * 100, b"x" * 65536])
async def test_a_body_without_end_is_cut_at_the_limit(piece):
    async with serving({"/": endless(piece)}) as server:
        error = await refusal(fetched(server, max_bytes=10_000))
    assert error.reason == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "bare deflate"])
async def test_compressed_pages_are_unpacked(encoding):
    text = b"again and " * 5000
    bare = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "x-gzip": gzip.compress(text[:20_000]) + gzip.compress(text[20_000:]),
        "deflate": zlib.compress(text),
        "bare deflate": bare.compress(text) + bare.flush(),
    }[encoding]
    body = page(packed, Content_Encoding=encoding.rpartition(" ")[2])
    async with serving({"/": body}) as server:
        assert (await fetched(server)).body == text


async def test_a_gzip_bomb_costs_no_more_than_the_limit():
    bomb = gzip.compress(bytes(200_000_000), 9)
    async with serving({"/": page(bomb, Content_Encoding="gzip")}) as server:
        tracemalloc.start()
        error = await refusal(fetched(server, max_bytes=2_000_000))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error.reason == "too_large"
    assert peak < 8_000_000


async def test_empty_gzip_members_without_end_are_counted_by_what_came():
    members = gzip.compress(b"") * 3000
    async with serving({"/": endless(members, encoding="gzip")}) as server:
        error = await refusal(fetched(server))
    assert error.reason == "too_large"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_an_encoding_that_was_not_asked_for_is_refused(encoding):
    async with serving({"/": page(b"x", Content_Encoding=encoding)}) as server:
        error = await refusal(fetched(server))
    assert (error.reason, error.facts) == ("encoding", {"encoding": encoding})


@pytest.mark.parametrize(
    "answer",
    [
        page(gzip.compress(b"half of it" * 99)[:-12], Content_Encoding="gzip"),
        page(b"this is no gzip at all", Content_Encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nshort",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"X-Y: " + b"z" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_whole_answer_fails(answer):
    async with serving({"/": answer}) as server:
        error = await refusal(fetched(server))
    assert isinstance(error, FetchFailed)
    assert error.reason == "protocol"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nonce upon a",
    ],
)
async def test_a_server_that_falls_silent_is_left_in_time(start):
    async with serving({"/": silent_after(start)}) as server:
        began = time.monotonic()
        error = await refusal(fetched(server, timeout_s=0.3))
    assert (error.reason, error.facts) == ("timeout", {"timeout_s": 0.3})
    assert time.monotonic() - began < 5


async def test_a_body_that_drips_is_left_in_time_though_it_never_falls_silent():
    async def drip(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving({"/": drip}) as server:
        error = await refusal(fetched(server, timeout_s=0.4))
    assert error.reason == "timeout"


async def test_a_resolver_that_hangs_is_left_in_time():
    async def resolver(_host, _port):
        await asyncio.Event().wait()

    error = await refusal(
        fetch("http://a.example/", accept=(), max_bytes=1, timeout_s=0.1, resolver=resolver)
    )
    assert error.reason == "timeout"


async def test_a_name_that_nobody_knows_is_told():
    error = await refusal(fetch("http://nobody.example/", accept=(), max_bytes=1, resolver=Names()))
    assert (error.reason, error.facts) == ("resolve", {"host": "nobody.example"})


async def test_cancelling_closes_the_connection():
    started, closed = asyncio.Event(), asyncio.Event()

    async def answer(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        await writer.drain()
        started.set()
        await reader.read()
        closed.set()

    async with serving({"/": answer}) as server, asyncio.timeout(10):
        task = asyncio.create_task(fetched(server))
        await started.wait()
        task.cancel()
        await closed.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_picture_is_written_as_it_comes(tmp_path):
    picture = bytes(range(256)) * 1000
    async with serving({"/": page(picture, "image/png")}) as server:
        found = await fetch_to(
            tmp_path / "picture",
            f"http://{SITE}:{server.port}/",
            accept=("image/*",),
            max_bytes=10_000_000,
            resolver=Names(site_example="127.0.0.1"),
            allow=(f"{SITE}:{server.port}",),
        )
    assert found.path.read_bytes() == picture
    assert (found.content_type, found.size_bytes) == ("image/png", len(picture))


async def test_half_a_picture_is_taken_away_again(tmp_path):
    async with serving({"/": endless(b"x" * 1000, "image/png")}) as server:
        error = await refusal(
            fetch_to(
                tmp_path / "picture",
                f"http://{SITE}:{server.port}/",
                accept=("image/*",),
                max_bytes=100_000,
                resolver=Names(site_example="127.0.0.1"),
                allow=(f"{SITE}:{server.port}",),
            )
        )
    assert error.reason == "too_large"
    assert list(tmp_path.iterdir()) == []
