"""The files of `bench.uploads`, as large as real ones: noise does not shrink."""

from __future__ import annotations

import os
import random
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image


def place(suffix: str) -> Path:
    descriptor, path = tempfile.mkstemp(suffix=suffix)
    os.close(descriptor)
    return Path(path)


def photo() -> Path:
    """About 10 MB, 24 megapixels."""
    path = place(".jpg")
    noise = Image.frombytes("RGB", (1500, 1000), random.Random(1).randbytes(1500 * 1000 * 3))
    noise.resize((6000, 4000), Image.Resampling.BICUBIC).save(path, "JPEG", quality=85)
    return path


def report(pages: int = 500) -> Path:
    """A PDF with a page of words on each of its pages."""
    from tests.attachments.making import pdf

    path = place(".pdf")
    words = " ".join(["lorem ipsum dolor sit amet"] * 60)
    path.write_bytes(pdf([f"Page {number} {words}" for number in range(pages)]))
    return path


def film() -> Path:
    """About 100 MB: one minute of full HD at 30 fps."""
    return encoded(seconds=60, fps=30, size=(1920, 1080), rate=13_500_000)


def clip(number: int) -> Path:
    """About 10 MB: twenty seconds of HD."""
    return encoded(seconds=20, fps=30, size=(1280, 720), rate=4_000_000, seed=number)


def encoded(*, seconds: int, fps: int, size: tuple[int, int], rate: int, seed: int = 0) -> Path:
    path = place(".mp4")
    dice = random.Random(seed)
    small = (size[0] // 4, size[1] // 4)
    noises = [
        Image.frombytes("RGB", small, dice.randbytes(small[0] * small[1] * 3)).resize(size)
        for _ in range(8)
    ]
    frames = [av.VideoFrame.from_image(noise) for noise in noises]
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = rate
        stream.options = {"preset": "ultrafast"}
        for index in range(seconds * fps):
            frame = frames[index % len(frames)].reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path
