"""The formulas of dashscope-api §4.2, §4.3 and §8.1, with numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenchat.dashscope import find
from qwenchat.dashscope.tokens import (
    frame_size,
    image_size,
    image_tokens,
    text_tokens,
    video_tokens,
)


@pytest.mark.parametrize(
    ("model", "size", "scaled", "tokens"),
    [
        # 1920 = 60 · 32, 1080 ≈ 34 · 32; below 2,621,440.
        ("qwen3-vl-plus", (1920, 1080), (1920, 1088), 60 * 34 + 2),
        # 4000 · 3000 shrinks by √(12,000,000 / 2,621,440) = 2.1395: 1869.6 and 1402.2.
        ("qwen3.7-plus", (4000, 3000), (1856, 1376), 58 * 43 + 2),
        # 100 · 100 grows by √(65,536 / 10,000) = 2.56 to 256 · 256.
        ("qwen3.8-flash", (100, 100), (256, 256), 8 * 8 + 2),
        # Patches of 28 pixels, at most 1,003,520: 1280 · 784 is exactly that, but rounds to
        # 1288 · 784, which is above; so both sides are rounded down.
        ("qvq-max", (1280, 784), (1260, 784), 45 * 28 + 2),
        ("qvq-max", (2000, 2000), (980, 980), 35 * 35 + 2),
        # The stable OCR model has 28, the newest 32 pixels a patch.
        ("qwen-vl-ocr", (1000, 1000), (1008, 1008), 36 * 36 + 2),
        ("qwen-vl-ocr-latest", (1000, 1000), (992, 992), 31 * 31 + 2),
        ("qwen-vl-ocr-2025-11-20", (40, 40), (64, 64), 2 * 2 + 2),
        # Unknown and blind models count as the newest.
        ("unheard-of", (1920, 1080), (1920, 1088), 60 * 34 + 2),
        ("qwen-max", (1920, 1080), (1920, 1088), 60 * 34 + 2),
    ],
)
def test_a_picture_costs_what_the_formula_says(model, size, scaled, tokens):
    assert image_size(model, *size) == scaled
    assert image_tokens(model, *size) == tokens


def test_a_photo_in_default_size_costs_at_most_what_the_manual_says():
    assert image_tokens("qwen3.7-plus", 1600, 1600) <= 2562
    assert image_tokens("qwen3.7-plus", 2048, 1280) == 2562


def test_limits_that_are_sent_are_counted():
    assert image_size("qwen3-vl-plus", 4000, 3000, max_pixels=100_000) == (352, 256)
    assert image_size("qwen3-vl-plus", 64, 64, min_pixels=262_144) == (512, 512)


def test_high_resolution_costs_up_to_16384_tokens_and_ignores_the_limit():
    whole = image_tokens("qwen3-vl-plus", 8192, 8192, high_resolution=True, max_pixels=100_000)
    assert whole == 16_384 + 2
    assert image_tokens("qvq-max", 8192, 8192, high_resolution=True) == 128 * 128 + 2


def test_a_catalogue_row_will_do_for_its_name():
    row = find("qwen3-vl-plus")
    assert image_tokens(row, 640, 480) == image_tokens("qwen3-vl-plus", 640, 480) == 20 * 15 + 2


@given(
    st.sampled_from(["qwen3.7-plus", "qwen3-vl-plus", "qwen-vl-max", "qvq-max", "qwen-vl-ocr"]),
    st.integers(11, 8192),
    st.integers(11, 8192),
)
def test_a_scaled_picture_has_whole_patches_within_the_limits(model, width, height):
    if max(width, height) > 20 * min(width, height):
        return
    vision = find(model).vision
    wide, high = image_size(model, width, height)
    assert wide % vision.patch_px == high % vision.patch_px == 0
    assert vision.min_pixels <= wide * high <= vision.default_max_pixels


def test_a_picture_without_a_size_costs_the_least():
    assert image_size("qwen3.7-plus", 0, 0) == (256, 256)


@pytest.mark.parametrize(
    ("model", "frames", "size", "scaled", "tokens"),
    [
        # 640 · 480 fits: four layers of 20 · 15 patches.
        ("qwen3-vl-plus", 8, (640, 480), (640, 480), 4 * 20 * 15 + 2),
        # An odd frame is a layer of its own.
        ("qwen3-vl-plus", 5, (640, 480), (640, 480), 3 * 20 * 15 + 2),
        # 1920 · 1080 shrinks to 655,360: by 1.7788 to 1079.4 and 607.1.
        ("qwen3.7-plus", 4, (1920, 1080), (1056, 576), 2 * 33 * 18 + 2),
        # 28: to 501,760, by 2.0329 to 944.5 and 531.3.
        ("qvq-max", 4, (1920, 1080), (924, 504), 2 * 33 * 18 + 2),
        # 2000 frames share 134,217,728: 134,217 pixels each, 1.5129 less on each side of 640 · 480.
        ("qwen3-vl-plus", 2000, (640, 480), (416, 288), 1000 * 13 * 9 + 2),
    ],
)
def test_a_video_costs_what_the_formula_says(model, frames, size, scaled, tokens):
    assert frame_size(model, frames, *size) == scaled
    assert video_tokens(model, frames, *size) == tokens


def test_limits_of_frames_that_are_sent_are_counted():
    small = frame_size("qwen3.7-plus", 4, 1920, 1080, min_pixels=4096, max_pixels=65_536)
    assert small == (320, 192)
    shared = frame_size("qwen3.7-plus", 100, 1920, 1080, total_pixels=10_000_000)
    assert shared == (576, 320)


def test_texts_are_estimated():
    assert text_tokens("") == 0
    assert text_tokens("abcd" * 1000) == 1000
    assert text_tokens("中" * 700_000) == pytest.approx(1_000_000, rel=0.001)
    assert text_tokens("中文 and English") == 6  # 2 / 0.7 + 12 / 4, rounded up
