"""A picture by its web address: fetched here, judged like an upload, and never from a private place."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from attachments.models import Attachment

from . import making
from .conftest import nothing_is_left

PNG = making.encoded(making.picture(), "PNG")


class Site(BaseHTTPRequestHandler):
    """Some pages of the web."""

    pages = {
        "/a.png": (200, "image/png", PNG),
        "/photo": (200, "image/jpeg", making.photo()),
        "/wrong.jpg": (200, "image/png", PNG),
        "/page.html": (200, "text/html", b"<p>"),
        "/lie.png": (200, "image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "/empty.png": (200, "image/png", b""),
        "/large.png": (200, "image/png", b"\x89PNG\r\n\x1a\n" + b"x" * 11_000_000),
        "/gone.png": (404, "text/plain", b"no"),
    }

    def do_GET(self) -> None:
        status, kind, body = self.pages[self.path.partition("?")[0]]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(settings, site):
    """This server may fetch from the site, although it is on this very machine."""
    settings.FETCH_ALLOW = [site.removeprefix("http://")]


def fetch(person, url):
    return person.client.post(
        "/attachments/from-url/", {"url": url}, content_type="application/json"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "name", "size"),
    [
        ("/a.png?size=large", "a.png", (320, 240)),
        ("/photo", "photo.jpg", None),
        ("/wrong.jpg", "wrong.png", (320, 240)),
    ],
)
def test_a_picture_arrives_like_an_upload(hers, site, opened, path, name, size):
    response = fetch(hers, site + path)
    assert response.status_code == 201, response.content
    found = response.json()
    assert (found["kind"], found["name"], found["status"]) == ("image", name, "ready")
    assert size is None or (found["width"], found["height"]) == size
    assert Attachment.objects.get().owner == hers.user


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/page.html", 400, "no picture"),
        ("/lie.png", 415, "no picture"),
        ("/empty.png", 422, "empty"),
        ("/large.png", 413, "10 MB"),
        ("/gone.png", 400, "404"),
    ],
)
def test_what_is_no_picture_is_refused(hers, site, opened, settings, path, status, words):
    response = fetch(hers, site + path)
    assert response.status_code == status
    assert words in response.json()["error"]["message"]
    assert nothing_is_left(settings)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.png",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "ftp://example.org/a.png",
        "http://name:word@example.org/a.png",
        "http://example.org:8080/a.png",
        "file:///etc/passwd",
        "nonsense",
        "",
        "http://" + "x" * 3000,
    ],
)
def test_private_places_and_nonsense_are_refused(hers, settings, url):
    response = fetch(hers, url)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (400, "invalid", "url")
    assert nothing_is_left(settings)


@pytest.mark.django_db
def test_the_site_itself_is_private_unless_it_was_opened(hers, site):
    assert fetch(hers, f"{site}/a.png").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"[]", b'{"url": 5}', b"{}"])
def test_a_body_without_an_address_is_refused(hers, body):
    response = hers.client.post("/attachments/from-url/", body, content_type="application/json")
    assert response.json()["error"]["field"] == "url"
