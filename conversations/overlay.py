"""The picture that OCR's boxes lie over: its size, its turn and cut, and where a box lies. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from attachments.models import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attachments.models import Attachment

    from .models import Recognition


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture under the boxes, in its own size, and how it is turned and cut to what was looked at."""

    url: str
    width: int
    height: int
    transform: str


def numbers(value: Any, count: int) -> list[float]:
    """Exactly so many finite numbers, or none at all."""
    if not isinstance(value, list) or len(value) != count:
        return []
    good = all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in value
    )
    return [float(one) for one in value] if good else []


def corners_of(box: Sequence[float]) -> list[float]:
    """The corners of a rectangle that is turned about its middle, clockwise from the upper left."""
    x, y, width, height, angle = box
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners: list[float] = []
    for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        dx, dy = across * width / 2, down * height / 2
        corners += [round(x + dx * cos - dy * sin, 1), round(y + dx * sin + dy * cos, 1)]
    return corners


def seen_size(
    page: Recognition, attachment: Attachment | None, delivery: Mapping[str, Any]
) -> tuple[int, int]:
    """The size of the picture that was looked at; (0, 0) if nobody knows."""
    if page.width and page.height:
        return page.width, page.height
    if attachment is None or not attachment.width or not attachment.height or delivery.get("box"):
        return 0, 0
    own = (attachment.width, attachment.height)
    return (own[1], own[0]) if delivery.get("turn") in (90, 270) else own


def picture_of(
    page: Recognition,
    attachment: Attachment,
    seen: tuple[int, int],
    delivery: Mapping[str, Any],
) -> Picture | None:
    if not attachment.is_ready or not all(seen):
        return None
    if attachment.kind == Kind.DOCUMENT:
        if attachment.file.format != "pdf":
            return None
        url = reverse("attachment_page", args=[attachment.id, page.page])
        return Picture(url, *seen, "")
    if attachment.kind != Kind.IMAGE or not attachment.width or not attachment.height:
        return None
    own = (attachment.width, attachment.height)
    return Picture(attachment.get_absolute_url(), *own, transform_of(own, seen, delivery))


def transform_of(own: tuple[int, int], seen: tuple[int, int], delivery: Mapping[str, Any]) -> str:
    """From the picture as it is kept to the one that was looked at: turned, then cut, then made smaller."""
    width, height = own
    turn = delivery.get("turn") or 0
    turns = {
        90: f"translate({height} 0) rotate(90)",
        180: f"translate({width} {height}) rotate(180)",
        270: f"translate(0 {width}) rotate(270)",
    }
    if turn in (90, 270):
        width, height = height, width
    box = numbers(delivery.get("box"), 4) or [0.0, 0.0, 1.0, 1.0]
    left, top, right, bottom = box
    across, down = max(right - left, 1e-6) * width, max(bottom - top, 1e-6) * height
    parts = [
        f"scale({seen[0] / across:.6g} {seen[1] / down:.6g})",
        f"translate({0 - left * width:.6g} {0 - top * height:.6g})" if left or top else "",
        turns.get(turn, ""),
    ]
    return " ".join(filter(None, parts))
