"""Bytes to ready by kind, with the memory it takes, and what ten films do to other people's streams.

    python -m bench.uploads

Brings a 10 MB photo, a 100 MB film and a 500-page PDF through the application as a browser would, in a
process of its own with a fresh database. Then it measures the token lag of twenty streams through a real
server, alone and while it prepares ten films.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.parts import Part, load, parts

MEGABYTE = 1024 * 1024
STREAMS = {"people": 20, "tokens": 600, "format": "html"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--settings", default="tests.settings")
    parser.add_argument("--films", type=int, default=10)
    arguments = parser.parse_args()
    lag(arguments.films)  # before anything here is set for the tests' settings
    os.environ["DJANGO_SETTINGS_MODULE"] = arguments.settings
    with tempfile.TemporaryDirectory(prefix="qwenchat-bench-") as folder:
        os.environ["QWENCHAT_DATA"] = folder
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ATTACHMENTS_BACKGROUND = True
        call_command("migrate", verbosity=0)
        sizes()


# ---- from bytes to ready ----------------------------------------------------------------------------


def sizes() -> None:
    from bench.uploads_files import film, photo, report

    client = browser("bench")
    memory = watched_workers()
    print(
        f"{'file':22}{'MB':>8}{'answered s':>12}{'ready s':>10}{'server +MB':>12}{'worker MB':>11}"
    )
    for name, make in (("photo.jpg", photo), ("report.pdf", report), ("film.mp4", film)):
        path = elsewhere(make)
        own = peak()
        memory.clear()
        answered, ready = brought(client, name, path)
        size = path.stat().st_size / MEGABYTE
        print(
            f"{name:22}{size:8.1f}{answered:12.2f}{ready:10.2f}{peak() - own:12}"
            f"{max(memory) // MEGABYTE:11}"
        )
        path.unlink()


def elsewhere(make, *arguments) -> Path:
    """Makes a file in another process, so that its memory is not counted here."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(make, arguments)


def peak() -> int:
    """The most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def watched_workers() -> list[int]:
    """Fills up with the peak memory of each worker."""
    from attachments.workers import Workers

    memory: list[int] = []
    finding = Workers.finding

    def watched(self, job, out):
        found = finding(self, job, out)
        memory.append(found.memory_bytes)
        return found

    Workers.finding = watched
    return memory


def browser(name: str):
    from django.contrib.auth.models import User
    from django.test import Client

    user = User.objects.create_user(name)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def brought(client, name: str, path: Path) -> tuple[float, float]:
    """Seconds until the upload was answered, and until the file was ready."""
    from attachments.models import StoredFile

    body, content_type = multipart(name, path)
    started = time.perf_counter()
    with body:
        response = client.generic("POST", "/attachments/", **streamed(body, content_type))
    answered = time.perf_counter() - started
    assert response.status_code == 201, response.content
    pause = threading.Event()
    while StoredFile.objects.filter(status="processing").exists():
        pause.wait(0.02)
    ready = time.perf_counter() - started
    url = response.json()["url"]
    found = client.get(url, headers={"accept": "application/json"}).json()
    assert found["status"] == "ready", found
    return answered, ready


def streamed(body, content_type: str) -> dict[str, object]:
    return {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(Path(body.name).stat().st_size),
        "CONTENT_TYPE": content_type,
    }


def multipart(name: str, path: Path):
    """A body on the disk, as a server spools it, so that no copy of it lies in memory here."""
    body = tempfile.NamedTemporaryFile(dir=path.parent)  # noqa: SIM115
    body.write(
        f'--XX\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    with path.open("rb") as file:
        while piece := file.read(MEGABYTE):
            body.write(piece)
    body.write(b"\r\n--XX--\r\n")
    body.flush()
    body.seek(0)
    return body, "multipart/form-data; boundary=XX"


# ---- other people's streams -------------------------------------------------------------------------


def lag(films: int) -> None:
    """The token lag of real streams through a real server, alone and while it prepares films."""
    from bench.uploads_files import clip

    paths = [elsewhere(clip, number) for number in range(films)]
    with parts(baseline=False) as running:
        app = running["app"]
        load(app, **STREAMS)  # warm
        alone = load(app, **STREAMS)
        at_work = Films(app, paths)
        at_work.start()
        busy = load(app, **STREAMS)
        at_work.join()
    print(
        f"\n{films} films of {sum(path.stat().st_size for path in paths) / MEGABYTE:.0f} MB prepared in"
        f" {at_work.seconds:.1f} s; token lag of {STREAMS['people']} streams (ms)"
    )
    for name, found in (("alone", alone), ("with films", busy)):
        lags = found["steady_lag_ms"]
        print(
            f"  {name:12} median {lags['median']:6.1f}   p95 {lags['p95']:6.1f}   p99 {lags['p99']:6.1f}"
        )
    for path in paths:
        path.unlink()


class Films(threading.Thread):
    """Uploads films of several people, two at a time, and waits until all are prepared."""

    def __init__(self, app: Part, paths: list[Path]) -> None:
        super().__init__()
        self.app, self.paths, self.seconds = app, paths, 0.0

    def run(self) -> None:
        began = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.bring, range(len(self.paths))))
        self.seconds = time.perf_counter() - began

    def bring(self, number: int) -> None:
        cookies = {"sessionid": self.app.cookies[-1 - number]}
        base = f"http://127.0.0.1:{self.app.port}"
        with httpx.Client(base_url=base, cookies=cookies, timeout=120) as client:
            client.get("/")
            headers = {"X-CSRFToken": client.cookies["csrftoken"]}
            with self.paths[number].open("rb") as file:
                response = client.post("/attachments/", files={"file": file}, headers=headers)
            assert response.status_code == 201, response.text
            found = response.json()
            pause = threading.Event()
            while found["status"] == "processing":
                pause.wait(0.05)
                found = client.get(found["url"], headers={"Accept": "application/json"}).json()
            assert found["status"] == "ready", found


if __name__ == "__main__":
    main()
