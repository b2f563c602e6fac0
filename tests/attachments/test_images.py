"""Pictures: every format comes out upright, clean and small enough to look at."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from attachments import deliver
from attachments.models import Kind

from . import making
from .conftest import attachment

KEEPS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def seen(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def is_red(pixel) -> bool:
    return pixel[0] > 180 and pixel[2] < 80


def is_blue(pixel) -> bool:
    return pixel[2] > 180 and pixel[0] < 80


@pytest.mark.parametrize(
    ("kind", "ending", "served"),
    [
        ("JPEG", "jpg", "image/jpeg"),
        ("PNG", "png", "image/png"),
        ("WEBP", "webp", "image/webp"),
        ("GIF", "gif", "image/png"),
        ("BMP", "bmp", "image/png"),
        ("TIFF", "tiff", "image/png"),
        ("AVIF", "avif", "image/jpeg"),
    ],
)
def test_every_format_becomes_a_picture_that_browsers_show(hers, kind, ending, served):
    data = making.encoded(making.picture(), kind)
    found = hers.brings(f"lake.{ending}", data)
    assert (found["kind"], found["width"], found["height"]) == ("image", 320, 240)
    assert found["size"] == len(data)
    assert found["content_type"] == served
    response = hers.get(found["url"])
    assert response["Content-Type"] == served
    image = seen(response.body)
    assert image.size == (320, 240)
    assert is_red(image.convert("RGB").getpixel((10, 10)))
    assert is_blue(image.convert("RGB").getpixel((10, 230)))


def test_a_heic_photo_becomes_a_jpeg(hers):
    found = hers.brings("IMG_0001.HEIC", making.heic())
    assert (found["width"], found["height"], found["content_type"]) == (320, 240, "image/jpeg")
    image = seen(hers.body(found["url"]))
    assert image.format == "JPEG"
    assert image.getpixel((10, 10))[0] == pytest.approx(30, abs=8)


def test_a_phones_photo_stands_upright_and_tells_no_place(hers):
    data = making.photo(orientation=6)
    assert b"Secret Camera Maker" in data
    found = hers.brings("photo.jpg", data)
    assert (found["width"], found["height"]) == (240, 320)
    served = hers.body(found["url"])
    image = seen(served)
    assert not image.getexif()
    assert "comment" not in image.info
    assert b"Secret Camera Maker" not in served
    # Orientation 6: the right side of what is stored is the top... of what is seen; red was above.
    assert is_red(image.getpixel((230, 160)))
    assert is_blue(image.getpixel((10, 160)))


def test_what_follows_the_picture_is_not_kept(hers):
    data = making.encoded(making.picture(), "PNG") + b"<script>alert(1)</script>" * 10
    found = hers.brings("a.png", data)
    assert b"script" not in hers.body(found["url"])


def test_animations_show_their_first_picture_and_say_how_many_there_are(hers):
    for kind, name in (("WEBP", "a.webp"), ("GIF", "a.gif")):
        found = hers.brings(name, making.animation(kind, frames=5))
        assert found["frames"] == 5
        assert found["details"]["animated"] is True
        image = seen(hers.body(found["url"]))
        assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "LA", "I;16"])
def test_odd_colours_become_plain_ones(hers, mode):
    if mode == "I;16":
        image = Image.new("I;16", (64, 64), 40_000)
    elif mode == "P":
        image = making.picture(64, 64).convert("P")
    elif mode == "CMYK":
        image = making.picture(64, 64).convert("CMYK")
    else:
        image = making.picture(64, 64, "L", 128).convert(mode)
    kind, name = ("JPEG", "a.jpg") if mode == "CMYK" else ("PNG", "a.png")
    found = hers.brings(name, making.encoded(image, kind))
    assert seen(hers.body(found["url"])).mode in ("RGB", "RGBA", "L")


def test_thumbnails_are_small_webp(hers):
    found = hers.brings("big.png", making.encoded(making.picture(2000, 1000), "PNG"))
    response = hers.get(found["thumbnail_url"])
    assert response["Content-Type"] == "image/webp"
    assert seen(response.body).size == (480, 240)


def test_a_picture_goes_to_the_model_within_its_pixels_and_on_white(hers):
    image = making.picture(2000, 1000, "RGBA", (0, 0, 0, 0))
    found = attachment(hers.brings("clear.png", making.encoded(image, "PNG")))
    url = deliver.image_data_url(found, 100_000)
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    sent = seen(base64.b64decode(data))
    assert sent.width * sent.height <= 100_000
    assert sent.width / sent.height == pytest.approx(2, abs=0.02)
    assert sent.getpixel((5, 5)) == (255, 255, 255)
    assert deliver.image_data_url(found, 100_000) == url
    assert found.file.derived.filter(kind="sized").count() == 1


def test_a_picture_may_be_turned_and_cut_before_it_is_sent(hers):
    found = attachment(hers.brings("a.png", making.encoded(making.picture(), "PNG")))
    assert found.kind == Kind.IMAGE
    turned = seen(base64.b64decode(deliver.image_data_url(found, 10**6, turn=90).partition(",")[2]))
    assert turned.size == (240, 320)
    assert is_red(turned.getpixel((230, 160)))
    cut = deliver.image_data_url(found, 10**6, box=[0, 0.5, 0.5, 1])
    part = seen(base64.b64decode(cut.partition(",")[2]))
    assert part.size == (160, 120)
    assert is_blue(part.getpixel((80, 60)))
    assert not found.file.derived.filter(kind="sized").exists()
