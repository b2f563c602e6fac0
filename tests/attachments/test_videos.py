"""Films: measured, looked at, and copied without what they tell of places."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import av
import pytest
from PIL import Image

from attachments import deliver, plans
from attachments.sampling import Sampling, rate_fps, times_ms
from attachments.wishes import Wish

from . import making
from .conftest import attachment

PLACE = {"location": "+30.2500+120.1500/", "title": "a private title"}


@pytest.mark.parametrize(
    ("name", "container", "codec", "served"),
    [
        ("a.mp4", "mp4", "libx264", "video/mp4"),
        ("a.mov", "mov", "libx264", "video/mp4"),
        ("b.mov", "mov", "libx265", "video/mp4"),
        ("a.webm", "webm", "libvpx-vp9", "video/webm"),
        ("a.mkv", "matroska", "libx264", "video/mp4"),
        ("b.mkv", "matroska", "libvpx-vp9", "video/webm"),
        ("a.avi", "avi", "mpeg4", "video/x-msvideo"),
        ("a.flv", "flv", "flv1", "video/x-flv"),
    ],
)
def test_every_container_is_measured_and_served_without_its_metadata(
    hers, name, container, codec, served
):
    data = making.film(container, codec, seconds=2, metadata=PLACE)
    assert b"a private title" in data
    found = hers.brings(name, data)
    assert (found["kind"], found["width"], found["height"]) == ("video", 320, 240)
    assert found["duration"] == pytest.approx(2.0, abs=0.11)
    assert found["details"]["fps"] == pytest.approx(10, abs=0.5)
    assert found["frames"] == 8
    response = hers.get(found["url"])
    assert response["Content-Type"] == found["content_type"] == served
    inline = served in ("video/mp4", "video/webm")
    assert response["Content-Disposition"].startswith("inline" if inline else "attachment")
    copy = response.body
    assert b"a private title" not in copy
    assert b"+30.25" not in copy
    with av.open(io.BytesIO(copy)) as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert frames == 20


def test_sound_is_kept(hers):
    for name, container, codec in (("a.mp4", "mp4", "libx264"), ("a.webm", "webm", "libvpx-vp9")):
        found = hers.brings(name, making.film(container, codec, sound=True))
        with av.open(io.BytesIO(hers.body(found["url"]))) as film:
            assert len(film.streams.audio) == 1


def test_a_turned_film_is_upright_in_its_frames_and_still_turned_when_played(hers):
    found = hers.brings("a.mp4", making.turned(making.film()))
    assert (found["width"], found["height"]) == (240, 320)
    assert found["details"]["rotation"] == 90
    frame = Image.open(io.BytesIO(hers.body(f"{found['url']}frames/0/")))
    assert frame.size == (240, 320)
    with av.open(io.BytesIO(hers.body(found["url"]))) as film:
        assert abs(next(film.decode(video=0)).rotation) == 90


def test_the_strip_shows_what_the_model_will_see(hers):
    found = hers.brings("a.mp4", making.film(seconds=4))
    strip = hers.get(f"{found['url']}frames/").json()
    assert [item["n"] for item in strip["frames"]] == list(range(8))
    assert [item["time"] for item in strip["frames"]] == [
        0.25,
        0.75,
        1.25,
        1.75,
        2.25,
        2.75,
        3.25,
        3.75,
    ]
    shown = [hers.body(item["url"]) for item in strip["frames"]]
    times = plans.times_of(attachment(found), Wish())
    urls = deliver.frame_data_urls(attachment(found), times)
    assert [base64.b64decode(url.partition(",")[2]) for url in urls] == shown
    assert strip["fps"] == 2.0
    # Each second has its own grey.
    greys = [Image.open(io.BytesIO(data)).convert("L").getpixel((9, 9)) for data in shown]
    assert greys == [pytest.approx(30 + 40 * second, abs=6) for second in (0, 0, 1, 1, 2, 2, 3, 3)]


def test_the_sampling_can_be_changed_and_the_film_trimmed(hers):
    found = hers.brings("a.mp4", making.film(seconds=4))
    strip = hers.get(f"{found['url']}frames/?fps=2&start=1&end=3").json()
    assert [item["time"] for item in strip["frames"]] == [1.0, 1.5, 2.0, 2.5]
    last = Image.open(io.BytesIO(hers.body(strip["frames"][-1]["url"]))).convert("L")
    assert last.getpixel((9, 9)) == pytest.approx(110, abs=6)
    for query in ("fps=x", "start=3&end=1", "count=nan", "count=1e99", "start=-1"):
        response = hers.get(f"{found['url']}frames/?{query}")
        assert response.status_code == 400, query
        assert response.json()["error"]["code"] == "invalid"


def test_frames_are_made_once(hers):
    found = attachment(hers.brings("a.mp4", making.film(seconds=4)))
    before = found.file.derived.count()
    first = deliver.frames(found, [100, 1100])
    again = deliver.frames(found, [100, 1100])
    assert [item.path for item in first] == [item.path for item in again]
    assert found.file.derived.count() == before + 2


def test_frames_on_demand_count_against_the_room(hers, settings):
    found = hers.brings("a.mp4", making.film(seconds=4))
    settings.LIMITS = replace(settings.LIMITS, storage_bytes_per_user=1)
    response = hers.get(f"{found['url']}frames/0/?start=0.1")
    assert response.json()["error"]["code"] == "quota_exceeded"
    settings.LIMITS = replace(settings.LIMITS, storage_bytes_per_user=2**40, free_bytes=2**60)
    assert hers.get(f"{found['url']}frames/0/?start=0.1").status_code == 507


def test_a_film_goes_whole_while_it_is_small(hers):
    found = attachment(hers.brings("a.mp4", making.film()))
    assert deliver.video_data_url(found).startswith("data:video/mp4;base64,")


def test_even_frames_lie_in_the_middle_of_equal_parts():
    assert times_ms(Sampling(count=4), 8.0, default_count=8, most=512) == [1000, 3000, 5000, 7000]
    assert times_ms(Sampling(), 8.0, default_count=2, most=512) == [2000, 6000]
    assert times_ms(Sampling(count=4, start_s=2, end_s=6), 8.0, default_count=8, most=9) == [
        2500,
        3500,
        4500,
        5500,
    ]


def test_frames_by_rate_are_spread_when_they_would_be_too_many():
    assert times_ms(Sampling(fps=1), 3.0, default_count=8, most=512) == [0, 1000, 2000]
    assert len(times_ms(Sampling(fps=10), 600.0, default_count=8, most=80)) == 80
    assert times_ms(Sampling(count=5), 0.0, default_count=8, most=80) == [0]


def test_a_rate_stays_within_what_the_service_takes():
    assert rate_fps([0, 500, 1000]) == 2.0
    assert rate_fps([0, 60_000]) == 0.1
    assert rate_fps([0, 1, 2]) == 10.0
    assert rate_fps([5]) == 2.0
