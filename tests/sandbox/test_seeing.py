"""Pictures and videos: the answer tells what was really in them, and usage what they cost."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from . import media

ALGO = "<400> InternalError.Algo.InvalidParameter: "
GEOMETRY = ALGO + "The image length and width do not meet the model restrictions."
VIDEO = ALGO + "The video modality input does not meet the requirements because:"
BAD_URL = ALGO + "The provided URL does not appear to be valid. Ensure it is correctly formatted."
TEXT = {"type": "text", "text": "What do you see?"}


@pytest.fixture
def show(client):
    def ask(*parts, model="qwen3-vl-plus", text="What do you see?", **extra):
        return client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": [*parts, {"type": "text", "text": text}]}],
            extra_body=extra,
        )

    return ask


def told(answer):
    return answer.choices[0].message.content


@pytest.mark.parametrize(
    ("model", "size", "options", "scaled", "tokens"),
    [
        ("qwen3-vl-plus", (1920, 1080), {}, "1920 × 1088", 2042),
        ("qwen3-vl-plus", (64, 64), {}, "256 × 256", 66),
        ("qwen3-vl-plus", (1000, 1000), {"max_pixels": 262144}, "512 × 512", 258),
        ("qwen3-vl-plus", (640, 480), {"min_pixels": 1_000_000}, "1184 × 896", 1038),
        ("qvq-max", (640, 480), {}, "644 × 476", 393),
    ],
)
def test_a_picture_costs_what_the_service_s_formula_says(
    http, model, size, options, scaled, tokens
):
    part = media.image_part(media.image("blue", size), **options)
    answer = http.post(
        "/chat/completions",
        json={
            "model": model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": [part, TEXT]}],
        },
    )
    assert f'"image_tokens":{tokens}' in answer.text


def test_size_colours_and_options_are_told(show):
    answer = show(media.image_part(media.image("red", (640, 480)), min_pixels=65536))
    text = told(answer)
    assert "a PNG of 640 × 480 pixels" in text
    assert "as 640 × 480 pixels, for 302 tokens" in text
    assert "mostly red" in text
    assert "`min_pixels` 65536" in text
    details = answer.usage.prompt_tokens_details
    assert details.image_tokens == 302
    assert answer.usage.prompt_tokens == details.text_tokens + details.image_tokens


def test_high_resolution_looks_closer(show):
    part = media.image_part(media.image("red", (4000, 2000), "JPEG"))
    assert show(part).usage.prompt_tokens_details.image_tokens < 2600
    closer = show(part, vl_high_resolution_images=True)
    assert closer.usage.prompt_tokens_details.image_tokens > 7000


def test_several_pictures_are_told_in_their_order_in_the_language_asked(show):
    parts = [media.image_part(media.image(color)) for color in ("yellow", "purple")]
    text = told(show(*parts, text="这是什么？"))
    assert text.index("黄色") < text.index("紫色")
    assert "**图片 2** 是 PNG 格式，320 × 240 像素" in text


def half_and_half():
    picture = Image.new("RGB", (200, 100), "green")
    ImageDraw.Draw(picture).rectangle((0, 0, 99, 99), fill="white")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_two_colours_are_both_named(show):
    assert "mostly green and white" in told(show(media.image_part(half_and_half()))) or (
        "mostly white and green" in told(show(media.image_part(half_and_half())))
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_every_format_of_the_service_is_read(show, kind):
    data = media.image("blue", (80, 60), kind)
    text = told(show(media.image_part(data)))
    assert f"a {kind} of 80 × 60 pixels" in text
    assert "mostly blue" in text


def test_heic_is_read(show):
    from tests.attachments import making

    text = told(show(media.image_part(making.heic((320, 240)))))
    assert "a HEIF of 320 × 240 pixels" in text


def test_a_turned_photo_is_told_upright(show):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = media.image("red", (300, 200), "JPEG", exif=exif)
    assert "of 200 × 300 pixels" in told(show(media.image_part(data)))


def test_frames_are_told_in_their_order(show):
    answer = show(media.frames_part("red", "red", "blue", "blue", "blue", fps=2))
    text = told(answer)
    assert "came as 5 frames of 64 × 48 pixels" in text
    assert "begins red and ends blue" in text
    assert "1. red; 2. red; 3. blue; 4. blue; 5. blue" in text
    assert "changes once" in text
    assert "`fps` 2" in text
    # 64 × 48 grows to 320 × 224 (65,536 pixels at least): 10 × 7 patches, three layers.
    assert answer.usage.prompt_tokens_details.video_tokens == 3 * 10 * 7 + 2


def test_a_later_question_is_still_about_the_picture(client):
    messages = [
        {"role": "user", "content": [media.image_part(media.image("orange")), TEXT]},
        {"role": "assistant", "content": "A picture."},
        {"role": "user", "content": "Which colour is it?"},
    ]
    answer = client.chat.completions.create(model="qwen3-vl-plus", messages=messages)
    assert "mostly orange" in told(answer)


def test_still_frames_are_told_as_such(show):
    assert "Nothing changes" in told(show(media.frames_part(*["green"] * 4)))


@pytest.mark.parametrize(
    ("codec", "container"), [("libx264", "mp4"), ("libvpx-vp9", "matroska"), ("libx265", "mov")]
)
def test_a_video_file_is_really_decoded(show, codec, container):
    clip = media.video(["red", "green", "blue"], codec=codec, container=container)
    part = {"type": "video_url", "video_url": {"url": media.url(clip, "video/mp4")}, "fps": 2}
    answer = show(part)
    text = told(answer)
    assert "of 3.0 s and 64 × 48 pixels, 10 frames a second" in text
    assert "look at 6 frames" in text
    assert "begins red and ends blue" in text
    assert "changes 2 times" in text
    assert answer.usage.prompt_tokens_details.video_tokens == 3 * 10 * 7 + 2


def _chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


# Says that it has 900 million pixels.
BOMB = b"".join(
    [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(bytes(1000))),
        _chunk(b"IEND", b""),
    ]
)


def video_part(data, **options):
    return {"type": "video_url", "video_url": {"url": media.url(data, "video/mp4")}, **options}


def part_with_url(url):
    return {"type": "image_url", "image_url": {"url": url}}


REFUSED = {
    "a link": (
        [part_with_url("https://127.0.0.1/dog.jpg")],
        ALGO + "Failed to download multimodal content",
    ),
    "no link at all": ([part_with_url("dog.jpg")], BAD_URL),
    "an empty link": ([part_with_url("")], BAD_URL),
    "broken base64": ([part_with_url("data:image/png;base64,A*")], BAD_URL),
    "a temporary file without its header": ([part_with_url("oss://bucket/a.jpg")], BAD_URL),
    "no picture": (
        [part_with_url(media.url(b"GIF is no picture here"))],
        "Failed to decode the image during the data inspection.",
    ),
    "a GIF": (
        [media.image_part(media.image(kind="GIF"))],
        "Failed to decode the image during the data inspection.",
    ),
    "a bomb": (
        [media.image_part(BOMB)],
        "Failed to decode the image during the data inspection.",
    ),
    "a cut picture": (
        [media.image_part(media.image("red", (300, 300), "JPEG")[:400])],
        "Failed to decode the image during the data inspection.",
    ),
    "too small": (
        [media.image_part(media.image(size=(10, 40)))],
        GEOMETRY + " [height:40 or width:10 must be larger than 10]",
    ),
    "too long": (
        [media.image_part(media.image(size=(4020, 20)))],
        GEOMETRY + " [absolute aspect ratio must be smaller than 200, got 201]",
    ),
    "a large one in a small format": (
        [media.image_part(media.image(size=(4000, 100), kind="WEBP"))],
        GEOMETRY + " [height:100 and width:4000 are too large]",
    ),
    "max_pixels above the model's": (
        [media.image_part(max_pixels=16_777_217)],
        ALGO + "Range of max_pixels should be [1, 16777216]",
    ),
    "min above max": (
        [media.image_part(min_pixels=90_000, max_pixels=80_000)],
        ALGO + "min_pixels should not be greater than max_pixels",
    ),
    "pixels of another type": (
        [media.image_part(max_pixels="many")],
        "'many' is not of type 'integer' - 'max_pixels'",
    ),
    "three frames": (
        [media.frames_part("red", "red", "red")],
        VIDEO + "the range of sequence images shoule be (4, 2000).",
    ),
    "fps": (
        [media.frames_part(*["red"] * 4, fps=11)],
        ALGO + "Range of fps should be [0.1, 10]",
    ),
    "a short video": (
        [video_part(media.video(["red"], seconds=1))],
        VIDEO + " the video file is too short.",
    ),
    "no video": ([video_part(b"no video")], VIDEO + " the video file can not be decoded."),
    "an unknown part": (
        [{"type": "file", "file": {}}],
        ALGO + "The provided messages input is invalid. The error info is [Unexpected item type "
        "in content.]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_service_refuses_is_refused(post, case):
    parts, message = REFUSED[case]
    refused = post(model="qwen3-vl-plus", messages=[{"role": "user", "content": [*parts, TEXT]}])
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == message


def test_more_frames_than_the_model_takes_are_refused(post):
    part = media.frames_part(*["red"] * 4)
    part["video"] *= 129
    body = [{"role": "user", "content": [part, TEXT]}]
    assert post(model="qwen3-vl-plus", messages=body).status_code == 200
    refused = post(model="qwen-vl-max", messages=body)
    assert refused.json()["error"]["message"].endswith("shoule be (4, 512).")


def test_data_urls_have_a_limit_by_model(post):
    picture = media.url(media.image("red", (500, 500), "BMP") + bytes(9 * 1024 * 1024))
    body = [{"role": "user", "content": [part_with_url(picture), TEXT]}]
    refused = post(model="qwen-vl-plus", messages=body)
    assert refused.json()["error"]["message"] == (
        ALGO + "Exceeded limit on max bytes per data-uri item : 10485760"
    )
    assert post(model="qwen3-vl-plus", messages=body).status_code == 200


def test_there_is_a_limit_to_the_number_of_pictures(post):
    parts = [media.image_part(media.image(size=(20, 20)))] * 251
    refused = post(model="qwen3-vl-plus", messages=[{"role": "user", "content": [*parts, TEXT]}])
    assert refused.json()["error"]["message"].endswith("number of images should be [1, 250]")


def test_one_dead_link_in_the_history_breaks_every_later_turn(post):
    messages = [
        {"role": "user", "content": [part_with_url("https://127.0.0.1/a.jpg"), TEXT]},
        {"role": "assistant", "content": "A dog."},
        {"role": "user", "content": [{"type": "text", "text": "Which kind?"}]},
    ]
    assert post(model="qwen3-vl-plus", messages=messages).status_code == 400


def test_a_temporary_file_with_its_header_still_can_t_be_read_here(http):
    body = {
        "model": "qwen3-vl-plus",
        "messages": [{"role": "user", "content": [part_with_url("oss://bucket/a.jpg"), TEXT]}],
    }
    refused = http.post(
        "/chat/completions", json=body, headers={"X-DashScope-OssResourceResolve": "enable"}
    )
    assert refused.json()["error"]["message"] == ALGO + "Failed to download multimodal content"


def test_pictures_count_towards_the_window(post):
    parts = [media.image_part(media.image(size=(20, 20)), min_pixels=16_777_216)] * 17
    refused = post(model="qwen3-vl-plus", messages=[{"role": "user", "content": [*parts, TEXT]}])
    assert (
        refused.json()["error"]["message"] == ALGO + "Range of input length should be [1, 260096]"
    )
