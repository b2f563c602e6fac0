"""Parts of messages, and whether a model takes them."""

from __future__ import annotations

import pytest

from qwenchat.dashscope.payloads import (
    FieldError,
    chat,
    frames_part,
    image_part,
    text_part,
    user,
    video_part,
)

PICTURE = "data:image/jpeg;base64,/9j/4AAQ"
FRAMES = [f"https://example.org/{number}.jpg" for number in range(4)]


def test_options_stand_beside_the_payload():
    assert image_part(PICTURE, min_pixels=65_536, max_pixels=2_621_440) == {
        "type": "image_url",
        "image_url": {"url": PICTURE},
        "min_pixels": 65_536,
        "max_pixels": 2_621_440,
    }
    assert frames_part(FRAMES, fps=0.5, max_pixels=655_360, total_pixels=10**8) == {
        "type": "video",
        "video": FRAMES,
        "fps": 0.5,
        "max_pixels": 655_360,
        "total_pixels": 10**8,
    }
    assert video_part(FRAMES[0], fps=2, min_pixels=4096) == {
        "type": "video_url",
        "video_url": {"url": FRAMES[0]},
        "fps": 2,
        "min_pixels": 4096,
    }


@pytest.mark.parametrize(
    ("field", "build"),
    [
        ("url", lambda: image_part("file:///etc/passwd")),
        ("url", lambda: image_part("")),
        ("url", lambda: frames_part([*FRAMES, "x.jpg"])),
        ("fps", lambda: frames_part(FRAMES, fps=0.05)),
        ("fps", lambda: video_part(FRAMES[0], fps=11)),
        ("max_pixels", lambda: image_part(PICTURE, max_pixels=0)),
        ("max_pixels", lambda: image_part(PICTURE, max_pixels=1.5)),
        ("min_pixels", lambda: image_part(PICTURE, min_pixels=10**6, max_pixels=10**5)),
    ],
)
def test_parts_that_cannot_be_right_are_refused(field, build):
    with pytest.raises(FieldError) as caught:
        build()
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("model", "parts", "field"),
    [
        ("qwen-plus", [image_part(PICTURE)], "image"),
        ("qwen3.7-max", [frames_part(FRAMES)], "video"),
        ("qwen-vl-ocr", [video_part(FRAMES[0])], "video"),
        ("qwen-long", [image_part(PICTURE)], "image"),
        ("qwen3-vl-plus", [frames_part(FRAMES[:3])], "frames"),
        ("qwen3-vl-plus", [frames_part(FRAMES * 501)], "frames"),
        ("qvq-max", [frames_part(FRAMES * 129)], "frames"),
        ("qwen3-vl-plus", [image_part(FRAMES[0])] * 257, "image"),
        ("qwen3-vl-plus", [image_part(PICTURE)] * 251, "image"),
        ("qwen3-vl-plus", [video_part(FRAMES[0])] * 65, "video"),
        ("qwen3-vl-plus", [image_part(PICTURE, max_pixels=16_777_217)], "max_pixels"),
        ("qwen3-vl-plus", [image_part(PICTURE, min_pixels=100)], "min_pixels"),
        ("qwen3-vl-plus", [video_part(FRAMES[0], max_pixels=2_048_001)], "max_pixels"),
        ("qvq-max", [frames_part(FRAMES, max_pixels=602_113)], "max_pixels"),
    ],
)
def test_what_a_model_does_not_take_is_refused_before_it_is_sent(model, parts, field):
    with pytest.raises(FieldError) as caught:
        chat(model, [user([*parts, text_part("?")])], stream=True)
    assert caught.value.field == field


def test_the_limits_of_frames_are_told():
    with pytest.raises(FieldError, match="3 is not in") as caught:
        chat("qwen3-vl-plus", [user([frames_part(FRAMES[:3])])])
    assert (caught.value.minimum, caught.value.maximum) == (4, 2000)


@pytest.mark.parametrize("model", ["qwen3.8-max", "qwen3.7-plus"])
def test_some_models_take_more_pictures(model):
    assert chat(model, [user([image_part(FRAMES[0])] * 2048)])
    with pytest.raises(FieldError, match="2049"):
        chat(model, [user([image_part(FRAMES[0])] * 2049)])
    with pytest.raises(FieldError, match="251"):
        chat(model, [user([image_part(PICTURE)] * 251)])


def test_pictures_of_the_whole_conversation_count():
    turns = [user([image_part(PICTURE)] * 200), user([image_part(PICTURE)] * 51)]
    with pytest.raises(FieldError, match="251"):
        chat("qwen3-vl-plus", turns)


def test_a_picture_may_be_asked_for_smaller_than_it_would_be_by_default():
    small = [user([image_part(PICTURE, min_pixels=4096), frames_part(FRAMES, min_pixels=4096)])]
    assert chat("qwen3.7-plus", small)


def test_an_unknown_model_may_be_shown_anything():
    assert chat("qwen9-vision", [user([frames_part(FRAMES[:1]), image_part(PICTURE)])])


def test_high_resolution_is_for_models_that_see():
    seen = [user([image_part(PICTURE)])]
    assert chat("qwen3-vl-plus", seen, high_resolution=True)["vl_high_resolution_images"] is True
    with pytest.raises(FieldError, match="high_resolution"):
        chat("qwen-plus", [user("hi")], high_resolution=True)


def test_other_servers_get_pictures_without_the_services_options():
    said = [
        user(
            [
                image_part(PICTURE, max_pixels=100_000),
                frames_part(FRAMES, fps=2),
                {"type": "image_url", "image_url": PICTURE, "min_pixels": 9},
                text_part("?"),
            ]
        )
    ]
    assert chat("llava", said, dialect="openai", high_resolution=True) == {
        "model": "llava",
        "messages": [
            {
                "role": "user",
                "content": [
                    image_part(PICTURE),
                    *(image_part(url) for url in FRAMES),
                    image_part(PICTURE),
                    text_part("?"),
                ],
            }
        ],
    }
